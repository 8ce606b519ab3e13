// SPDX-License-Identifier: Apache-2.0
import { TensorRTError, type TensorRTErrorCode } from '../errors';
import type { OnnxValueInfo } from '../onnx';
import type { Dimension } from '../tensor/tensor-info';
import { BOUNDS, type ShapeRange } from './profile-spec';
import { isDynamic } from './profile-suggestion';

/** Which input of which profile is looked at. */
export interface RangeContext {
  readonly input: OnnxValueInfo;
  readonly profile: number;
}

/** TensorRT keeps dims in 64 bits but refuses larger ones than this. */
const LARGEST_DIM = 2 ** 31 - 1;

/**
 * Checks the shapes of one input: as many dims as the input has, fixed ones equal to the model's, dynamic ones with
 * 0 <= min <= opt <= max and max > 0.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_PROFILE_RANK, ERR_TRT_ARG_PROFILE_DIMENSION, ERR_TRT_ARG_PROFILE_RANGE with a
 * line for each dimension that is wrong
 */
export function checkShapes(context: RangeContext, range: ShapeRange): void {
  const { dims, hasShape } = context.input;
  const rank = hasShape ? dims.length : range.min.length;
  checkRank(context, range, rank, `${rank} dimension${rank === 1 ? '' : 's'}`);
  const fixed: string[] = [];
  const ranges: string[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const dim: Dimension = hasShape ? dims[axis]! : -1;
    const [min, opt, max] = BOUNDS.map((bound) => range[bound][axis]!) as [number, number, number];
    const given = `dimension ${axis}${typeof dim === 'string' ? ` (${dim})` : ''}: min ${min}, opt ${opt}, max ${max}`;
    if (!isDynamic(dim) && (min !== dim || opt !== dim || max !== dim))
      fixed.push(`${given}; the model fixes it to ${dim}`);
    const reason = isDynamic(dim) ? whyNoRange(min, opt, max) : undefined;
    if (reason !== undefined) ranges.push(`${given}; ${reason}`);
  }
  if (fixed.length > 0) throw refusal('ERR_TRT_ARG_PROFILE_DIMENSION', context, range, [...fixed, ...ranges]);
  if (ranges.length > 0) throw refusal('ERR_TRT_ARG_PROFILE_RANGE', context, range, ranges);
}

/**
 * Checks the values of a shape-tensor input: integers, as many as it has elements, min <= opt <= max.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_PROFILE_VALUES, ERR_TRT_ARG_PROFILE_RANGE
 */
export function checkValues(context: RangeContext, range: ShapeRange): void {
  const { dims, hasShape, onnxType } = context.input;
  if (!/^INT(32|64)$/.test(onnxType) || dims.length > 1) {
    const text = `values are for INT32 and INT64 inputs of at most one dimension; this one is ${onnxType} with ${dims.length}`;
    throw refusal('ERR_TRT_ARG_PROFILE_VALUES', context, range, [text]);
  }
  const dim = dims[0];
  const count = !hasShape || (dim !== undefined && isDynamic(dim)) ? range.min.length : Number(dim ?? 1);
  const lengths = BOUNDS.map((bound) => range[bound].length);
  if (lengths.some((length) => length !== count)) {
    const text = `the input has ${count} value${count === 1 ? '' : 's'}, the profile gives ${lengths.join(', ')}`;
    throw refusal('ERR_TRT_ARG_PROFILE_VALUES', context, range, [text]);
  }
  const wrong = range.min.flatMap((min, index) => {
    const [opt, max] = [range.opt[index]!, range.max[index]!];
    const isInteger = [min, opt, max].every((value) => Number.isSafeInteger(value));
    const reason = isInteger ? whyUnordered(min, opt, max) : 'values are whole numbers';
    return reason === undefined ? [] : [`value ${index}: min ${min}, opt ${opt}, max ${max}; ${reason}`];
  });
  if (wrong.length > 0) throw refusal('ERR_TRT_ARG_PROFILE_RANGE', context, range, wrong);
}

function checkRank(context: RangeContext, range: ShapeRange, rank: number, expected: string): void {
  const wrong = BOUNDS.filter((bound) => range[bound].length !== rank);
  if (wrong.length === 0) return;
  const lines = wrong.map((bound) => `${bound} has ${range[bound].length}; the model has ${expected}`);
  throw refusal('ERR_TRT_ARG_PROFILE_RANK', context, range, lines);
}

function whyNoRange(min: number, opt: number, max: number): string | undefined {
  const all = [min, opt, max];
  if (!all.every((value) => Number.isInteger(value))) return 'dimensions are whole numbers';
  if (all.some((value) => value < 0)) return 'dimensions are not negative';
  if (max === 0) return 'max must be at least 1';
  if (all.some((value) => value > LARGEST_DIM)) return `dimensions are at most ${LARGEST_DIM}`;
  return whyUnordered(min, opt, max);
}

function whyUnordered(min: number, opt: number, max: number): string | undefined {
  if (min > opt) return `min ${min} is greater than opt ${opt}`;
  return opt > max ? `opt ${opt} is greater than max ${max}` : undefined;
}

function refusal(
  code: TensorRTErrorCode,
  { input, profile }: RangeContext,
  range: ShapeRange,
  lines: readonly string[],
): TensorRTError {
  const model = input.hasShape
    ? `[${input.dims.map((dim) => (dim === -1 ? '?' : dim)).join(', ')}]`
    : 'of unknown rank';
  const given = BOUNDS.map((bound) => `${bound} [${range[bound].join(', ')}]`).join(', ');
  const text = `Profile ${profile}, input "${input.name}" is ${model} in the model, ${given} in the profile:`;
  return new TensorRTError(code, [text, ...lines.map((line) => `  ${line}`)].join('\n'), {
    details: {
      profile,
      input: input.name,
      model: input.dims,
      min: range.min,
      opt: range.opt,
      max: range.max,
      problems: lines,
    },
  });
}
