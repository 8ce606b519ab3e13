// SPDX-License-Identifier: Apache-2.0
// How far the outputs of two runs on the same inputs are apart.

import { TensorRTError } from '../../errors';
import type { ElementType } from '../../tensor/element-type';
import { numberReader } from '../../tensor/number-reader';
import type { OutputAccuracy } from '../result';

/** A tensor as `session.run` gives it. */
export interface OutputTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
}

/** Outputs of one run by name. */
export type Outputs = Readonly<Record<string, OutputTensor>>;

/** Decibels below which a difference says nothing more. */
const LEAST_DB = -300;

/**
 * Compares outputs with those of a reference, element by element; the types of both may differ. Outputs whose elements
 * are no numbers (strings, packed types) are left out.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` where an output is missing or has another shape.
 */
export function compareOutputs(reference: Outputs, outputs: Outputs): OutputAccuracy[] {
  return Object.entries(reference).flatMap(([name, expected]) => {
    const actual = outputs[name];
    if (actual === undefined) throw notComparable(name, expected, 'there is none');
    if (actual.dims.length !== expected.dims.length || actual.dims.some((dim, i) => dim !== expected.dims[i]))
      throw notComparable(name, expected, `[${actual.dims.join(', ')}]`);
    const a = numberReader(expected);
    const b = numberReader(actual);
    return a === undefined || b === undefined ? [] : [{ output: name, ...compare(expected.dims, a, b) }];
  });
}

type Reader = (index: number) => number;

function compare(dims: readonly number[], a: Reader, b: Reader): Omit<OutputAccuracy, 'output'> {
  const count = dims.reduce((product, dim) => product * dim, 1);
  let product = 0;
  let signal = 0;
  let power = 0;
  let noise = 0;
  let maxAbsDifference = 0;
  let nonFinite = 0;
  for (let index = 0; index < count; index += 1) {
    const x = a(index);
    const y = b(index);
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      if (!Object.is(x, y)) nonFinite += 1;
      continue;
    }
    const difference = Math.abs(x - y);
    product += x * y;
    signal += x * x;
    power += y * y;
    noise += difference * difference;
    if (difference > maxAbsDifference) maxAbsDifference = difference;
  }
  return {
    cosine: noise === 0 ? 1 : cosineOf(product, signal, power),
    sqnrDb: noise === 0 ? null : Math.max(LEAST_DB, 10 * Math.log10(signal / noise)),
    maxAbsDifference,
    ...(nonFinite === 0 ? {} : { nonFinite }),
    ...top1Agreement(dims, count, a, b),
  };
}

/** Zeros and anything else do not point the same way. */
function cosineOf(product: number, signal: number, power: number): number {
  if (signal === 0 || power === 0) return 0;
  return Math.min(1, Math.max(-1, product / (Math.sqrt(signal) * Math.sqrt(power))));
}

/** Rows are what the last axis has; of equal elements the first counts. */
function top1Agreement(
  dims: readonly number[],
  count: number,
  a: Reader,
  b: Reader,
): Pick<OutputAccuracy, 'top1Agreement'> {
  const columns = dims.at(-1) ?? 1;
  if (columns < 2 || count === 0) return {};
  const rows = count / columns;
  let agreeing = 0;
  for (let row = 0; row < rows; row += 1) {
    if (largest(a, row * columns, columns) === largest(b, row * columns, columns)) agreeing += 1;
  }
  return { top1Agreement: agreeing / rows };
}

function largest(read: Reader, start: number, count: number): number {
  let best = 0;
  for (let column = 1; column < count; column += 1) {
    if (read(start + column) > read(start + best)) best = column;
  }
  return best;
}

function notComparable(name: string, { dims }: OutputTensor, came: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Output "${name}" of the reference has shape [${dims.join(', ')}], but here ${came}.`,
    { hint: 'Compare models with the same outputs.', details: { output: name, expected: dims } },
  );
}
