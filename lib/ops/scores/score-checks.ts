// SPDX-License-Identifier: Apache-2.0
// What the operators on scores check alike.

import { oneOf, typeError, valueError } from '../../option-checks';
import type { ElementType } from '../../tensor/element-type';
import type { OperatorOptions } from '../run-operator';
import { formatSpec, requireType, tensorError, type ArgumentName, type TensorSpec } from '../tensor-spec';

/** Floats that operators on scores take and give. */
export type ScoreType = 'float32' | 'float16' | 'bfloat16';

/** Options of operators whose results are floats. */
export interface ScoreOptions extends OperatorOptions {
  /** Type of the result's floats: `'float32'` or the input's type. Default: `'float32'`. */
  type?: ScoreType;
}

const SCORE_TYPES: readonly ElementType[] = ['float32', 'float16', 'bfloat16'];
/** Indices are int32. */
const MOST_COLUMNS = 2 ** 31 - 1;

const checkType = oneOf('float32', 'float16', 'bfloat16');

/** @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` unless it is of floats. */
export function requireScores(spec: TensorSpec, name: ArgumentName): void {
  requireType(spec, SCORE_TYPES, name);
}

/** Scores with a last axis; the other dims, and the size of the last one. */
export function readRows(
  spec: TensorSpec,
  name: ArgumentName,
): { outer: readonly number[]; columns: number } {
  requireScores(spec, name);
  const columns = spec.dims.at(-1);
  if (columns === undefined || columns > MOST_COLUMNS)
    throw tensorError(name, `at least one dimension, the last of at most ${MOST_COLUMNS}`, formatSpec(spec));
  return { outer: spec.dims.slice(0, -1), columns };
}

/** The type of the result. */
export function readType(type: ScoreType | undefined, spec: TensorSpec): ScoreType {
  if (type === undefined) return 'float32';
  checkType('type', type);
  if (type !== 'float32' && type !== spec.type)
    throw valueError(
      'type',
      type,
      `'float32'${spec.type === 'float32' ? '' : ` or '${spec.type}'`} for ${spec.type} scores`,
    );
  return type;
}

/** A number from `least` to `most`. */
export function readNumber(name: string, value: unknown, [least, most]: readonly [number, number]): number {
  const expected = `a number from ${least} to ${most}`;
  if (typeof value !== 'number') throw typeError(name, value, expected);
  if (!(value >= least && value <= most))
    throw valueError(name, Number.isFinite(value) ? value : String(value), expected);
  return value;
}

/** What logits are multiplied with. */
export function readScale(temperature: number | undefined): number {
  return temperature === undefined ? 1 : 1 / readNumber('temperature', temperature, [1e-30, 1e30]);
}
