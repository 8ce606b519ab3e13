// SPDX-License-Identifier: Apache-2.0
// Rounding that looks at what comes in: each column of weights is rounded in turn, and the columns that are not yet
// rounded take over what was lost, weighted by how their inputs come together with those of the rounded ones.
// Source: Frantar et al., GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers, section 3

import { NARROW_VALUES } from '../../onnx/graph/narrow-values';
import type { QuantizedType } from '../quantize-options';
import { invertToUpperFactor } from './cholesky';
import { numberToFloat8 } from './float8';
import type { GramMatrix } from './gram-matrix';
import { checkFinite, QUANTIZED_RANGE, roundStep, scaleOf, type QuantizedWeights } from './quantize-weights';
import type { WeightMatrix } from './weight-matrix';

/** Part of the mean energy of the inputs that is added to each, so that few samples do not decide everything. */
const DAMPING = 0.01;

/** What is rounded to what. */
export interface GptqRequest {
  /** Name of the weights, for messages. */
  readonly name: string;
  readonly matrix: WeightMatrix;
  readonly type: QuantizedType;
  readonly minimumScale?: number;
}

/**
 * The factor that GPTQ compensates with, of a finished Gram matrix, which is not changed.
 *
 * @returns undefined where the inputs tell nothing: all of them zero, or not finite
 */
export function gptqFactor({ values, size }: GramMatrix): Float64Array | undefined {
  const factor = values.slice();
  let trace = 0;
  for (let i = 0; i < size; i++) trace += values[i * size + i]!;
  const damping = (DAMPING * trace) / size;
  if (!(damping > 0) || !Number.isFinite(damping)) return undefined;
  for (let i = 0; i < size; i++) factor[i * size + i]! += damping;
  return invertToUpperFactor(factor, size) ? factor : undefined;
}

/** Rounds weights row by row with the factor of `gptqFactor`. */
export function roundByGptq(
  weights: Float32Array,
  factor: Float64Array,
  { name, matrix, type, minimumScale }: GptqRequest,
): QuantizedWeights {
  const { rows, columns, blockSize, rowStep, columnStep, rowScaleStep, blockScaleStep } = matrix;
  const blocks = Math.ceil(columns / blockSize);
  const values = type === 'fp8' ? new Uint8Array(weights.length) : new Int8Array(weights.length);
  const scales = new Float32Array(rows * blocks);
  const row = new Float64Array(columns);
  checkFinite(name, weights);
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < columns; k++) row[k] = weights[n * rowStep + k * columnStep]!;
    let scale = 0;
    for (let k = 0; k < columns; k++) {
      if (k % blockSize === 0) {
        scale = chooseScale(row.subarray(k, k + blockSize), type, minimumScale);
        scales[n * rowScaleStep + (k / blockSize) * blockScaleStep] = scale;
      }
      const code = encode(row[k]! / scale, type);
      values[n * rowStep + k * columnStep] = code;
      passOn(row, row[k]! - decode(code, type) * scale, { k, factor });
    }
  }
  return { values, scales };
}

/** Gives the error of a column to those behind it. */
function passOn(row: Float64Array, error: number, { k, factor }: { k: number; factor: Float64Array }): void {
  const columns = row.length;
  const at = k * columns;
  const share = error / factor[at + k]!;
  if (share === 0) return;
  for (let j = k + 1; j < columns; j++) row[j]! -= share * factor[at + j]!;
}

function encode(value: number, type: QuantizedType): number {
  if (type === 'fp8') return numberToFloat8(value);
  const { lowest, largest } = QUANTIZED_RANGE[type];
  return Math.max(lowest, Math.min(largest, roundStep(value)));
}

function decode(code: number, type: QuantizedType): number {
  return type === 'fp8' ? NARROW_VALUES.float8e4m3[code]! : code;
}

/** Parts of the full scale that are tried for INT4, where saturating the largest values pays. */
const CUTS = Array.from({ length: 21 }, (_, index) => 1 - 0.025 * index);

function chooseScale(values: Float64Array, type: QuantizedType, minimum: number | undefined): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  const full = scaleOf(largest, type, minimum);
  if (type !== 'int4' || largest === 0) return full;
  let [best, least] = [full, Infinity];
  for (const cut of CUTS) {
    const scale = Math.max(Math.fround(full * cut), minimum ?? 0);
    let error = 0;
    for (let i = 0; i < values.length; i++)
      error += (values[i]! - encode(values[i]! / scale, type) * scale) ** 2;
    if (error < least) [best, least] = [scale, error];
  }
  return best;
}
