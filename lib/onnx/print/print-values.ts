// SPDX-License-Identifier: Apache-2.0
import { dataTypeName, elementTypeOf } from '../data-type';
import type { InferredType } from '../infer/inferred-types';

/** A name as it is, or in quotes where it would be misread: names come with the file and may hold anything. */
export function printName(name: string): string {
  return /^[\p{L}\p{N}_./:;$@#<>|+*-]+$/u.test(name) ? name : JSON.stringify(name);
}

/** An element type, e.g. `float16`; types that the package does not have by ONNX's name. */
export function printElementType(elemType: number): string {
  if (elemType === 0) return '?';
  const type = elementTypeOf(elemType);
  return type === 'unknown' ? dataTypeName(elemType).toLowerCase() : type;
}

/** Type and shape, e.g. `float32 [batch, 3, ?]`; without brackets where the rank is not known. */
export function printType(type: InferredType | undefined): string {
  if (type === undefined) return '?';
  const element = printElementType(type.elemType);
  return type.dims === undefined ? element : `${element} [${type.dims.map((dim) => dim ?? '?').join(', ')}]`;
}

/** A number with the digits that a FLOAT has. */
export function printNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  return String(Number(value.toPrecision(6)));
}

const SHOWN_ITEMS = 8;

/** A list, cut after a few items. */
export function printList(items: readonly string[]): string {
  const rest = items.length - SHOWN_ITEMS;
  const shown = rest > 1 ? [...items.slice(0, SHOWN_ITEMS), `… ${rest} more`] : items;
  return `[${shown.join(', ')}]`;
}
