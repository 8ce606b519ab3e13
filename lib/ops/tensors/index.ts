// SPDX-License-Identifier: Apache-2.0
export { concatenate, planConcatenate, planSplit, split, type AxisOptions } from './concatenate';
export { convert, planConvert, type ConvertOptions } from './convert';
export { gatherRows, planGatherRows } from './gather-rows';
export { pad, planPad, type PadOptions } from './pad';
export {
  dequantizeLinear,
  planDequantizeLinear,
  planQuantizeLinear,
  quantizeLinear,
  type DequantizeLinearOptions,
  type QuantizationScale,
  type QuantizeLinearOptions,
} from './quantize-linear';
export { planTranspose, transpose } from './transpose';
