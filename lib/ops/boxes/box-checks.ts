// SPDX-License-Identifier: Apache-2.0
// What the operators on boxes check alike.

import { typeError, valueError, type OptionCheck } from '../../option-checks';
import { formatSpec, requireRank, requireType, tensorError } from '../tensor-spec';
import type { ArgumentName, TensorSpec } from '../tensor-spec';

/** Images at once: what a grid of blocks has room for. */
const MAX_IMAGES = 65_535;

/** A number that `isRight` takes; `expected` says which those are. Never NaN. */
export function numberThat(expected: string, isRight: (value: number) => boolean): OptionCheck {
  return (name, value) => {
    if (typeof value !== 'number') throw typeError(name, value, expected);
    if (!isRight(value)) throw valueError(name, Number.isFinite(value) ? value : String(value), expected);
  };
}

/** From 0 to 1. */
export const fraction = numberThat('a number from 0 to 1', (value) => value >= 0 && value <= 1);

/** Above 0, and finite as a float32. */
export const positive = numberThat(
  'a positive number',
  (value) => Math.fround(value) > 0 && Number.isFinite(Math.fround(value)),
);

/** Finite as a float32. */
export const finite = numberThat('a finite number', (value) => Number.isFinite(Math.fround(value)));

/** Boxes `[N, A, 4]`, float32. */
export function requireBoxes(spec: TensorSpec, name: ArgumentName): readonly [images: number, boxes: number] {
  requireType(spec, ['float32'], name);
  requireRank(spec, [3, 3], name);
  const [images, boxes, corners] = spec.dims as [number, number, number];
  if (corners !== 4) throw tensorError(name, 'four corners a box, [N, A, 4]', formatSpec(spec));
  requireImages(spec, name);
  return [images, boxes];
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` for more images than one call takes. */
export function requireImages(spec: TensorSpec, name: ArgumentName): void {
  if (spec.dims[0]! > MAX_IMAGES) throw tensorError(name, `at most ${MAX_IMAGES} images`, formatSpec(spec));
}
