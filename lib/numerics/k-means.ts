// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { plusPlusStarts } from './cluster-start';
import { exactStarts } from './exact-clusters';
import { improveStarts, meanOf } from './lloyd';
import { EXACT_LIMIT, EXACT_MOST, type Clusters, type KMeansOptions } from './numerics';
import { SortedValues } from './sorted-values';

/** Shared values for all values, as `Numerics.kMeans()` says. */
export function clustersOf(values: Float32Array, options: KMeansOptions): Clusters {
  const sorted = new SortedValues(values, options.weights);
  const starts = startsOf(sorted, options);
  const ends = [...starts.subarray(1), sorted.count];
  const centers = Float32Array.from(starts, (start, i) => meanOf(sorted, start, ends[i]!));
  return {
    centers,
    indices: indicesOf(values, bordersOf(sorted, starts, centers)),
    error: errorAroundCenters(sorted, starts, centers),
  };
}

/** Where the ranges of the clusters begin. */
function startsOf(sorted: SortedValues, { clusters, seed = 0, method = 'auto' }: KMeansOptions): Uint32Array {
  const different = countDifferent(sorted);
  const count = Math.min(clusters, different);
  const work = count * different;
  if (count === different || method === 'exact' || (method === 'auto' && work <= EXACT_LIMIT)) {
    const starts = startsOfDifferent(sorted, different);
    if (count === different) return starts;
    if (work > EXACT_MOST) throw tooMuch(different, count);
    return exactStarts(sorted, starts, count);
  }
  return improveStarts(sorted, plusPlusStarts(sorted, count, seed));
}

/** The error of more than `'exact'` is made for. */
export function tooMuch(different: number, clusters: number): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `kMeans() finds the exact optimum where different values times clusters are at most ${EXACT_MOST}, ` +
      `not for ${different} times ${clusters}. Use method 'auto' or 'lloyd'.`,
    { details: { different, clusters } },
  );
}

function countDifferent({ values }: SortedValues): number {
  let count = 1;
  for (let i = 1; i < values.length; i += 1) if (values[i] !== values[i - 1]) count += 1;
  return count;
}

function startsOfDifferent({ values }: SortedValues, different: number): Uint32Array {
  const starts = new Uint32Array(different);
  let count = 1;
  for (let i = 1; i < values.length; i += 1) {
    if (values[i] === values[i - 1]) continue;
    starts[count] = i;
    count += 1;
  }
  return starts;
}

/** The value up to which each cluster but the last reaches: the middle of two centres, kept between their ranges. */
function bordersOf({ values }: SortedValues, starts: Uint32Array, centers: Float32Array): Float64Array {
  return Float64Array.from({ length: starts.length - 1 }, (_, i) => {
    const [last, first] = [values[starts[i + 1]! - 1]!, values[starts[i + 1]!]!];
    const middle = (centers[i]! + centers[i + 1]!) / 2;
    return middle >= last && middle < first ? middle : last;
  });
}

function indicesOf(values: Float32Array, borders: Float64Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    let [low, high] = [0, borders.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value > borders[middle]!) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

/** Summed for each cluster by itself, so that the clusters can be shared among threads. */
function errorAroundCenters(sorted: SortedValues, starts: Uint32Array, centers: Float32Array): number {
  let total = 0;
  for (let cluster = 0; cluster < starts.length; cluster += 1) {
    const end = cluster + 1 < starts.length ? starts[cluster + 1]! : sorted.count;
    let error = 0;
    for (let i = starts[cluster]!; i < end; i += 1) {
      const distance = sorted.values[i]! - centers[cluster]!;
      error += sorted.weightAt(i) * distance * distance;
    }
    total += error;
  }
  return total;
}
