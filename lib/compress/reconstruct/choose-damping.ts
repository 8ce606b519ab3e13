// SPDX-License-Identifier: Apache-2.0
// How strongly weights are held where they were: with few samples a little is too little, and the layer learns the samples
// by heart. So several strengths are tried on three quarters of the data and judged on the last one.

import type { Numerics } from '../../numerics/numerics';
import { normalEquations, relativeError, withLambda, type NormalEquations } from './least-squares';
import type { LayerStatistics } from './layer-statistics';
import { solveOnSupport } from './solve-on-support';

/** Parts of the mean energy of the inputs. */
const CANDIDATES: readonly number[] = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
/** Rows of all groups that are solved for it, fewer of large layers. */
const MOST_ROWS = 64;
const FEWEST_ROWS = 4;
/** What factorising them may take together, in cubes of inputs. */
const MOST_CUBES = 1e10;

/** What is to be solved, for all groups. */
export interface DampingRequest {
  readonly statistics: LayerStatistics;
  /** Weights as they were, `[outputs][size]` for each group. */
  readonly weights: readonly Float32Array[];
  /** Of all groups one after the other; undefined: everywhere. */
  readonly support?: Uint8Array | undefined;
  readonly centred: boolean;
  readonly numerics: Numerics;
}

/** The strength with the least error on the data that is held back; the smallest one where nothing can be told. */
export async function chooseDamping({
  statistics,
  weights,
  support,
  centred,
  numerics,
}: DampingRequest): Promise<number> {
  const errors = new Float64Array(CANDIDATES.length);
  const affordable = Math.floor(MOST_CUBES / statistics[0]!.input.size ** 3);
  const most = Math.max(FEWEST_ROWS, Math.min(MOST_ROWS, affordable));
  const step = Math.max(1, Math.floor(statistics.length / most));
  const rowsOfGroup = Math.max(1, Math.floor((most * step) / statistics.length));
  for (let group = 0; group < statistics.length; group += step) {
    const { input, output, held } = statistics[group]!;
    const own = weights[group]!;
    const elements = own.length;
    const options = { weights: own, centred, damping: 1 };
    const fit = normalEquations({ input, output, without: held.input.count > 0 ? held : undefined }, options);
    const judge = normalEquations(held, options);
    if (fit === undefined || judge === undefined) continue;
    const rows = pickRows(output.size, rowsOfGroup);
    const mask = support?.subarray(group * elements, (group + 1) * elements);
    await addErrors(errors, { fit, judge, weights: own, rows, mask, numerics });
  }
  let best = 0;
  for (let at = 1; at < errors.length; at++) if (errors[at]! < errors[best]!) best = at;
  return errors.some((error) => error > 0) ? CANDIDATES[best]! : CANDIDATES[1]!;
}

interface GroupTrial {
  readonly fit: NormalEquations;
  readonly judge: NormalEquations;
  readonly weights: Float32Array;
  readonly rows: Int32Array;
  readonly mask: Uint8Array | undefined;
  readonly numerics: Numerics;
}

async function addErrors(
  errors: Float64Array,
  { fit, judge, weights, rows, mask, numerics }: GroupTrial,
): Promise<void> {
  const { size } = fit;
  const original = takeRows(weights, rows, size);
  const support = mask && takeRows(mask, rows, size);
  const unit = fit.lambda;
  let equations = someOutputs(fit, rows);
  const judged = someOutputs(judge, rows);
  for (const [at, candidate] of CANDIDATES.entries()) {
    equations = withLambda(equations, candidate * unit, original);
    const solved = await solveOnSupport(equations, { support, start: original, numerics });
    const error = solved && (await relativeError(judged, solved, { original, numerics }));
    errors[at]! += error === undefined ? Infinity : error;
  }
}

function pickRows(outputs: number, most: number): Int32Array {
  const count = Math.min(outputs, most);
  return Int32Array.from({ length: count }, (_, index) => Math.floor((index * outputs) / count));
}

function takeRows<T extends Float32Array | Uint8Array>(matrix: T, rows: Int32Array, size: number): T {
  const taken = new (matrix.constructor as new (length: number) => T)(rows.length * size);
  rows.forEach((row, index) => taken.set(matrix.subarray(row * size, (row + 1) * size), index * size));
  return taken;
}

function someOutputs(equations: NormalEquations, rows: Int32Array): NormalEquations {
  const { size, outputs, b } = equations;
  const part = new Float64Array(size * rows.length);
  for (let i = 0; i < size; i++)
    for (let r = 0; r < rows.length; r++) part[i * rows.length + r] = b[i * outputs + rows[r]!]!;
  return { ...equations, b: part, outputs: rows.length };
}
