// SPDX-License-Identifier: Apache-2.0
// One layer, as the data asks for it: first the weights that make of what comes in now what the source makes, then the
// factors of the rank that lose least of that, then the bias for what is lost on average.

import type { Numerics } from '../../numerics/numerics';
import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import { biasOf, writeBias, type LayerBias } from '../layers/layer-bias';
import { readMatrix, weightOf } from '../layers/layer-matrix';
import { chooseDamping } from '../reconstruct/choose-damping';
import { isFittable, movedBias, relativeDistance } from '../reconstruct/fit-target';
import type { GroupStatistics } from '../reconstruct/layer-statistics';
import { normalEquations, relativeError } from '../reconstruct/least-squares';
import { solveOnSupport } from '../reconstruct/solve-on-support';
import type { RankPoint } from './choose-ranks';
import type { FactorLayer } from './factor-layers';
import { factorsOf, productOfFactors } from './shape-factors';
import { writeFactors } from './write-factors';

/** What a layer is to become. */
export interface FactorFit {
  readonly one: FactorLayer;
  readonly point: RankPoint;
  /** Sums over the data; undefined without. */
  readonly statistics: GroupStatistics | undefined;
  readonly numerics: Numerics;
}

/**
 * Takes a layer apart in the graph that is being compressed.
 *
 * @returns the relative error of what it makes, as a root of the mean of squares: on the data where that tells something
 */
export async function fitFactors(
  graph: GraphMessage,
  fit: FactorFit,
): Promise<{ readonly error: number; readonly isByData: boolean }> {
  const { one, point, statistics, numerics } = fit;
  const { layer, shape } = one;
  const original = readMatrix(weightOf(graph, layer), layer.view);
  const bias = biasOf(graph, layer, layer.uses[0]!);
  const target = statistics && (await bestWeights(statistics, { original, bias, one, numerics }));
  const weights = target?.weights ?? Float64Array.from(original);
  const form = point.form!;
  const task = { shape, weights, gram: target?.gram };
  const factors = await factorsOf(task, { form, ranks: point.ranks }, numerics);
  const product = await productOfFactors(factors, shape, numerics);
  if (statistics !== undefined && bias !== undefined && target?.fitted === true)
    writeBias(graph, bias, movedBias(bias, [statistics], [product]));
  writeFactors(graph, layer, factors);
  const error = target === undefined ? relativeDistance(original, product) : await target.errorOf(product);
  return { error: Math.sqrt(error), isByData: target !== undefined };
}

/** Samples for each input from which on the usual damping serves. */
const ENOUGH_SAMPLES = 8;

interface Target {
  readonly weights: Float64Array;
  readonly gram: Float64Array;
  /** True if the weights were fitted to what the source makes. */
  readonly fitted: boolean;
  readonly errorOf: (weights: Float64Array) => Promise<number>;
}

/** The weights that are best whole; undefined where the data tells nothing. */
async function bestWeights(
  statistics: GroupStatistics,
  {
    original,
    bias,
    one: { layer },
    numerics,
  }: {
    original: Float32Array;
    bias: LayerBias | undefined;
    one: FactorLayer;
    numerics: Numerics;
  },
): Promise<Target | undefined> {
  const centred = bias !== undefined;
  const isFitted = isFittable(layer, centred);
  const request = { statistics: [statistics], weights: [original], centred, numerics };
  const { count, size } = statistics.input;
  const isFew = count < ENOUGH_SAMPLES * size;
  const damping = isFitted && isFew ? { damping: await chooseDamping(request) } : {};
  const equations = normalEquations(statistics, { weights: original, centred, ...damping });
  if (equations === undefined) return undefined;
  const { h: gram } = equations;
  const errorOf = (weights: Float64Array) => relativeError(equations, weights, { original, numerics });
  const own = Float64Array.from(original);
  if (!isFitted) return { weights: own, gram, fitted: false, errorOf };
  const solved = await solveOnSupport(equations, { start: original, numerics });
  return { weights: solved ?? own, gram, fitted: solved !== undefined, errorOf };
}
