// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { TensorMessage } from '../../onnx/graph/onnx-messages';
import { NARROW_VALUES } from '../../onnx/graph/narrow-values';
import { readFloats } from '../../onnx/graph/tensor-values';
import type { QuantizedType } from '../quantize-options';
import { LARGEST_FLOAT8, numberToFloat8 } from './float8';
import { forEachRun, product, scaleDims, type ScaleLayout } from './scale-layout';

/** Numbers that a type has, symmetric around zero; scales map the largest value to `largest`. */
export interface QuantizedRange {
  readonly lowest: number;
  readonly largest: number;
}

/** By type. -128 is left out of INT8: with it the range would not be symmetric. INT4 has so few that -8 is used. */
export const QUANTIZED_RANGE: Readonly<Record<QuantizedType, QuantizedRange>> = {
  int8: { lowest: -127, largest: 127 },
  int4: { lowest: -8, largest: 7 },
  fp8: { lowest: -LARGEST_FLOAT8, largest: LARGEST_FLOAT8 },
};

/** TensorRT refuses a scale of zero; zeros stay zeros with any. This one is a normal value in FP16 too. */
const SCALE_OF_ZEROS = 2 ** -14;
/** Smaller scales are not normal values of FP32: GPUs take them for zero. */
const SMALLEST_SCALE = 2 ** -126;

/** Quantised weights with their scales. */
export interface QuantizedWeights {
  /** A number each: steps for INT8 and INT4, codes for FP8. */
  readonly values: Int8Array | Uint8Array;
  /** In the layout that was asked for. */
  readonly scales: Float32Array;
}

/** How to quantise weights. */
export interface WeightFormat {
  readonly type: QuantizedType;
  readonly layout: ScaleLayout;
  /** `'mse'` looks for the scale with the smallest error; `'nearest'` (default) covers the largest value. */
  readonly rounding?: 'nearest' | 'mse';
  /** Scales are not smaller. Default 2^-126. */
  readonly minimumScale?: number;
}

/** The scale for values up to an amplitude. */
export function scaleOf(amplitude: number, type: QuantizedType = 'int8', minimum = SMALLEST_SCALE): number {
  if (amplitude === 0) return Math.max(SCALE_OF_ZEROS, minimum);
  return Math.fround(Math.max(amplitude / QUANTIZED_RANGE[type].largest, minimum, SMALLEST_SCALE));
}

/**
 * Symmetric quantisation of weights.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_WEIGHTS for a value that is not finite
 */
export function quantizeWeights(weight: TensorMessage, format: WeightFormat): QuantizedWeights {
  const values = readFloats(weight);
  checkFinite(weight.name ?? '', values);
  const { type, layout, rounding = 'nearest', minimumScale } = format;
  const largest = largestOf(values, weight.dims, layout);
  const scales = Float32Array.from(largest, (amplitude) => scaleOf(amplitude, type, minimumScale));
  if (rounding === 'mse') refineScales(values, scales, { ...format, dims: weight.dims });
  return { values: roundWeights(values, scales, { dims: weight.dims, layout, type }), scales };
}

/** Where values lie and what they are rounded to. */
export interface RoundingPlace {
  readonly dims: readonly number[];
  readonly layout: ScaleLayout;
  readonly type: QuantizedType;
}

/** Each value divided by its scale, to the nearest number of the type. */
export function roundWeights(
  values: Float32Array,
  scales: Float32Array,
  { dims, layout, type }: RoundingPlace,
): Int8Array | Uint8Array {
  if (type === 'fp8') return roundToFloat8(values, scales, { dims, layout });
  const { lowest, largest } = QUANTIZED_RANGE[type];
  const result = new Int8Array(values.length);
  forEachRun(dims, layout, (start, length, group, step) => {
    for (let i = 0; i < length; i++) {
      const rounded = values[start + i]! / scales[group + step * i]! + ROUND - ROUND;
      result[start + i] = rounded < lowest ? lowest : rounded > largest ? largest : rounded;
    }
  });
  return result;
}

function roundToFloat8(
  values: Float32Array,
  scales: Float32Array,
  { dims, layout }: Omit<RoundingPlace, 'type'>,
): Uint8Array {
  const result = new Uint8Array(values.length);
  forEachRun(dims, layout, (start, length, group, step) => {
    for (let i = 0; i < length; i++)
      result[start + i] = numberToFloat8(values[start + i]! / scales[group + step * i]!);
  });
  return result;
}

/** The values that quantised weights stand for. */
export function dequantizeWeights(
  { values, scales }: QuantizedWeights,
  { dims, layout, type }: RoundingPlace,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  const numbers = type === 'fp8' ? FLOAT8_VALUES : undefined;
  forEachRun(dims, layout, (start, length, group, step) => {
    for (let i = 0; i < length; i++) {
      const value = values[start + i]!;
      result[start + i] = (numbers === undefined ? value : numbers[value]!) * scales[group + step * i]!;
    }
  });
  return result;
}

/** Signal to quantisation noise of weights in dB; infinite where nothing was lost. */
export function weightSqnrDb(
  floats: Float32Array,
  { values, scales }: QuantizedWeights,
  { dims, layout, type }: RoundingPlace,
): number {
  const numbers = type === 'fp8' ? FLOAT8_VALUES : undefined;
  let signal = 0;
  let noise = 0;
  forEachRun(dims, layout, (start, length, group, step) => {
    // Variables outside of this function would be written to memory for every value.
    let ownSignal = 0;
    let ownNoise = 0;
    for (let i = 0; i < length; i++) {
      const float = floats[start + i]!;
      const value = values[start + i]!;
      const error = float - (numbers === undefined ? value : numbers[value]!) * scales[group + step * i]!;
      ownSignal += float * float;
      ownNoise += error * error;
    }
    signal += ownSignal;
    noise += ownNoise;
  });
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}

const FLOAT8_VALUES = NARROW_VALUES.float8e4m3;
/** Adding and subtracting it rounds a double to the nearest whole number, ties to even. */
const ROUND = 1.5 * 2 ** 52;

/** To the nearest whole number, ties to even. */
export function roundStep(value: number): number {
  return value + ROUND - ROUND;
}

function largestOf(values: Float32Array, dims: readonly number[], layout: ScaleLayout): Float64Array {
  const largest = new Float64Array(product(scaleDims(dims, layout)));
  forEachRun(dims, layout, (start, length, group, step) => {
    for (let i = 0; i < length; i++) {
      const size = Math.abs(values[start + i]!);
      if (size > largest[group + step * i]!) largest[group + step * i] = size;
    }
  });
  return largest;
}

/** Parts of the full scale that are tried: for few steps it pays to let the largest values saturate. */
const CUTS = Array.from({ length: 30 }, (_, index) => 1 - 0.02 * (index + 1));

/** Lowers each scale to the one with the smallest squared error of the values that share it. */
function refineScales(
  values: Float32Array,
  scales: Float32Array,
  { dims, layout, type, minimumScale = SMALLEST_SCALE }: WeightFormat & { dims: readonly number[] },
): void {
  const full = scales.slice();
  const least = errorsOf(values, scales, { dims, layout, type });
  for (const cut of CUTS) {
    const tried = full.map((scale) => Math.max(scale * cut, minimumScale));
    const errors = errorsOf(values, tried, { dims, layout, type });
    for (let group = 0; group < scales.length; group++) {
      if (errors[group]! >= least[group]!) continue;
      least[group] = errors[group]!;
      scales[group] = tried[group]!;
    }
  }
}

function errorsOf(values: Float32Array, scales: Float32Array, place: RoundingPlace): Float64Array {
  const errors = new Float64Array(scales.length);
  const { lowest, largest } = QUANTIZED_RANGE[place.type];
  const isFloat8 = place.type === 'fp8';
  forEachRun(place.dims, place.layout, (start, length, group, step) => {
    for (let i = 0; i < length; i++) {
      const value = values[start + i]!;
      const scale = scales[group + step * i]!;
      const rounded = isFloat8
        ? FLOAT8_VALUES[numberToFloat8(value / scale)]!
        : Math.max(lowest, Math.min(largest, roundStep(value / scale)));
      errors[group + step * i]! += (value - rounded * scale) ** 2;
    }
  });
  return errors;
}

/** @throws {TensorRTError} ERR_TRT_QUANT_WEIGHTS for the first value that is not finite */
export function checkFinite(name: string, values: Float32Array, asked = 'quantised'): void {
  // The sum of finite numbers of 32 bits is finite in double precision.
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  if (Number.isFinite(sum)) return;
  for (let index = 0; index < values.length; index++) {
    if (Number.isFinite(values[index])) continue;
    throw new TensorRTError(
      'ERR_TRT_QUANT_WEIGHTS',
      `Weight "${name}" has a value that is not a finite number: ${values[index]!} at ${index}. It cannot be ${asked}.`,
      { details: { weight: name, index, value: String(values[index]) } },
    );
  }
}
