// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { observeTensors, type ObserveOptions } from '../observe/observe-tensors';

/**
 * Mean of each channel of tensors over data, in double precision.
 *
 * @param tensors - Axis of the channels of each tensor: 1, or -1 for the last.
 * @throws {TensorRTError} what `observeTensors` throws
 */
export async function collectChannelMeans<Feeds>(
  model: OnnxModel,
  tensors: ReadonlyMap<string, 1 | -1>,
  options: Omit<ObserveOptions<Feeds>, 'tensors'>,
): Promise<Map<string, Float64Array>> {
  const sums = new Map<string, { sum: Float64Array; count: number }>();
  await observeTensors(model, { ...options, tensors: [...tensors.keys()] }, (tensor, values, dims) => {
    const axis = tensors.get(tensor) === 1 ? 1 : dims.length - 1;
    const channels = dims[axis] ?? 1;
    const own = sums.get(tensor) ?? { sum: new Float64Array(channels), count: 0 };
    addSums(own.sum, values, sizeBehind(dims, axis));
    own.count += values.length / channels;
    sums.set(tensor, own);
  });
  const means = [...sums].map(([name, { sum, count }]) => [name, sum.map((one) => one / count)] as const);
  return new Map(means);
}

function sizeBehind(dims: readonly number[], axis: number): number {
  return dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
}

function addSums(sums: Float64Array, values: ArrayLike<number>, inner: number): void {
  for (let at = 0, channel = 0; at < values.length; channel = (channel + 1) % sums.length) {
    let sum = 0;
    for (const end = at + inner; at < end; at++) sum += values[at]!;
    sums[channel]! += sum;
  }
}
