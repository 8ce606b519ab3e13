// SPDX-License-Identifier: Apache-2.0
import type { Numerics } from '../../numerics/numerics';
import type { NormalEquations } from './least-squares';

/** Floating-point operations up to which each row has a factorisation of its own; minutes lie beyond. */
const MOST_WORK = 4e10;
/** Rows that are factorised at the same time, where the arithmetic has threads. */
const ROWS_TOGETHER = 4;
/** Steps of the conjugate gradients of layers that are too large for it. */
const MOST_STEPS = 200;
/** Part of the first residual that ends them. */
const TOLERANCE = 1e-6;

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
    const solved = await Promise.all(some.map((one) => solveRows(equations, one, numerics)));
    for (const [index, values] of solved.entries()) {
      if (values === undefined) return undefined;
      spread(weights, equations.size, { ...some[index]!, values });
    }
  }
  return weights;
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

/** @returns `[columns, rows]` */
async function solveRows(
  { size, outputs, h, b }: NormalEquations,
  { rows, columns }: SupportRows,
  numerics: Numerics,
): Promise<Float64Array | undefined> {
  const count = columns.length;
  if (count === 0) return new Float64Array(0);
  const part = new Float64Array(count * count);
  const right = new Float64Array(count * rows.length);
  for (let i = 0; i < count; i++) {
    const from = columns[i]! * size;
    for (let j = 0; j < count; j++) part[i * count + j] = h[from + columns[j]!]!;
    for (let r = 0; r < rows.length; r++) right[i * rows.length + r] = b[columns[i]! * outputs + rows[r]!]!;
  }
  if (!(await numerics.cholesky(part, count))) return undefined;
  await numerics.solveTriangular(part, right, { size: count, columns: rows.length });
  await numerics.solveTriangular(part, right, { size: count, columns: rows.length, transposed: true });
  return right;
}

function spread(
  weights: Float64Array,
  size: number,
  { rows, columns, values }: SupportRows & { values: Float64Array },
): void {
  for (let i = 0; i < columns.length; i++)
    for (let r = 0; r < rows.length; r++)
      weights[rows[r]! * size + columns[i]!] = values[i * rows.length + r]!;
}

/** Conjugate gradients on all rows at a time, with the diagonal as preconditioner. */
export async function descend(
  { size, outputs, h, b }: NormalEquations,
  { support, start, numerics }: { support: Uint8Array; start: ArrayLike<number>; numerics: Numerics },
): Promise<Float64Array> {
  const weights = Float64Array.from(start, (value, at) => (support[at] === 0 ? 0 : value));
  const shape = { rows: outputs, inner: size, columns: size };
  const residual = await numerics.multiply(weights, h, shape);
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < size; i++) {
      const at = o * size + i;
      residual[at] = support[at] === 0 ? 0 : b[i * outputs + o]! - residual[at]!;
    }
  const scaled = (values: Float64Array) => values.map((value, at) => value / h[(at % size) * (size + 1)]!);
  let steep = scaled(residual);
  let slopes = rowDots(residual, steep, outputs);
  const first = slopes.slice();
  const direction = steep.slice();
  for (let step = 0; step < MOST_STEPS; step++) {
    if (slopes.every((slope, row) => slope <= TOLERANCE ** 2 * first[row]!)) break;
    const turned = await numerics.multiply(direction, h, shape);
    for (let at = 0; at < turned.length; at++) if (support[at] === 0) turned[at] = 0;
    const curvatures = rowDots(direction, turned, outputs);
    for (let at = 0; at < weights.length; at++) {
      const row = Math.floor(at / size);
      const length = curvatures[row]! > 0 ? slopes[row]! / curvatures[row]! : 0;
      weights[at]! += length * direction[at]!;
      residual[at]! -= length * turned[at]!;
    }
    steep = scaled(residual);
    const next = rowDots(residual, steep, outputs);
    for (let at = 0; at < weights.length; at++) {
      const row = Math.floor(at / size);
      direction[at] = steep[at]! + (slopes[row]! > 0 ? next[row]! / slopes[row]! : 0) * direction[at]!;
    }
    slopes = next;
  }
  return weights;
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
