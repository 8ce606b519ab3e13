// SPDX-License-Identifier: Apache-2.0
// TensorRT takes precision from the graph alone. Asking for FP16 and getting FP32 must be an error, so what a graph
// computes in is read off its nodes before the build.

import { TensorRTError } from '../errors';
import type { ModelInfo } from '../onnx';

/** Precisions that can be asked for; `'model'` takes the graph as it is. */
export type Precision = 'model' | 'fp32' | 'fp16' | 'bf16' | 'int8' | 'fp8' | 'int4';

const FLOAT_TYPE: Readonly<Record<'fp32' | 'fp16' | 'bf16', string>> = {
  fp32: 'FLOAT',
  fp16: 'FLOAT16',
  bf16: 'BFLOAT16',
};

/** How much of a model is in which precision. */
export interface PrecisionCensus {
  /** The precision of most of the arithmetic: `int8` if any of it is quantised, `other` for the rest of types. */
  readonly dominant: Exclude<Precision, 'model'> | 'other';
  /** Arithmetic nodes by the ONNX type that they compute in. */
  readonly compute: Readonly<Record<string, number>>;
  /** Those of them with quantised inputs, by the quantised type. */
  readonly quantizedCompute: Readonly<Record<string, number>>;
  /** Elements of weights and constants by ONNX type. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** What precisions a model's graph is written in. */
export function takePrecisionCensus(info: ModelInfo): PrecisionCensus {
  const { compute, quantizedCompute, weights } = info.typeCensus;
  const parameters = Object.fromEntries(
    Object.entries(weights).map(([type, share]) => [type, share.elements]),
  );
  return { dominant: dominantPrecision(info), compute, quantizedCompute, parameters };
}

/**
 * Checks that a graph already is in the precision that was asked for: more than half of its arithmetic for floating
 * point types, any of it for `int8` (quantised networks are mixed by design), nothing reduced for `fp32`.
 *
 * @throws {TensorRTError} ERR_TRT_BUILD_PRECISION with the census
 */
export function checkPrecision(info: ModelInfo, precision: Precision): void {
  if (precision === 'model') return;
  const census = takePrecisionCensus(info);
  const isReduced = Object.entries(floatNodes(info)).some(([type, count]) => type !== 'FLOAT' && count > 0);
  const isMet = census.dominant === precision && !(precision === 'fp32' && isReduced);
  if (isMet) return;
  const found = Object.entries(floatNodes(info)).map(([type, count]) => `${count} in ${type}`);
  const quantized = Object.entries(census.quantizedCompute).map(
    ([type, count]) => `${count} quantised to ${type}`,
  );
  const nodes = [...found, ...quantized].join(', ') || 'none';
  throw new TensorRTError(
    'ERR_TRT_BUILD_PRECISION',
    `The precision "${precision}" was asked for, but the graph is "${census.dominant}": of its arithmetic nodes ${nodes}.`,
    {
      hint: `TensorRT takes precision from the graph: export or convert the model to ${precision}, or leave \`precision\` out.`,
      details: { asked: precision, ...census },
    },
  );
}

function dominantPrecision(info: ModelInfo): PrecisionCensus['dominant'] {
  const { quantizedCompute, quantize, compute } = info.typeCensus;
  const hasArithmetic = Object.keys(compute).length > 0;
  const quantized = hasArithmetic ? quantizedCompute : quantize;
  // UINT8 becomes INT8 in TensorRT, where the caller allows it.
  if ((quantized['INT8'] ?? 0) + (quantized['UINT8'] ?? 0) > 0) return 'int8';
  if ((quantized['FLOAT8E4M3FN'] ?? 0) > 0) return 'fp8';
  if ((quantized['INT4'] ?? 0) > 0) return 'int4';
  if (Object.values(quantized).some((count) => count > 0)) return 'other';
  const counts = floatNodes(info);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (const precision of ['fp32', 'fp16', 'bf16'] as const) {
    if ((counts[FLOAT_TYPE[precision]] ?? 0) * 2 > total) return precision;
  }
  return 'other';
}

/** Arithmetic nodes by floating-point type; for a graph without arithmetic its inputs and outputs. DOUBLE runs as FLOAT. */
function floatNodes(info: ModelInfo): Record<string, number> {
  const { compute } = info.typeCensus;
  const counts: Record<string, number> = {};
  const add = (type: string, count: number) => {
    const known = type === 'DOUBLE' ? 'FLOAT' : type;
    if (/FLOAT/.test(known)) counts[known] = (counts[known] ?? 0) + count;
  };
  for (const [type, count] of Object.entries(compute)) add(type, count);
  if (Object.keys(compute).length === 0)
    for (const value of [...info.inputs, ...info.outputs]) add(value.onnxType, 1);
  return counts;
}
