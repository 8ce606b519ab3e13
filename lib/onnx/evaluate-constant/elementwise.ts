// SPDX-License-Identifier: Apache-2.0
// Arithmetic element by element. Results are rounded once, when they are stored: a FLOAT operation computed in doubles and
// then rounded is the rounded exact result for +, -, *, / and the square root.

import { DATA_TYPE } from '../data-type';
import { intAttribute } from '../graph/graph-walk';
import { allocate, hasUnknown, NotEvaluable, type ConstantValue } from './constant-value';
import type { Evaluation, Evaluator } from './evaluation';
import { broadcastDims, broadcastTo } from './strided-copy';

type Unary = (x: number) => number;
type Binary = (a: number, b: number) => number;

const { FLOAT, DOUBLE, BOOL, FLOAT16, BFLOAT16 } = DATA_TYPE;

const FLOAT_UNARY: Readonly<Record<string, Unary>> = {
  Sqrt: Math.sqrt,
  Exp: Math.exp,
  Log: Math.log,
  Reciprocal: (x) => 1 / x,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sin: Math.sin,
  Cos: Math.cos,
  Tanh: Math.tanh,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};
const ANY_UNARY: Readonly<Record<string, Unary>> = {
  Neg: (x) => -x,
  Abs: Math.abs,
  Sign: Math.sign,
  Relu: (x) => Math.max(x, 0),
};
const COMPARISONS: Readonly<Record<string, Binary>> = {
  Equal: (a, b) => (a === b ? 1 : 0),
  Greater: (a, b) => (a > b ? 1 : 0),
  GreaterOrEqual: (a, b) => (a >= b ? 1 : 0),
  Less: (a, b) => (a < b ? 1 : 0),
  LessOrEqual: (a, b) => (a <= b ? 1 : 0),
};
const LOGIC: Readonly<Record<string, Binary>> = {
  And: (a, b) => a & b,
  Or: (a, b) => a | b,
  Xor: (a, b) => a ^ b,
};
const ARITHMETIC: Readonly<Record<string, Binary>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Pow: (a, b) => a ** b,
};
const VARIADIC: Readonly<Record<string, Binary>> = {
  Min: (a, b) => Math.min(a, b),
  Max: (a, b) => Math.max(a, b),
  Sum: (a, b) => a + b,
};

function isFloat(type: number): boolean {
  return type === FLOAT || type === DOUBLE;
}

/** Half-wide types are moved and cast, not computed with: runtimes differ in how they round in between. */
function isArithmetic(type: number): boolean {
  return type !== BOOL && type !== FLOAT16 && type !== BFLOAT16;
}

function unary(compute: Unary, accepts: (type: number) => boolean): Evaluator {
  return (evaluation) => {
    const { type, dims, data } = evaluation.input(0);
    if (!accepts(type)) throw new NotEvaluable();
    const result = allocate(type, data.length);
    for (let i = 0; i < data.length; i++) result[i] = compute(data[i]!);
    return [{ type, dims, data: result }];
  };
}

function combine(
  evaluation: Evaluation,
  compute: Binary,
  [a, b]: readonly [ConstantValue, ConstantValue],
  type = a.type,
): ConstantValue {
  const dims = broadcastDims(a.dims, b.dims);
  evaluation.checkSize(type, dims);
  const [left, right] = [broadcastTo(a, dims).data, broadcastTo(b, dims).data];
  const data = allocate(type, left.length);
  const isWhole = !isFloat(type);
  for (let i = 0; i < data.length; i++) {
    const result = compute(left[i]!, right[i]!);
    // NaN is an element that is not known; fractions and what a double does not hold exactly would be stored wrongly.
    if (isWhole && !Number.isSafeInteger(result) && !Number.isNaN(result)) throw new NotEvaluable();
    data[i] = result;
  }
  return { type, dims, data };
}

function pair(evaluation: Evaluation): [ConstantValue, ConstantValue] {
  return [evaluation.input(0), evaluation.input(1)];
}

function binary(compute: Binary): Evaluator {
  return (evaluation) => {
    const operands = pair(evaluation);
    const [a, b] = operands;
    const isMixed = a.type !== b.type && evaluation.node.opType !== 'Pow';
    if (isMixed || !isArithmetic(a.type) || !isArithmetic(b.type)) throw new NotEvaluable();
    return [combine(evaluation, compute, operands)];
  };
}

function comparison(compute: Binary): Evaluator {
  return (evaluation) => {
    const operands = pair(evaluation);
    const isComparable = ({ type }: ConstantValue) => isArithmetic(type) || type === BOOL;
    if (!operands.every((one) => isComparable(one) && !hasUnknown(one))) throw new NotEvaluable();
    return [combine(evaluation, compute, operands, BOOL)];
  };
}

function variadic(compute: Binary): Evaluator {
  return (evaluation) => {
    const operands = evaluation.inputs.map((_, position) => evaluation.input(position));
    if (operands.length === 0 || !operands.every(({ type }) => isArithmetic(type))) throw new NotEvaluable();
    return [operands.reduce((sum, one) => combine(evaluation, compute, [sum, one]))];
  };
}

const divide: Evaluator = (evaluation) => {
  const operands = pair(evaluation);
  const { type } = operands[0];
  if (!isArithmetic(type)) throw new NotEvaluable();
  if (isFloat(type)) return [combine(evaluation, (a, b) => a / b, operands)];
  if (operands[1].data.includes(0)) throw new NotEvaluable();
  return [combine(evaluation, (a, b) => Math.trunc(a / b), operands)];
};

const remainder: Evaluator = (evaluation) => {
  const operands = pair(evaluation);
  const { type } = operands[0];
  const isTruncated = intAttribute(evaluation.node, 'fmod', 0) === 1;
  if (!isArithmetic(type) || (!isTruncated && isFloat(type))) throw new NotEvaluable();
  if (!isFloat(type) && operands[1].data.includes(0)) throw new NotEvaluable();
  // Without fmod the sign is that of the divisor.
  const compute: Binary = isTruncated ? (a, b) => a % b : (a, b) => ((a % b) + b) % b;
  return [combine(evaluation, compute, operands)];
};

const negate: Evaluator = (evaluation) => {
  const { type, dims, data } = evaluation.input(0);
  if (type !== BOOL) throw new NotEvaluable();
  return [{ type, dims, data: Uint8Array.from(data, (value) => 1 - value) }];
};

const logic =
  (compute: Binary): Evaluator =>
  (evaluation) => {
    const operands = pair(evaluation);
    if (operands.some(({ type }) => type !== BOOL)) throw new NotEvaluable();
    return [combine(evaluation, compute, operands)];
  };

/** Chooses from two values of any type. */
const where: Evaluator = (evaluation) => {
  const [condition, yes, no] = [0, 1, 2].map((position) => evaluation.input(position)) as [
    ConstantValue,
    ConstantValue,
    ConstantValue,
  ];
  const dims = broadcastDims(condition.dims, yes.dims, no.dims);
  evaluation.checkSize(yes.type, dims);
  const [choice, a, b] = [condition, yes, no].map((one) => broadcastTo(one, dims).data);
  const data = allocate(yes.type, choice!.length);
  for (let i = 0; i < data.length; i++) data[i] = choice![i] === 0 ? b![i]! : a![i]!;
  return [{ type: yes.type, dims, data }];
};

function table<T>(
  functions: Readonly<Record<string, T>>,
  make: (one: T) => Evaluator,
): [string, Evaluator][] {
  return Object.entries(functions).map(([op, one]) => [op, make(one)]);
}

/** Operators that work element by element, with numpy's broadcasting. */
export const ELEMENTWISE: readonly (readonly [string, Evaluator])[] = [
  ...table(FLOAT_UNARY, (one) => unary(one, isFloat)),
  ...table(ANY_UNARY, (one) => unary(one, isArithmetic)),
  ...table(ARITHMETIC, binary),
  ...table(COMPARISONS, comparison),
  ...table(LOGIC, logic),
  ...table(VARIADIC, variadic),
  ['Div', divide],
  ['Mod', remainder],
  ['Not', negate],
  ['Where', where],
];
