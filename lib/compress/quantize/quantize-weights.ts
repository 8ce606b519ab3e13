// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { roundToEven } from '../../tensor/half';
import type { TensorMessage } from '../../onnx/graph/onnx-messages';
import { readFloats } from '../../onnx/graph/tensor-values';

/** -128 is left out: with it the range would not be symmetric. */
export const LARGEST_STEP = 127;
/** TensorRT refuses a scale of zero; whatever it is, zeros stay zeros. */
const SCALE_OF_ZEROS = 1e-6;

/** Weights in INT8 with their scales. */
export interface QuantizedWeights {
  readonly values: Int8Array;
  /** One per channel of the axis, or one. */
  readonly scales: Float32Array;
}

/** The scale for values up to an amplitude. */
export function scaleOf(amplitude: number): number {
  return Math.fround(amplitude / LARGEST_STEP) || Math.fround(SCALE_OF_ZEROS);
}

/**
 * Symmetric INT8, each channel by its largest absolute value.
 *
 * @param axis - Axis of the channels; undefined for one scale.
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for weights that are not finite
 */
export function quantizeWeights(weight: TensorMessage, axis: number | undefined): QuantizedWeights {
  const source = readFloats(weight);
  const channels = axis === undefined ? 1 : weight.dims[axis]!;
  const inner = axis === undefined ? source.length : product(weight.dims.slice(axis + 1));
  const channelOf = (index: number) => Math.floor(index / inner) % channels;
  const largest = new Float64Array(channels);
  source.forEach((value, index) => {
    if (!Number.isFinite(value)) throw notFinite(weight);
    const channel = channelOf(index);
    largest[channel] = Math.max(largest[channel]!, Math.abs(value));
  });
  const scales = Float32Array.from(largest, scaleOf);
  const values = Int8Array.from(source, (value, index) => {
    const step = roundToEven(value / scales[channelOf(index)]!);
    return Math.max(-LARGEST_STEP, Math.min(LARGEST_STEP, step));
  });
  return { values, scales };
}

function product(dims: readonly number[]): number {
  return dims.reduce((total, dim) => total * dim, 1);
}

function notFinite({ name = '' }: TensorMessage): TensorRTError {
  const message = `Weight "${name}" holds a value that is infinite or not a number: it cannot be quantised.`;
  return new TensorRTError('ERR_TRT_ARG_VALUE', message, { details: { tensor: name } });
}
