// SPDX-License-Identifier: Apache-2.0
// Automatic mixed precision: as few layers as needed stay in higher precision.

import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { throwIfAborted } from '../observe/stop-work';
import type { AccuracyBound } from '../quantize-options';
import { MeasuredBound, type BoundScore } from './measured-bound';
import type { LayerSensitivity, OutputScorer } from './scan-sensitivity';

/** A layer that stays in higher precision. */
export interface KeptLayer {
  readonly node: string;
  readonly op: string;
  readonly reason: string;
  /** SQNR of the outputs in dB with only this layer quantised. */
  readonly sqnrDb: number;
}

/** A number of layers kept, and what was reached with it. */
export interface BoundTrial {
  readonly kept: number;
  readonly score: BoundScore;
}

/** A model that keeps the bound. */
export interface BoundedModel {
  readonly model: OnnxModel;
  /** The most sensitive first. */
  readonly kept: readonly KeptLayer[];
  readonly score: BoundScore;
  readonly tried: readonly BoundTrial[];
}

/** What to keep within which bound. */
export interface KeepWithinBoundOptions {
  /** Ranked, the most sensitive first; asked for only if the bound does not hold without. */
  readonly sensitivities: () => Promise<readonly LayerSensitivity[]>;
  /** A model in which all layers but these are quantised. */
  readonly quantizeWithout: (kept: ReadonlySet<string>) => Promise<OnnxModel> | OnnxModel;
  readonly judge: OutputScorer;
  readonly bound: AccuracyBound;
  /** The source's score by `bound.score`. */
  readonly baselineScore?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: string) => void;
}

/** Layers that are tried to be put back, at most. */
const MOST_RETURNS = 32;

interface Search {
  readonly ranked: readonly LayerSensitivity[];
  readonly measure: (kept: ReadonlySet<string>) => Promise<Measured>;
}

interface Measured {
  readonly kept: ReadonlySet<string>;
  readonly model: OnnxModel;
  readonly score: BoundScore;
}

/**
 * Finds as few layers as needed to stay in higher precision:
 *
 * 1. none, if the bound holds as it is;
 * 2. the 1, 2, 4, … most sensitive ones until it holds, then the number between is halved in;
 * 3. each of them is put back if the bound holds without it, the least sensitive first.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_BOUND if the bound does not hold with a single layer quantised;
 * ERR_TRT_ARG_VALUE for a bound that makes no sense; ERR_TRT_RUN_ABORTED
 */
export async function keepWithinBound(options: KeepWithinBoundOptions): Promise<BoundedModel> {
  const { quantizeWithout, judge, bound, baselineScore, signal, onProgress } = options;
  const limits = new MeasuredBound(bound, judge, baselineScore);
  const tried: BoundTrial[] = [];
  const measure = async (kept: ReadonlySet<string>): Promise<Measured> => {
    throwIfAborted(signal);
    onProgress?.(`measuring with ${kept.size} layers in higher precision`);
    const model = await quantizeWithout(kept);
    const score = await limits.measure(model);
    tried.push({ kept: kept.size, score });
    return { kept, model, score };
  };
  const all = await measure(new Set());
  if (holds(all)) return { model: all.model, kept: [], score: all.score, tried };
  const search: Search = { ranked: await options.sensitivities(), measure };
  const fewest = await findFewest(search);
  if (fewest === undefined) throw unreachable(bound, tried);
  const { model, score, kept } = await putBack(search, fewest);
  return { model, score, tried, kept: search.ranked.filter(({ node }) => kept.has(node)).map(describe) };
}

function holds({ score }: Measured): boolean {
  return score.missed.length === 0;
}

/** One layer at least has to be quantised. */
async function findFewest({ ranked, measure }: Search): Promise<Measured | undefined> {
  const most = ranked.length - 1;
  let [fails, count] = [0, Math.min(1, most)];
  let found: Measured | undefined;
  while (count > fails) {
    const one = await measure(firstOf(ranked, count));
    if (holds(one)) {
      found = one;
      break;
    }
    fails = count;
    count = Math.min(most, count * 2);
  }
  while (found !== undefined && found.kept.size - fails > 1) {
    const middle = await measure(firstOf(ranked, Math.floor((fails + found.kept.size) / 2)));
    if (holds(middle)) found = middle;
    else fails = middle.kept.size;
  }
  return found;
}

function firstOf(ranked: readonly LayerSensitivity[], count: number): Set<string> {
  return new Set(ranked.slice(0, count).map(({ node }) => node));
}

async function putBack({ ranked, measure }: Search, found: Measured): Promise<Measured> {
  let best = found;
  const candidates = ranked.filter(({ node }) => found.kept.has(node)).reverse();
  // Without the least sensitive one the bound was found not to hold.
  for (const { node } of candidates.slice(1, 1 + MOST_RETURNS)) {
    const fewer = await measure(new Set([...best.kept].filter((one) => one !== node)));
    if (holds(fewer)) best = fewer;
  }
  return best;
}

function describe({ node, op, sqnrDb, measuredWith }: LayerSensitivity): KeptLayer {
  const how = measuredWith === 1 ? 'alone' : `with ${measuredWith - 1} others, its share`;
  return { node, op, sqnrDb, reason: `quantised ${how}, the outputs are at ${sqnrDb.toFixed(1)} dB` };
}

function unreachable(bound: AccuracyBound, tried: readonly BoundTrial[]): TensorRTError {
  const best = tried.reduce((a, b) => (b.score.sqnrDb > a.score.sqnrDb ? b : a));
  const { drop, cosine, sqnrDb, missed } = best.score;
  const reached = `drop ${(100 * drop).toFixed(2)} %, cosine ${cosine.toFixed(5)}, ${sqnrDb.toFixed(1)} dB`;
  const asked = missed.map((name) => `${name} ${bound[name]}`).join(', ');
  return new TensorRTError(
    'ERR_TRT_QUANT_BOUND',
    `The bound ${asked} cannot be kept: with ${best.kept} layers in higher precision, ${reached} was the best.`,
    {
      hint: 'Loosen the bound, give more calibration data, or use fp16.',
      details: { bound: { ...bound, score: undefined }, reached: best.score, kept: best.kept },
    },
  );
}
