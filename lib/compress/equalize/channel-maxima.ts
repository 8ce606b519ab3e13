// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { observeTensors, type ObserveOptions } from '../observe/observe-tensors';

/**
 * Runs a model on data and notes the largest absolute value of each channel of activations. Memory holds one run and a
 * number per channel, however much data there is.
 *
 * @param tensors - Axis of the channels of each tensor: 1, or -1 for the last.
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION without data, or for a tensor that holds NaN or infinities; what
 * `observeTensors` throws
 */
export async function collectChannelMaxima<Feeds>(
  model: OnnxModel,
  tensors: ReadonlyMap<string, 1 | -1>,
  options: Omit<ObserveOptions<Feeds>, 'tensors'>,
): Promise<Map<string, Float32Array>> {
  const maxima = new Map<string, Float32Array>();
  await observeTensors(model, { ...options, tensors: [...tensors.keys()] }, (tensor, values, dims, run) => {
    const axis = tensors.get(tensor) === 1 ? 1 : dims.length - 1;
    const channels = dims[axis] ?? 1;
    const own = maxima.get(tensor) ?? new Float32Array(channels);
    if (own.length !== channels || !addMaxima(own, values, innerOf(dims, axis)))
      throw unusable(tensor, run, dims);
    maxima.set(tensor, own);
  });
  return new Map([...tensors.keys()].map((tensor) => [tensor, maxima.get(tensor)!]));
}

function innerOf(dims: readonly number[], axis: number): number {
  return dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
}

/** @returns false if a value is not finite */
function addMaxima(maxima: Float32Array, values: ArrayLike<number>, inner: number): boolean {
  for (let at = 0, channel = 0; at < values.length; channel = (channel + 1) % maxima.length) {
    let largest = maxima[channel]!;
    for (const end = at + inner; at < end; at++) {
      const size = Math.abs(values[at]!);
      // Also false for NaN.
      if (!(size < Infinity)) return false;
      if (size > largest) largest = size;
    }
    maxima[channel] = largest;
  }
  return true;
}

function unusable(tensor: string, run: number, dims: readonly number[]): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_QUANT_CALIBRATION',
    `Tensor "${tensor}" has no range in run ${run} of the calibration data, where it is [${dims.join(', ')}]: it holds NaN or infinities, or its channels changed their number.`,
    { hint: 'Check the data of that run.', details: { tensor, run, dims } },
  );
}
