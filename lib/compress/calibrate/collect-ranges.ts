// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { makeNode } from '../../onnx/graph/make-node';
import { UniqueNames } from '../../onnx/graph/graph-walk';
import type { Runner } from '../runner';
import { chooseAmplitude, type CalibrationMethod } from './amplitude';
import { RangeHistogram } from './histogram';

/** What a tensor was seen to hold. */
export interface TensorRange {
  readonly min: number;
  readonly max: number;
  /** The absolute value at which it saturates when it is quantised. */
  readonly amplitude: number;
}

/** Ranges by the names of tensors. */
export type TensorRanges = Readonly<Record<string, TensorRange>>;

/** What to look at, and on which data. */
export interface CollectRangesOptions<Feeds> {
  /** Tensors of FLOAT in the main graph, inputs and inner ones too. */
  readonly tensors: readonly string[];
  readonly feeds: readonly Feeds[];
  readonly runner: Runner<Feeds>;
  /** Default `'mse'`. */
  readonly method?: CalibrationMethod;
  /** Leaves infinities out of the ranges instead of refusing them: masks of attention hold some. */
  readonly skipInfinite?: boolean;
}

/** Inner tensors are as large as activations are: so many of them are looked at in one go through the data. */
const TENSORS_A_PASS = 32;

/**
 * Runs a model on data and notes the ranges of tensors inside. Memory holds one run and a histogram per tensor,
 * however much data there is; the data is gone through once for every 32 tensors.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE without data, or where a tensor is not finite on it
 */
export async function collectRanges<Feeds>(
  model: OnnxModel,
  options: CollectRangesOptions<Feeds>,
): Promise<TensorRanges> {
  const { tensors, method = 'mse' } = options;
  if (options.feeds.length === 0) throw noData();
  const histograms = new Map(tensors.map((name) => [name, new RangeHistogram()]));
  for (let at = 0; at < tensors.length; at += TENSORS_A_PASS) {
    await watch(model, tensors.slice(at, at + TENSORS_A_PASS), histograms, options);
  }
  const entries = [...histograms].map(([name, histogram]) => {
    const { min, max } = histogram;
    return [name, { min, max, amplitude: chooseAmplitude(histogram, method) }] as const;
  });
  return Object.fromEntries(entries);
}

async function watch<Feeds>(
  model: OnnxModel,
  tensors: readonly string[],
  histograms: ReadonlyMap<string, RangeHistogram>,
  { feeds, runner, skipInfinite = false }: CollectRangesOptions<Feeds>,
): Promise<void> {
  const { bytes, outputs } = exposeTensors(model, tensors);
  for await (const results of runner(bytes, feeds)) {
    for (const [tensor, output] of outputs) {
      const values = results[output]?.data;
      if (values === undefined) throw missingOutput(tensor);
      const numbers = values as ArrayLike<number>;
      const counted = skipInfinite ? Array.from(numbers).filter(Number.isFinite) : numbers;
      if (!histograms.get(tensor)!.add(counted)) throw notFinite(tensor);
    }
  }
}

const FLOAT = 1;

/** A copy of the model that hands out inner tensors too; each with the name of the output that holds it. */
function exposeTensors(
  model: OnnxModel,
  tensors: readonly string[],
): { bytes: Uint8Array; outputs: [tensor: string, output: string][] } {
  const copy = model.clone();
  const { graph } = copy;
  const names = new UniqueNames(graph);
  const present = new Set(graph.output.map(({ name }) => name));
  const outputs = tensors.map((tensor): [string, string] => {
    if (present.has(tensor)) return [tensor, tensor];
    const output = names.make(`${tensor}_seen`);
    graph.node.push(makeNode({ op: 'Identity', name: output, inputs: [tensor], outputs: [output] }));
    graph.output.push({ name: output, type: { tensorType: { elemType: FLOAT } } });
    return [tensor, output];
  });
  return { bytes: copy.toBytes(), outputs };
}

function noData(): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', 'Calibration needs data: `feeds` is empty.', {
    hint: 'Pass some dozens of typical inputs; random ones give wrong ranges.',
  });
}

function missingOutput(tensor: string): TensorRTError {
  const message = `The runner did not return the tensor "${tensor}", which calibration asked for.`;
  return new TensorRTError('ERR_TRT_ARG_VALUE', message, { details: { tensor } });
}

function notFinite(tensor: string): TensorRTError {
  const message = `Tensor "${tensor}" is infinite or not a number on the calibration data: it has no range.`;
  return new TensorRTError('ERR_TRT_ARG_VALUE', message, {
    hint: 'Check the data; a mask of infinities cannot be quantised.',
    details: { tensor },
  });
}
