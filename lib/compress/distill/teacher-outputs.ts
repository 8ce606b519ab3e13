// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { exposeTensors } from '../../onnx/extract/expose-tensors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { throwIfAborted } from '../observe/stop-work';
import type { RunnerOutputs } from '../runner';
import { openTrainerSession, type Trainer, type TrainingTensor } from '../train/trainer';
import { fixedBatch } from '../train/run-training';
import { openTrainingData, sampleBatches, type TrainingData } from '../train/training-data';

/** What a teacher is asked for. */
export interface TeacherRequest {
  readonly trainer: Trainer;
  /** Tensors by their names. */
  readonly tensors: readonly string[];
  readonly inputs: TrainingData['inputs'];
  /** Samples of a run. */
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
}

/** More is not kept of what a teacher says. */
const MOST_BYTES = 2 ** 31;

/**
 * Runs a teacher once on all samples and keeps some of its tensors in memory.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for tensors that it does not have, whose first axis does not count samples, or
 * that take more than 2 GiB
 */
export async function runTeacher(
  teacher: OnnxModel,
  { trainer, tensors, inputs, batchSize, signal }: TeacherRequest,
): Promise<ReadonlyMap<string, TrainingTensor>> {
  const names = teacher.graph.input.map(({ name }) => name);
  const constants = new Set(teacher.graph.initializer.map(({ name }) => name));
  const given = Object.fromEntries(
    names.filter((name) => !constants.has(name)).map((name) => [name, inputs[name] ?? missing(name, inputs)]),
  );
  const source = openTrainingData({ inputs: given });
  const { model, outputs } = exposeTensors(teacher, tensors);
  const kept = new Map<string, { data: Float32Array; dims: readonly number[] }>();
  const fixed = fixedBatch(teacher)?.samples;
  const most = fixed ?? batchSize;
  const session = await openTrainerSession(model, trainer);
  try {
    for (const { batch, at, count } of sampleBatches(source.count, most, fixed !== undefined)) {
      throwIfAborted(signal);
      const found = await session.run(source.read(batch));
      for (const [tensor, output] of outputs)
        keep(kept, tensor, { found, output, at, count, run: batch.length, total: source.count });
    }
  } finally {
    await session.close();
  }
  return kept;
}

interface Found {
  readonly found: RunnerOutputs;
  readonly output: string;
  readonly at: number;
  /** Samples that are new, of those of the run. */
  readonly count: number;
  readonly run: number;
  readonly total: number;
}

function keep(
  kept: Map<string, { data: Float32Array; dims: readonly number[] }>,
  tensor: string,
  { found, output, at, count, run, total }: Found,
): void {
  const { data, dims } = found[output]!;
  if (!/^Float\d+Array$/.test(data.constructor.name))
    throw unusable(
      tensor,
      `its elements come in a ${data.constructor.name}; floating-point numbers are expected, FP32 at best`,
    );
  const size = data.length / run;
  if (dims[0] !== run)
    throw unusable(tensor, `its first axis has ${dims[0] ?? 'no'} elements for ${run} samples`);
  let place = kept.get(tensor);
  if (place === undefined) {
    if (total * size * 4 > MOST_BYTES)
      throw unusable(
        tensor,
        `it takes ${total * size * 4} bytes for ${total} samples, more than ${MOST_BYTES}`,
      );
    place = { data: new Float32Array(total * size), dims: [total, ...dims.slice(1)] };
    kept.set(tensor, place);
  }
  place.data.set((data as Float32Array).subarray(0, count * size), at * size);
}

function unusable(tensor: string, reason: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The teacher's tensor "${tensor}" cannot be learned from: ${reason}.`,
    {
      details: { tensor, reason },
    },
  );
}

function missing(name: string, inputs: TrainingData['inputs']): never {
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The training data has nothing for input "${name}" of the teacher; it has ${Object.keys(inputs).join(', ')}.`,
    { details: { input: name, given: Object.keys(inputs) } },
  );
}
