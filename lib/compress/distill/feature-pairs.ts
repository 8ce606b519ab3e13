// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { inferShapes } from '../../onnx/infer/infer-shapes';
import type { FeatureLoss } from '../train/losses';
import type { TrainingTensor } from '../train/trainer';
import type { TrainedTensor } from '../train/training-plan';
import { createNormal } from './initialize-weights';

/** An inner tensor of the student that shall become as one of the teacher. */
export interface FeaturePair {
  /** Tensor of the teacher. */
  readonly teacher: string;
  /** Tensor of the student, of as many dimensions; channels may differ. */
  readonly student: string;
  /** Weight of the squared distance. Default 1. */
  readonly weight?: number;
}

/** How pairs become parts of the loss. */
export interface PlannedFeatures {
  readonly losses: readonly FeatureLoss[];
  /** Maps from the student's channels to the teacher's: they are trained, and not written. */
  readonly maps: ReadonlyMap<string, TrainedTensor>;
  /** The teacher's tensors, by input of the loss. */
  readonly inputs: Readonly<Record<string, TrainingTensor>>;
}

/**
 * Fits pairs together: where the channels differ, a linear map of the student's is trained along (Romero and others:
 * FitNets, 2015). Channels are the second axis of four and five dimensions, the last one of fewer.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for tensors that do not exist, and for shapes that no such map brings together
 */
export function planFeatures(
  student: OnnxModel,
  pairs: readonly FeaturePair[],
  { found, seed }: { readonly found: ReadonlyMap<string, TrainingTensor>; readonly seed: number },
): PlannedFeatures {
  const types = inferShapes(student);
  const normal = createNormal(seed + 1);
  const losses: FeatureLoss[] = [];
  const maps = new Map<string, TrainedTensor>();
  const inputs: Record<string, TrainingTensor> = {};
  for (const [index, pair] of pairs.entries()) {
    const input = `training_feature${index}`;
    const target = found.get(pair.teacher)!;
    const dims = types.typeOf(pair.student)?.dims;
    if (dims === undefined)
      throw unfit(pair, "the shape of the student's tensor is not known, or it has none of that name");
    const { channelAxis, channels } = fit(pair, dims, target.dims);
    inputs[input] = target;
    const map = channels === undefined ? undefined : `training_map${index}`;
    if (map !== undefined) {
      const [wide, narrow] = channels!;
      const values = new Float32Array(wide * narrow).map(() => normal() / Math.sqrt(narrow));
      maps.set(map, { dims: [wide, narrow], values });
    }
    losses.push({
      student: pair.student,
      input,
      dims: [undefined, ...target.dims.slice(1)],
      channelAxis,
      weight: pair.weight ?? 1,
      ...(map === undefined ? {} : { map }),
    });
  }
  return { losses, maps, inputs };
}

/** Where the channels are, and how many both have where they differ: teacher's, student's. */
function fit(
  pair: FeaturePair,
  student: readonly (number | string | undefined)[],
  teacher: readonly number[],
): { readonly channelAxis: number; readonly channels?: readonly [number, number] } {
  const shapes = `the student's has [${student.map((dim) => dim ?? '?').join(', ')}], the teacher's [${teacher.join(', ')}]`;
  if (student.length !== teacher.length || teacher.length < 2) throw unfit(pair, shapes);
  const channelAxis = teacher.length > 3 ? 1 : teacher.length - 1;
  for (let axis = 1; axis < teacher.length; axis++) {
    const isOther = typeof student[axis] === 'number' && student[axis] !== teacher[axis];
    if (axis !== channelAxis && isOther) throw unfit(pair, shapes);
  }
  const [own, wanted] = [student[channelAxis], teacher[channelAxis]!];
  if (typeof own !== 'number') throw unfit(pair, shapes);
  return own === wanted ? { channelAxis } : { channelAxis, channels: [wanted, own] };
}

function unfit({ teacher, student }: FeaturePair, reason: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Tensor "${student}" of the student cannot learn from "${teacher}" of the teacher: ${reason}.`,
    {
      hint: 'Choose tensors behind as many strides; only the number of channels may differ.',
      details: { teacher, student },
    },
  );
}
