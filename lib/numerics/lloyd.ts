// SPDX-License-Identifier: Apache-2.0
// Lloyd's steps over sorted values: the mean of each range, then the middle between two means as the border. A step
// takes k log n, whatever the number of values is, and gives what a step over all values would.
import { errorOf, type SortedValues } from './sorted-values';

/** Steps at most. The last of thousands move a border by a value or two. */
const MOST_STEPS = 2_000;

/** Better starts of ranges, none of them empty. Changes `starts`. */
export function improveStarts(sorted: SortedValues, starts: Uint32Array): Uint32Array {
  fillEmpty(sorted, starts);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const before = starts.slice();
    moveBorders(sorted, starts);
    fillEmpty(sorted, starts);
    if (starts.every((start, i) => start === before[i])) return starts;
  }
  return starts;
}

/** Mean of a range, from the lowest to the highest of its values. */
export function meanOf(sorted: SortedValues, begin: number, end: number): number {
  const { weight, first } = sorted.sumsOf(begin, end);
  const mean = weight > 0 ? sorted.origin + first / weight : sorted.values[begin]!;
  return Math.min(Math.max(mean, sorted.values[begin]!), sorted.values[end - 1]!);
}

const endOf = (starts: Uint32Array, index: number, count: number): number =>
  index + 1 < starts.length ? starts[index + 1]! : count;

function moveBorders(sorted: SortedValues, starts: Uint32Array): void {
  let mean = meanOf(sorted, starts[0]!, endOf(starts, 0, sorted.count));
  for (let i = 1; i < starts.length; i += 1) {
    const end = endOf(starts, i, sorted.count);
    const next = meanOf(sorted, starts[i]!, end);
    // The border lies between the two means, hence within their two ranges, the first of which may have moved.
    starts[i] = sorted.firstAbove((mean + next) / 2, starts[i - 1]!, end);
    mean = next;
  }
}

/** Every range that has nothing gets a part of the one with the greatest error: there are enough different values. */
function fillEmpty(sorted: SortedValues, starts: Uint32Array): void {
  for (;;) {
    const empty = starts.findIndex((start, i) => start === endOf(starts, i, sorted.count));
    if (empty < 0) return;
    const { index, border } = worstOf(sorted, starts);
    // What is between the two moves by one place.
    if (index < empty) {
      starts.copyWithin(index + 2, index + 1, empty);
      starts[index + 1] = border;
    } else {
      starts.copyWithin(empty, empty + 1, index + 1);
      starts[index] = border;
    }
    starts[0] = 0;
  }
}

/** The range with the greatest error of those that have two different values, and where it is to be split. */
function worstOf(sorted: SortedValues, starts: Uint32Array): { index: number; border: number } {
  let [index, most] = [-1, -1];
  for (let i = 0; i < starts.length; i += 1) {
    const [begin, end] = [starts[i]!, endOf(starts, i, sorted.count)];
    if (begin === end || sorted.values[begin] === sorted.values[end - 1]) continue;
    const error = errorOf(sorted.sumsOf(begin, end));
    if (error > most) [index, most] = [i, error];
  }
  const [begin, end] = [starts[index]!, endOf(starts, index, sorted.count)];
  const border = sorted.firstAbove(meanOf(sorted, begin, end), begin, end);
  // The mean may round to the highest value.
  return { index, border: border < end ? border : sorted.firstAbove(sorted.values[begin]!, begin, end) };
}
