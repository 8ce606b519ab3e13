// SPDX-License-Identifier: Apache-2.0
import { type LatencyBlock } from '../../result';
import { lowerBound, upperBound } from '../../stats/histogram';
import { shorten } from '../../../html/numbers';

/** All latencies of a measurement: ranges of rising milliseconds with the calls in them. */
export interface LatencyShape {
  readonly total: number;
  readonly ranges: readonly LatencyRange[];
}

interface LatencyRange {
  readonly lowMs: number;
  readonly highMs: number;
  readonly count: number;
}

/** Adds up the histograms of the blocks. */
export function mergeBlocks(blocks: readonly LatencyBlock[]): LatencyShape {
  const counts = new Map<number, number>();
  for (const { histogram } of blocks) {
    for (let at = 0; at + 1 < histogram.length; at += 2) {
      counts.set(histogram[at]!, (counts.get(histogram[at]!) ?? 0) + histogram[at + 1]!);
    }
  }
  const ranges = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([bucket, count]) => ({ lowMs: lowerBound(bucket), highMs: upperBound(bucket), count }));
  return { total: ranges.reduce((sum, { count }) => sum + count, 0), ranges };
}

/** Points per factor of ten in 1 / (1 - p). */
const CURVE_STEPS = 40;

/** Where percentile p (from 0 to 1) stands on the axis of a percentile curve, as HdrHistogram plots it. */
export function percentilePlace(p: number): number {
  return -Math.log10(1 - p);
}

/** The percentile curve up to the largest percentile that the number of calls can tell, and one step more: the slowest call. */
export function percentileCurve({ total, ranges }: LatencyShape, maxMs: number): [x: number[], y: number[]] {
  const xs: number[] = [];
  const ys: number[] = [];
  const steps = Math.floor(Math.log10(Math.max(1, total)) * CURVE_STEPS);
  let range = 0;
  let below = ranges[0]?.count ?? 0;
  for (let step = 0; step <= steps && total > 0; step++) {
    const x = step / CURVE_STEPS;
    const rank = Math.max(1, Math.ceil((1 - 10 ** -x) * total - 1e-9));
    while (below < rank && range + 1 < ranges.length) below += ranges[++range]!.count;
    xs.push(shorten(x));
    ys.push(shorten(Math.min(ranges[range]!.highMs, maxMs)));
  }
  if (total > 0) {
    xs.push(shorten((steps + 1) / CURVE_STEPS));
    ys.push(shorten(maxMs));
  }
  return [xs, ys];
}

/** Bars of equal width. */
export interface Bars {
  /** Left edges in milliseconds. */
  readonly edgesMs: readonly number[];
  /** Share of all calls in percent. */
  readonly percent: readonly number[];
  /** Calls beyond the last bar. */
  readonly beyond: number;
  readonly endMs: number;
}

/** Share of the calls that the bars hold; a long tail would press the rest into one bar. */
const SHOWN = 0.995;
const BARS = { min: 12, max: 64 };

/** The histogram from the fastest call on; its far tail is counted, not drawn. */
export function latencyBars(shape: LatencyShape, minMs: number, maxMs: number): Bars {
  const { total, ranges } = shape;
  const startMs = minMs;
  const shownMs = valueAt(shape, SHOWN);
  const endMs = maxMs - minMs <= 1.5 * (shownMs - minMs) ? Math.max(maxMs, shownMs) : shownMs;
  const widthMs = barWidth(shape, endMs - startMs);
  const bars = Math.max(1, Math.ceil((endMs - startMs) / widthMs - 1e-9));
  const calls = new Array<number>(bars).fill(0);
  let beyond = 0;
  for (const range of ranges) {
    if (range.lowMs >= endMs) beyond += range.count;
    else spread(clip(range, minMs, maxMs), calls, { startMs, widthMs });
  }
  return {
    edgesMs: calls.map((_, index) => shorten(startMs + index * widthMs)),
    percent: calls.map((count) => shorten((count / total) * 100)),
    beyond,
    endMs,
  };
}

/** By the rule of Freedman and Diaconis, within reason. */
function barWidth(shape: LatencyShape, lengthMs: number): number {
  const quartiles = valueAt(shape, 0.75) - valueAt(shape, 0.25);
  const rule = (2 * quartiles) / Math.cbrt(Math.max(1, shape.total));
  const bars = rule > 0 ? lengthMs / rule : BARS.min;
  return Math.max(lengthMs, 1e-9) / Math.round(Math.min(BARS.max, Math.max(BARS.min, bars)));
}

/** The outer buckets reach beyond the fastest and the slowest call, where no call is. */
function clip({ lowMs, highMs, count }: LatencyRange, minMs: number, maxMs: number): LatencyRange {
  return { lowMs: Math.max(lowMs, minMs), highMs: Math.max(Math.min(highMs, maxMs), minMs), count };
}

/** Gives each bar its part of the range: whole buckets on one side would draw a comb where bars are about as narrow. */
function spread(range: LatencyRange, calls: number[], bars: { startMs: number; widthMs: number }): void {
  const first = (range.lowMs - bars.startMs) / bars.widthMs;
  const last = (range.highMs - bars.startMs) / bars.widthMs;
  const place = (at: number) => Math.min(calls.length - 1, Math.max(0, Math.floor(at)));
  if (last <= first) {
    calls[place(first)]! += range.count;
    return;
  }
  const length = last - first;
  for (let bar = place(first); bar <= place(last); bar++) {
    const isLast = bar === place(last);
    const isFirst = bar === place(first);
    const part = ((isLast ? last : bar + 1) - (isFirst ? first : bar)) / length;
    calls[bar] = calls[bar]! + range.count * Math.max(0, part);
  }
}

function valueAt({ total, ranges }: LatencyShape, p: number): number {
  let below = 0;
  for (const { count, highMs } of ranges) {
    below += count;
    if (below >= p * total) return highMs;
  }
  return ranges.at(-1)?.highMs ?? 0;
}
