// SPDX-License-Identifier: Apache-2.0
// The start of k-means++ (Arthur and Vassilvitskii, 2007), the best of several draws each time as the authors advise:
// every next centre is a value that is drawn with its squared distance from the nearest centre as the odds. In one
// dimension a new centre changes the ranges beside it alone, and sums of ranges follow from SortedValues.
import { createUniform } from '../random';
import { errorAround, type SortedValues } from './sorted-values';

/** One centre and the values that are nearest to it. */
interface Start {
  readonly center: number;
  begin: number;
  end: number;
  error: number;
}

/** Positions where `count` ranges begin, 0 first. There are at least as many different values. */
export function plusPlusStarts(sorted: SortedValues, count: number, seed: number): Uint32Array {
  const draw = createUniform(seed);
  const total = sorted.sumsOf(0, sorted.count).weight;
  const first = sorted.values[positionOf(sorted, draw() * total, { begin: 0, end: sorted.count })]!;
  const starts = [rangeOf(sorted, first, 0, sorted.count)];
  const draws = 2 + Math.floor(Math.log(count));
  while (starts.length < count) {
    const candidates = Array.from({ length: draws }, () => drawValue(sorted, starts, draw()));
    insert(sorted, starts, bestOf(sorted, starts, candidates));
  }
  return Uint32Array.from(starts, ({ begin }) => begin);
}

/** A value by its share of the error; one that is no centre yet. */
function drawValue(sorted: SortedValues, starts: readonly Start[], share: number): number {
  let rest = share * starts.reduce((sum, { error }) => sum + error, 0);
  let index = 0;
  while (index + 1 < starts.length && rest >= starts[index]!.error) {
    rest -= starts[index]!.error;
    index += 1;
  }
  const { begin, end, center } = starts[index]!;
  return notYetChosen(sorted, starts, positionOf(sorted, rest, { begin, end, center }));
}

/** The last position before which less than `part` of the range's error, or weight, lies. */
function positionOf(
  sorted: SortedValues,
  part: number,
  { begin, end, center }: { begin: number; end: number; center?: number },
): number {
  let [low, high] = [begin, end - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const sums = sorted.sumsOf(begin, middle);
    const before = center === undefined ? sums.weight : errorAround(sums, center - sorted.origin);
    if (before <= part) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The value there, or the next different one that is no centre: rounding may lead to one that is. */
function notYetChosen(sorted: SortedValues, starts: readonly Start[], position: number): number {
  let at = position;
  for (;;) {
    const value = sorted.values[at]!;
    const index = indexBelow(starts, value);
    if (index < 0 || starts[index]!.center !== value) return value;
    at = sorted.firstAbove(value, at, sorted.count);
    if (at === sorted.count) at = 0;
  }
}

/** Which of the candidates leaves the least error. */
function bestOf(sorted: SortedValues, starts: readonly Start[], candidates: readonly number[]): number {
  let [best, most] = [candidates[0]!, -Infinity];
  for (const value of candidates) {
    const { index, replaced } = neighbours(sorted, starts, value);
    const error = replaced.reduce((sum, start) => sum + start.error, 0);
    const old = starts.slice(Math.max(0, index), index + 2).reduce((sum, start) => sum + start.error, 0);
    if (old - error > most) [best, most] = [value, old - error];
  }
  return best;
}

function insert(sorted: SortedValues, starts: Start[], value: number): void {
  const { index, replaced } = neighbours(sorted, starts, value);
  starts.splice(Math.max(0, index), replaced.length - 1, ...replaced);
}

/** The range of a new centre, and what is left of those beside it. */
function neighbours(
  sorted: SortedValues,
  starts: readonly Start[],
  value: number,
): { readonly index: number; readonly replaced: readonly Start[] } {
  const index = indexBelow(starts, value);
  const [below, above] = [starts[index], starts[index + 1]];
  const begin = below
    ? sorted.firstAbove((below.center + value) / 2, below.begin, below.end + spanOf(above))
    : 0;
  const end = above ? sorted.firstAbove((value + above.center) / 2, begin, above.end) : sorted.count;
  const replaced = [rangeOf(sorted, value, begin, end)];
  if (below) replaced.unshift(rangeOf(sorted, below.center, below.begin, begin));
  if (above) replaced.push(rangeOf(sorted, above.center, end, above.end));
  return { index, replaced };
}

const spanOf = (start: Start | undefined): number => (start ? start.end - start.begin : 0);

/** The last start whose centre is not above the value; -1 if there is none. */
function indexBelow(starts: readonly Start[], value: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle]!.center > value) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}

function rangeOf(sorted: SortedValues, center: number, begin: number, end: number): Start {
  return { center, begin, end, error: errorAround(sorted.sumsOf(begin, end), center - sorted.origin) };
}
