// SPDX-License-Identifier: Apache-2.0
// Candidates of one quantisation differ in their ranges and share their weights, which are rounded alike every time.

import type { TensorMessage } from '../../onnx/graph/onnx-messages';
import { readFloats } from '../../onnx/graph/tensor-values';
import { quantizeWeights, weightSqnrDb, type QuantizedWeights, type WeightFormat } from './quantize-weights';

/** Rounded weights and the noise of them. */
export interface MeasuredWeights {
  /** Not to be written into. */
  readonly quantized: QuantizedWeights;
  readonly sqnrDb: number;
}

const known = new WeakMap<Uint8Array, Map<string, MeasuredWeights>>();

/**
 * `quantizeWeights` and `weightSqnrDb`, remembered as long as the bytes of the weights are in memory; passes replace
 * those and do not write into them. Weights in files are rounded anew each time.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_WEIGHTS for a value that is not finite
 */
export function quantizeOnce(weight: TensorMessage, format: WeightFormat): MeasuredWeights {
  const { rawData, dims } = weight;
  if (!(rawData instanceof Uint8Array)) return measure(weight, format);
  const { type, layout, rounding = 'nearest', minimumScale = 0 } = format;
  const key = JSON.stringify([dims, type, layout.axis, layout.blockSize, rounding, minimumScale]);
  const own = known.get(rawData) ?? new Map<string, MeasuredWeights>();
  known.set(rawData, own);
  const found = own.get(key) ?? measure(weight, format);
  own.set(key, found);
  return found;
}

function measure(weight: TensorMessage, format: WeightFormat): MeasuredWeights {
  const quantized = quantizeWeights(weight, format);
  return { quantized, sqnrDb: weightSqnrDb(readFloats(weight), quantized, { ...format, dims: weight.dims }) };
}
