// SPDX-License-Identifier: Apache-2.0
import type { Numerics } from '../../numerics/numerics';
import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import { joinArrays } from '../layers/join-arrays';
import { biasOf, writeBias } from '../layers/layer-bias';
import { readMatrix, weightOf, writeMatrices } from '../layers/layer-matrix';
import { inputsOf, type MatrixView, type WeightLayer } from '../layers/weight-layer';
import { chooseDamping } from '../reconstruct/choose-damping';
import { hasOwnBias, movedBias } from '../reconstruct/fit-target';
import {
  DAMPING,
  dampedTo,
  normalEquations,
  relativeError,
  type NormalEquations,
} from '../reconstruct/least-squares';
import type { LayerStatistics } from '../reconstruct/layer-statistics';
import { inverseFactor } from '../reconstruct/inverse-factor';
import { descend, isTooLarge, solveOnSupport } from '../reconstruct/solve-on-support';
import type { PruneCriterion, Shrinkage } from './prune-options';
import { shrinkToShare, shrinkWeights } from './shrink-weights';
import { isSweepable, sweepSupport } from './sweep-support';
import { chooseSupport, type PruneAmount, type PrunePattern } from './support-pattern';
import { activationScores, hessianScores, magnitudes } from './weight-scores';

/** What is asked of one layer. */
export interface LayerPruning {
  readonly amount: PruneAmount;
  readonly pattern: PrunePattern;
  readonly criterion: PruneCriterion;
  readonly shrinkage?: Shrinkage | undefined;
  readonly reconstruct: boolean;
  readonly numerics: Numerics;
}

/** What became of it. */
export interface PrunedWeights {
  readonly zeros: number;
  readonly error?: { readonly before: number; readonly after: number };
  readonly damping?: number;
  /** What a reader should know of the layer. */
  readonly warning?: 'no inputs' | 'bias' | 'few samples';
}

/** Zeros in the weights of a layer by their magnitude alone. */
export function pruneByMagnitude(
  graph: GraphMessage,
  layer: WeightLayer,
  { amount, pattern }: Pick<LayerPruning, 'amount' | 'pattern'>,
): PrunedWeights {
  const weights = readAll(graph, layer);
  const support = chooseSupport(joinArrays(weights.map(magnitudes), Float32Array), layer.view, {
    amount,
    pattern,
  });
  return { zeros: writePruned(graph, layer, onSupport(weights, support)) };
}

/**
 * Prunes a layer of the compressed model with what it reads there and makes in the source:
 *
 * 1. By `'hessian'` and by shrinkage weights are chosen among those that fit the data best, so that they make up for what
 *    was lost before them; else among the weights as they are.
 * 2. Scores decide which become zero.
 * 3. The others are fitted on their support, held where they were as strongly as the data that is held back asks for.
 * 4. The bias makes up for the mean error of each output.
 *
 * Where the inputs tell nothing, or a bias is in the way that is computed, weights are chosen by magnitude and not fitted.
 */
export async function pruneByData(
  graph: GraphMessage,
  layer: WeightLayer,
  { statistics, ...asked }: LayerPruning & { readonly statistics: LayerStatistics },
): Promise<PrunedWeights> {
  const { numerics, amount, pattern } = asked;
  const bias = layer.uses.length === 1 ? biasOf(graph, layer, layer.uses[0]!) : undefined;
  if (bias === undefined && hasOwnBias(layer))
    return { ...pruneByMagnitude(graph, layer, asked), warning: 'bias' };
  const weights = readAll(graph, layer);
  const task = fitTask({ view: layer.view, statistics, weights, centred: bias !== undefined, numerics });
  const swept = await sweepLayer(task, asked);
  const scores = swept ? [] : await scoresOf(task, asked);
  if (scores === undefined) return { ...pruneByMagnitude(graph, layer, asked), warning: 'no inputs' };
  const support =
    swept?.support ?? chooseSupport(joinArrays(scores, Float32Array), layer.view, { amount, pattern });
  const masked = onSupport(weights, support);
  const before = await errorOf(task, masked);
  if (!asked.reconstruct) {
    return { zeros: writePruned(graph, layer, masked), error: { before, after: before } };
  }
  const { fitted, damping } = swept ?? (await fit(task, { support, start: masked }));
  const after = await errorOf(task, fitted);
  const zeros = writePruned(graph, layer, fitted);
  if (bias !== undefined) writeBias(graph, bias, movedBias(bias, statistics, fitted));
  const few = statistics[0]!.input.count < inputsOf(layer.view);
  return { zeros, error: { before, after }, damping, ...(few ? { warning: 'few samples' as const } : {}) };
}

/** Steps that go on from a sweep, which lets weights make up for those before them only. */
const POLISHING = { steps: 20, tolerance: 1e-3 };

/**
 * Zeros and weights of a layer without groups that is too large for exact ones, by a sweep and some steps on the support
 * that it found; undefined where another way was asked for, and where exact ones can be had.
 */
async function sweepLayer(
  task: FitTask,
  asked: LayerPruning,
): Promise<{ support: Uint8Array; fitted: Float64Array[]; damping: number } | undefined> {
  const { view, weights, numerics } = task;
  const { pattern, amount, criterion, shrinkage, reconstruct } = asked;
  const [known] = task.equations;
  const isAsked = criterion === 'hessian' && shrinkage === undefined && reconstruct && isSweepable(pattern);
  if (!isAsked || known === undefined || view.groups > 1 || !isTooLarge(known, keptOfRow(view, amount)))
    return undefined;
  const damping = await likelyDamping(task, asked);
  const equations = equationsOf(task, 0, damping)!;
  const solved = await solveOnSupport(equations, { start: weights[0]!, numerics });
  const factor = solved && (await inverseFactor(equations.h, equations.size, numerics));
  if (factor === undefined) return undefined;
  const support = await sweepSupport(solved!, { view, pattern, amount, factor, numerics });
  const fitted = await descend(equations, { support, start: solved!, numerics, ...POLISHING });
  return { support, fitted: [fitted], damping };
}

/** Weights of an output that stay, on average. */
function keptOfRow(view: MatrixView, amount: PruneAmount): number {
  return 'count' in amount ? inputsOf(view) - amount.count / view.outputs : inputsOf(view);
}

interface FitTask {
  readonly view: MatrixView;
  readonly statistics: LayerStatistics;
  /** As they were, for each group. */
  readonly weights: readonly Float32Array[];
  readonly centred: boolean;
  readonly numerics: Numerics;
  /** Of each group, damped as it was asked for last; undefined where the inputs tell nothing. */
  readonly equations: (NormalEquations | undefined)[];
}

function fitTask(given: Omit<FitTask, 'equations'>): FitTask {
  const { statistics, weights, centred } = given;
  const equations = statistics.map((sums, group) =>
    normalEquations(sums, { weights: weights[group]!, centred }),
  );
  return { ...given, equations };
}

/** For each group; undefined where the inputs tell nothing. */
async function scoresOf(task: FitTask, asked: LayerPruning): Promise<Float32Array[] | undefined> {
  const { criterion, shrinkage, numerics } = asked;
  if (task.equations.every((equations) => equations === undefined)) return undefined;
  const target = await targetOf(task, { shrinkage, asked });
  const scores: Float32Array[] = [];
  for (const [group, { input }] of task.statistics.entries()) {
    const values = target.values[group]!;
    const equations = criterion === 'hessian' ? equationsOf(task, group, target.damping) : undefined;
    const byHessian = equations && (await hessianScores(values, equations, numerics));
    scores.push(
      byHessian ?? (criterion === 'magnitude' ? magnitudes(values) : activationScores(values, input)),
    );
  }
  return scores;
}

/** The weights among which is chosen. */
async function targetOf(
  task: FitTask,
  { shrinkage, asked }: { shrinkage: Shrinkage | undefined; asked: LayerPruning },
): Promise<{ values: readonly ArrayLike<number>[]; damping?: number }> {
  if (shrinkage === undefined && (asked.criterion !== 'hessian' || !asked.reconstruct))
    return { values: task.weights };
  const damping = await likelyDamping(task, asked);
  const fitted = await solveAll(task, { damping, start: task.weights });
  if (shrinkage === undefined) return { values: fitted, damping };
  const values: Float64Array[] = [];
  for (const [group, start] of fitted.entries()) {
    const equations = equationsOf(task, group, damping);
    values.push(
      equations === undefined
        ? Float64Array.from(start)
        : await shrink(equations, start, { shrinkage, asked, all: task.weights }),
    );
  }
  return { values, damping };
}

/** How strongly weights are to be held: that of the support which the inputs alone would choose. */
async function likelyDamping(task: FitTask, { amount, pattern }: LayerPruning): Promise<number> {
  const scores = task.statistics.map(({ input }, group) => activationScores(task.weights[group]!, input));
  return chooseDamping({
    ...task,
    support: chooseSupport(joinArrays(scores, Float32Array), task.view, { amount, pattern }),
  });
}

async function shrink(
  equations: NormalEquations,
  start: ArrayLike<number>,
  { shrinkage, asked, all }: { shrinkage: Shrinkage; asked: LayerPruning; all: readonly Float32Array[] },
): Promise<Float64Array> {
  const { l1, l2 = 0 } = shrinkage;
  const { amount, numerics } = asked;
  const total = all.reduce((sum, { length }) => sum + length, 0);
  if (l1 === undefined && 'count' in amount)
    return shrinkToShare(equations, { share: amount.count / total, l2 }, { start, numerics });
  return shrinkWeights(equations, { l1: l1 ?? 0, l2 }, { start, numerics });
}

/** In the same arrays as those that were asked for before. */
function equationsOf(
  { equations, weights }: FitTask,
  group: number,
  damping = DAMPING,
): NormalEquations | undefined {
  const known = equations[group];
  equations[group] = known && dampedTo(known, damping, weights[group]!);
  return equations[group];
}

interface FitStart {
  readonly support?: Uint8Array;
  /** For each group. */
  readonly start: readonly ArrayLike<number>[];
}

/** The best weights on a support, held where they were as strongly as the data asks for. */
async function fit(task: FitTask, from: FitStart): Promise<{ fitted: ArrayLike<number>[]; damping: number }> {
  const damping = await chooseDamping({ ...task, support: from.support });
  return { fitted: await solveAll(task, { ...from, damping }), damping };
}

/** Weights of a group whose inputs tell nothing are what they start from. */
async function solveAll(
  task: FitTask,
  { support, start, damping }: FitStart & { readonly damping: number },
): Promise<ArrayLike<number>[]> {
  const fitted: ArrayLike<number>[] = [];
  for (const [group, from] of start.entries()) {
    const equations = equationsOf(task, group, damping);
    const own = support?.subarray(group * from.length, (group + 1) * from.length);
    const solved =
      equations && (await solveOnSupport(equations, { support: own, start: from, numerics: task.numerics }));
    fitted.push(solved ?? from);
  }
  return fitted;
}

/** Of all groups together, on all of the data. */
async function errorOf(task: FitTask, weights: readonly ArrayLike<number>[]): Promise<number> {
  let noise = 0;
  let energy = 0;
  for (const [group, values] of weights.entries()) {
    const equations = equationsOf(task, group);
    if (equations === undefined) continue;
    const original = task.weights[group]!;
    noise +=
      equations.whole * (await relativeError(equations, values, { original, numerics: task.numerics }));
    energy += equations.whole;
  }
  return energy === 0 ? 0 : noise / energy;
}

function readAll(graph: GraphMessage, layer: WeightLayer): Float32Array[] {
  const weight = weightOf(graph, layer);
  return Array.from({ length: layer.view.groups }, (_, group) => readMatrix(weight, layer.view, group));
}

function onSupport(weights: readonly Float32Array[], support: Uint8Array): Float32Array[] {
  return weights.map((values, group) =>
    values.map((value, at) => (support[group * values.length + at] === 0 ? 0 : value)),
  );
}

function writePruned(
  graph: GraphMessage,
  layer: WeightLayer,
  matrices: readonly ArrayLike<number>[],
): number {
  writeMatrices(graph, layer, matrices);
  let zeros = 0;
  for (const matrix of matrices)
    for (let at = 0; at < matrix.length; at++) if (Math.fround(matrix[at]!) === 0) zeros++;
  return zeros;
}
