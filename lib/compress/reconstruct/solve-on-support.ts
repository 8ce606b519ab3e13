// SPDX-License-Identifier: Apache-2.0
import type { Numerics } from '../../numerics/numerics';
import type { NormalEquations } from './least-squares';

/** Floating-point operations up to which each row has a factorisation of its own. */
const MOST_WORK = 4e9;
/** Rows that are factorised at the same time, where the arithmetic has threads. */
const ROWS_TOGETHER = 4;
/** Steps of the conjugate gradients of layers that are too large for it. */
const MOST_STEPS = 200;
/** Part of the first residual that ends them. */
const TOLERANCE = 1e-6;
/** Elements of the rows that are solved at once: 2 MiB. */
const MOST_ELEMENTS = 2 ** 18;

/**
 * The solution of H W^T = B for each row of W on its own support: all other weights are zero.
 *
 * 1. Rows with the same support share one Cholesky factorisation of the rows and columns of H that it has.
 * 2. Where that would take too long, conjugate gradients work on all rows at a time, projected to the supports. They
 *    start from `start` and each step lowers the error.
 *
 * @param support - `[outputs][size]`, 1 where a weight may differ from zero; undefined: everywhere.
 * @param start - Weights to start from.
 * @returns `[outputs][size]`; undefined if H is not positive definite on a support
 */
export async function solveOnSupport(
  equations: NormalEquations,
  {
    support,
    start,
    numerics,
  }: { support?: Uint8Array | undefined; start: ArrayLike<number>; numerics: Numerics },
): Promise<Float64Array | undefined> {
  const rows = groupRows(equations, support);
  let work = 0;
  for (const { columns } of rows) work += columns.length ** 3 / 3;
  if (work > MOST_WORK && support !== undefined) return descend(equations, { support, start, numerics });
  const weights = new Float64Array(equations.outputs * equations.size);
  for (let at = 0; at < rows.length; at += ROWS_TOGETHER) {
    const some = rows.slice(at, at + ROWS_TOGETHER);
    const solved = await Promise.all(some.map((one) => solveRows(equations, one, { weights, numerics })));
    if (solved.includes(false)) return undefined;
  }
  return weights;
}

/** True where rows of W with supports of so many weights each are too many and too long for a factorisation each. */
export function isTooLarge({ outputs }: Pick<NormalEquations, 'outputs'>, weightsOfRow: number): boolean {
  return (outputs * weightsOfRow ** 3) / 3 > MOST_WORK;
}

/** Rows of W with one support. */
interface SupportRows {
  readonly rows: number[];
  readonly columns: Int32Array;
}

function groupRows({ size, outputs }: NormalEquations, support: Uint8Array | undefined): SupportRows[] {
  const groups = new Map<string, SupportRows>();
  for (let row = 0; row < outputs; row++) {
    const columns: number[] = [];
    for (let i = 0; i < size; i++)
      if (support === undefined || support[row * size + i] !== 0) columns.push(i);
    const key = columns.length === size ? 'all' : columns.join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { rows: [row], columns: Int32Array.from(columns) });
    else group.rows.push(row);
  }
  return [...groups.values()];
}

/** @returns false if H is not positive definite there */
async function solveRows(
  { size, outputs, h, b }: NormalEquations,
  { rows, columns }: SupportRows,
  { weights, numerics }: { readonly weights: Float64Array; readonly numerics: Numerics },
): Promise<boolean> {
  const count = columns.length;
  if (count === 0) return true;
  const part = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    const from = columns[i]! * size;
    for (let j = 0; j < count; j++) part[i * count + j] = h[from + columns[j]!]!;
  }
  if (!(await numerics.cholesky(part, count))) return false;
  const most = Math.max(1, Math.floor(MOST_ELEMENTS / count));
  for (let first = 0; first < rows.length; first += most) {
    const some = rows.slice(first, first + most);
    const right = new Float64Array(count * some.length);
    for (let i = 0, at = 0; i < count; i++)
      for (const row of some) right[at++] = b[columns[i]! * outputs + row]!;
    await numerics.solveTriangular(part, right, { size: count, columns: some.length });
    await numerics.solveTriangular(part, right, { size: count, columns: some.length, transposed: true });
    for (let i = 0, at = 0; i < count; i++)
      for (const row of some) weights[row * size + columns[i]!] = right[at++]!;
  }
  return true;
}

/** Where conjugate gradients begin, and when they end. */
export interface Descent {
  readonly support: Uint8Array;
  readonly start: ArrayLike<number>;
  readonly numerics: Numerics;
  /** Default 200. */
  readonly steps?: number;
  /** Part of the first residual that ends them. Default 1e-6. */
  readonly tolerance?: number;
}

/** Conjugate gradients on all rows at a time, with the diagonal as preconditioner. */
export async function descend(equations: NormalEquations, descent: Descent): Promise<Float64Array> {
  const { size, outputs } = equations;
  const { support, start } = descent;
  const weights = Float64Array.from({ length: size * outputs }, (_, at) =>
    support[at] === 0 ? 0 : start[at]!,
  );
  // Rows do not depend on each other: some at a time take less memory.
  const step = Math.max(1, Math.floor(MOST_ELEMENTS / size));
  for (let first = 0; first < outputs; first += step)
    await descendRows(equations, weights, { ...descent, first, count: Math.min(step, outputs - first) });
  return weights;
}

async function descendRows(
  { size, outputs, h, b }: NormalEquations,
  all: Float64Array,
  { first, count, ...descent }: Descent & { readonly first: number; readonly count: number },
): Promise<void> {
  const { numerics, steps = MOST_STEPS, tolerance = TOLERANCE } = descent;
  const range = [first * size, (first + count) * size] as const;
  const [weights, support] = [all.subarray(...range), descent.support.subarray(...range)];
  const shape = { rows: count, inner: size, columns: size };
  const residual = await numerics.multiply(weights.slice(), h, shape);
  for (let at = 0; at < residual.length; at++) {
    const wanted = b[(at % size) * outputs + first + Math.floor(at / size)]!;
    residual[at] = support[at] === 0 ? 0 : wanted - residual[at]!;
  }
  const scaled = (values: Float64Array) => values.map((value, at) => value / h[(at % size) * (size + 1)]!);
  let steep = scaled(residual);
  let slopes = rowDots(residual, steep, count);
  const limits = slopes.map((slope) => tolerance ** 2 * slope);
  const direction = steep.slice();
  for (let step = 0; step < steps; step++) {
    if (slopes.every((slope, row) => slope <= limits[row]!)) break;
    const turned = await numerics.multiply(direction, h, shape);
    for (let at = 0; at < turned.length; at++) if (support[at] === 0) turned[at] = 0;
    const curvatures = rowDots(direction, turned, count);
    for (let at = 0; at < weights.length; at++) {
      const row = Math.floor(at / size);
      const length = curvatures[row]! > 0 ? slopes[row]! / curvatures[row]! : 0;
      weights[at]! += length * direction[at]!;
      residual[at]! -= length * turned[at]!;
    }
    steep = scaled(residual);
    const next = rowDots(residual, steep, count);
    for (let at = 0; at < weights.length; at++) {
      const row = Math.floor(at / size);
      direction[at] = steep[at]! + (slopes[row]! > 0 ? next[row]! / slopes[row]! : 0) * direction[at]!;
    }
    slopes = next;
  }
}

function rowDots(a: Float64Array, b: Float64Array, rows: number): Float64Array {
  const size = a.length / rows;
  const dots = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let at = row * size; at < (row + 1) * size; at++) sum += a[at]! * b[at]!;
    dots[row] = sum;
  }
  return dots;
}
