// SPDX-License-Identifier: Apache-2.0
import type { TypeCensus } from '../../onnx';

/** How far an element may be from what is expected: `|y - x| <= atol + rtol |x|`. */
export interface Tolerance {
  /** In units of the tensor; `'scaled'` tolerances take it times the largest magnitude of the tensor. */
  readonly atol: number;
  /** Share of the expected value. */
  readonly rtol: number;
  /** Whether `atol` is a share of the largest magnitude that is expected of the tensor. */
  readonly isScaled: boolean;
}

/** Precisions with a tolerance of their own. */
export type ValidatedPrecision = 'fp32' | 'fp16' | 'bf16' | 'int8';

/**
 * Defaults. Sums in another order differ by some units of the last place, more where they cancel, so that a share of the
 * largest magnitude is allowed everywhere. FP16 has 11 bits, BF16 has 8; INT8 is rounded to 1/254 of its range at each
 * layer.
 */
const DEFAULTS: Readonly<Record<ValidatedPrecision, Tolerance>> = {
  fp32: { atol: 1e-5, rtol: 1e-4, isScaled: true },
  fp16: { atol: 1e-2, rtol: 1e-2, isScaled: true },
  bf16: { atol: 5e-2, rtol: 5e-2, isScaled: true },
  int8: { atol: 1e-1, rtol: 1e-1, isScaled: true },
};

/** The tolerance of a precision; numbers that are given are taken as they are, and then nothing is scaled. */
export function toleranceFor(
  precision: ValidatedPrecision,
  { atol, rtol }: { readonly atol?: number; readonly rtol?: number } = {},
): Tolerance {
  const usual = DEFAULTS[precision];
  return {
    atol: atol ?? usual.atol,
    rtol: rtol ?? (atol === undefined ? usual.rtol : 0),
    isScaled: atol === undefined,
  };
}

/** The lowest precision that nodes of a model work in. */
export function precisionOf(census: Pick<TypeCensus, 'compute' | 'quantize'>): ValidatedPrecision {
  return precisionOfTypes([...Object.keys(census.compute), ...Object.keys(census.quantize)]);
}

/** The same of the names of element types, as ONNX or as this package writes them. */
export function precisionOfTypes(types: readonly string[]): ValidatedPrecision {
  const has = (pattern: RegExp) => types.some((type) => pattern.test(type));
  if (has(/^(U?INT[248]|FLOAT8|FLOAT4)/i)) return 'int8';
  if (has(/^BFLOAT16$/i)) return 'bf16';
  return has(/^FLOAT16$/i) ? 'fp16' : 'fp32';
}
