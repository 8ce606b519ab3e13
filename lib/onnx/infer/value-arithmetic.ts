// SPDX-License-Identifier: Apache-2.0
// Arithmetic on small tensors of sizes, element by element, with broadcasting.

import { DATA_TYPE } from '../data-type';
import { MOST_ELEMENTS } from './constant-values';
import type { Dim } from './dim-algebra';
import type { NodeView, ValueRule } from './node-view';
import type { KnownValues } from './value-type';

type Item = Dim | undefined;
type ItemRule = (node: NodeView, ...items: Item[]) => Item;

/** True for a node that computes in floating point: sizes are then numbers that may be rounded. */
export function isFloat(node: NodeView): boolean {
  return node.elemType(0) === DATA_TYPE.FLOAT;
}

const WHOLE_TYPES = new Set<number>([6, DATA_TYPE.INT64, DATA_TYPE.BOOL]);

function isSupported(node: NodeView): boolean {
  return node.node.input.every(
    (_, index) => WHOLE_TYPES.has(node.elemType(index)) || node.elemType(index) === 1,
  );
}

/** A rule for each element of the inputs, broadcast to each other. */
function each(rule: ItemRule): ValueRule {
  return (node, [dims]) => {
    const inputs = node.node.input.map((_, index) => node.values(index));
    if (dims === undefined || inputs.some((one) => one === undefined) || !isSupported(node)) return [];
    if (!dims.every((dim) => typeof dim === 'number')) return [];
    const count = dims.reduce((product, dim) => product * dim, 1);
    if (!(count <= MOST_ELEMENTS)) return [];
    const items = Array.from({ length: count }, (_, position) =>
      rule(node, ...inputs.map((one) => itemAt(one!, dims, position))),
    );
    return [{ dims, items: isFloat(node) && node.node.opType !== 'Cast' ? items.map(rounded) : items }];
  };
}

const rounded = (item: Item): Item => (typeof item === 'number' ? Math.fround(item) : item);

/** The element that broadcasting puts at `position` of a tensor of `dims`. */
function itemAt(values: KnownValues, dims: readonly number[], position: number): Item {
  let rest = position;
  let index = 0;
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const size = values.dims[axis - dims.length + values.dims.length] ?? 1;
    if (size !== 1) index += (rest % dims[axis]!) * stride;
    stride *= size;
    rest = Math.floor(rest / dims[axis]!);
  }
  return values.items[index];
}

/** Numbers only. */
function numeric(compute: (...numbers: number[]) => number): ItemRule {
  return (_node, ...items) =>
    items.every((item) => typeof item === 'number') ? compute(...items) : undefined;
}

/** `compute` of sizes or numbers. */
function sizes(compute: (node: NodeView, a: Dim, b: Dim) => Item): ItemRule {
  return (node, a, b) => (a === undefined || b === undefined ? undefined : compute(node, a, b));
}

const bit = (value: boolean): number => (value ? 1 : 0);

const divide = sizes((node, a, b) => {
  if (typeof a === 'number' && typeof b === 'number') {
    if (isFloat(node)) return a / b;
    return b === 0 ? undefined : Math.trunc(a / b);
  }
  if (b === 1) return a;
  if (a === 0 || (isFloat(node) && typeof b === 'number' && !Number.isInteger(b))) return undefined;
  const exact = node.algebra.divide(a, b);
  if (exact !== undefined) return exact;
  if (isFloat(node)) return undefined;
  return node.algebra.applySigned('div', [a, b], (x, y) => Math.trunc(x / y));
});

const multiply = sizes((node, a, b) => {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const isWhole = [a, b].every((one) => typeof one === 'string' || Number.isInteger(one));
  return isWhole ? node.algebra.multiply([a, b]) : undefined;
});

const whole = (compute: (node: NodeView, a: Dim, b: Dim) => Dim) =>
  sizes((node, a, b) => {
    if ([a, b].every((one) => typeof one === 'string' || Number.isInteger(one))) return compute(node, a, b);
    return undefined;
  });

function plus(a: Item, b: Item): Item {
  return typeof a === 'number' && typeof b === 'number' ? a + b : undefined;
}

/** Python's remainder for whole numbers; C's, with the attribute `fmod`. */
const remainder: ItemRule = (node, a, b) => {
  if (typeof a !== 'number' || typeof b !== 'number' || b === 0) return undefined;
  return node.int('fmod', 0) === 1 ? a % b : a - Math.floor(a / b) * b;
};

/** Sizes are whole numbers: rounding leaves them. */
const round =
  (compute: (value: number) => number): ItemRule =>
  (_node, a) =>
    typeof a === 'number' ? compute(a) : a;

const cast: ItemRule = (node, a) => {
  const to = node.int('to', 0);
  if (to === DATA_TYPE.BOOL) return typeof a === 'number' ? bit(a !== 0) : undefined;
  if (to === DATA_TYPE.FLOAT) return rounded(a);
  if (!WHOLE_TYPES.has(to)) return undefined;
  return typeof a === 'number' ? Math.trunc(a) : a;
};

const equal: ItemRule = (node, a, b) => {
  if (typeof a === 'number' && typeof b === 'number') return bit(a === b);
  if (a !== undefined && a === b) return 1;
  const [number, symbol] = typeof a === 'number' ? [a, b] : [b, a];
  const isImpossible =
    typeof number === 'number' && number < 0 && typeof symbol === 'string' && node.algebra.isSize(symbol);
  return isImpossible ? 0 : undefined;
};

const where: ItemRule = (_node, condition, a, b) => {
  if (typeof condition === 'number') return condition !== 0 ? a : b;
  return a === b ? a : undefined;
};

export const ARITHMETIC: Readonly<Record<string, ValueRule>> = {
  Add: each((node, a, b) => plus(a, b) ?? whole((view, x, y) => view.algebra.add(x, y))(node, a, b)),
  Sub: each((node, a, b) =>
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : whole((view, x, y) => view.algebra.subtract(x, y))(node, a, b),
  ),
  Mul: each(multiply),
  Div: each(divide),
  Mod: each(remainder),
  Min: each(numeric(Math.min)),
  Max: each(numeric(Math.max)),
  Neg: each(numeric((a) => -a)),
  Abs: each((node, a) => (typeof a === 'string' && node.algebra.isSize(a) ? a : numeric(Math.abs)(node, a))),
  Floor: each(round(Math.floor)),
  Ceil: each(round(Math.ceil)),
  Relu: each(numeric((a) => Math.max(a, 0))),
  Cast: each(cast),
  Equal: each(equal),
  Greater: each(numeric((a, b) => bit(a > b))),
  GreaterOrEqual: each(numeric((a, b) => bit(a >= b))),
  Less: each(numeric((a, b) => bit(a < b))),
  LessOrEqual: each(numeric((a, b) => bit(a <= b))),
  And: each(numeric((a, b) => bit(a !== 0 && b !== 0))),
  Or: each(numeric((a, b) => bit(a !== 0 || b !== 0))),
  Not: each(numeric((a) => bit(a === 0))),
  Where: each(where),
};
