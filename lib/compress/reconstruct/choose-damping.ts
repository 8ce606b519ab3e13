// SPDX-License-Identifier: Apache-2.0
// How strongly weights are held where they were: with few samples a little is too little, and the layer learns the samples
// by heart. So several strengths are tried on three quarters of the data and judged on the last one.

import type { Numerics } from '../../numerics/numerics';
import { takeRows } from './held-rows';
import { normalEquations, relativeError, withLambda, type NormalEquations, type Sums } from './least-squares';
import type { GroupStatistics, LayerStatistics } from './layer-statistics';
import { solveOnSupport } from './solve-on-support';

/** Parts of the mean energy of the inputs. */
const CANDIDATES: readonly number[] = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

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
  for (const [group, own] of statistics.entries()) {
    const { rows } = own.held;
    if (rows.length === 0) continue;
    const { size } = own.input;
    const elements = weights[group]!.length;
    const original = takeRows(weights[group]!, rows, size);
    const mask = support && takeRows(support.subarray(group * elements, (group + 1) * elements), rows, size);
    const trial = equationsOf(own, original, centred);
    if (trial !== undefined) await addErrors(errors, { ...trial, original, mask, numerics });
  }
  let best = 0;
  for (let at = 1; at < errors.length; at++) if (errors[at]! < errors[best]!) best = at;
  return errors.some((error) => error > 0) ? CANDIDATES[best]! : CANDIDATES[1]!;
}

interface Trial {
  readonly fit: NormalEquations;
  readonly judge: NormalEquations;
}

/** Of the outputs that are held back. */
function equationsOf(
  { input, output, held }: GroupStatistics,
  weights: Float32Array,
  centred: boolean,
): Trial | undefined {
  const options = { weights, centred, damping: 1 };
  const without = held.input.count > 0 ? held : undefined;
  const fit = normalEquations({ input, output: someOutputs(output, held.rows), without }, options);
  const judge = fit && normalEquations(held, options);
  return fit && judge && { fit, judge };
}

function someOutputs(output: GroupStatistics['output'], rows: Int32Array): Sums['output'] {
  const { inputs, size, cross, whole } = output;
  const part = new Float64Array(inputs * rows.length);
  for (let i = 0, at = 0; i < inputs; i++)
    for (let r = 0; r < rows.length; r++) part[at++] = cross[i * size + rows[r]!]!;
  const taken = ({ sums, squares }: Pick<Sums['output'], 'sums' | 'squares'>) => ({
    sums: Float64Array.from(rows, (row) => sums[row]!),
    squares: Float64Array.from(rows, (row) => squares[row]!),
  });
  return { size: rows.length, cross: part, ...taken(output), whole: whole && taken(whole) };
}

interface GroupTrial extends Trial {
  /** Weights of the outputs as they were. */
  readonly original: Float32Array;
  readonly mask: Uint8Array | undefined;
  readonly numerics: Numerics;
}

async function addErrors(
  errors: Float64Array,
  { fit, judge, original, mask, numerics }: GroupTrial,
): Promise<void> {
  const unit = fit.lambda;
  let equations = fit;
  for (const [at, candidate] of CANDIDATES.entries()) {
    equations = withLambda(equations, candidate * unit, original);
    const solved = await solveOnSupport(equations, { support: mask, start: original, numerics });
    const error = solved && (await relativeError(judge, solved, { original, numerics }));
    errors[at]! += error === undefined ? Infinity : error;
  }
}
