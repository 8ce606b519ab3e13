// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { ObserveOptions } from '../observe/observe-tensors';
import { collectRanges } from './collect-ranges';

/** Overflow shows on a few inputs or not at all. */
export const MOST_RANGE_RUNS = 4;

const FLOAT = 1;
/** Results that are no larger than what they come from, which is looked at itself. */
const NOT_LARGER = new Set(
  (
    'Relu Reshape Flatten Transpose Squeeze Unsqueeze Slice Split Gather MaxPool AveragePool Identity Softmax ' +
    'Sigmoid Tanh'
  ).split(' '),
);

/**
 * The largest absolute value of each tensor of FLOAT in the main graph, for `castModel`: what comes near the end of
 * FP16's range stays FP32. Infinities and NaN are left out.
 *
 * @throws {TensorRTError} what `observeTensors` throws
 */
export async function collectLargestValues<Feeds>(
  model: OnnxModel,
  data: Pick<ObserveOptions<Feeds>, 'feeds' | 'runner'> & { signal?: AbortSignal | undefined },
): Promise<Record<string, number>> {
  const request = { ...data, tensors: floatTensors(model), method: 'max', skipInfinite: true } as const;
  const ranges = await collectRanges(model, request);
  return Object.fromEntries(Object.entries(ranges).map(([name, { amplitude }]) => [name, amplitude]));
}

function floatTensors({ graph }: OnnxModel): string[] {
  const scope = new GraphScope(graph);
  const made = graph.node.filter(({ opType }) => !NOT_LARGER.has(opType)).flatMap(({ output }) => output);
  const inputs = graph.input.map(({ name }) => name);
  return [...inputs, ...made].filter((name) => scope.typeOf(name) === FLOAT && !scope.constants.has(name));
}
