// SPDX-License-Identifier: Apache-2.0
// The optimum of k-means in one dimension. Clusters are ranges of the sorted values, so that the best ones of k follow
// from the best ones of k - 1, and the last range of a longer prefix never begins before that of a shorter one: Wu,
// "Optimal quantization by matrix searching" (1991). k d log d steps for d different values.
import { errorOf, type RangeSums, type SortedValues } from './sorted-values';

/**
 * Positions where the `clusters` ranges begin, 0 first.
 *
 * @param starts - Where each different value begins, ascending; at least `clusters`.
 */
export function exactStarts(sorted: SortedValues, starts: Uint32Array, clusters: number): Uint32Array {
  const search = new Search(sorted, starts, clusters);
  return search.run();
}

class Search {
  private readonly count: number;
  /** Sums to each different value, and to the end. */
  private readonly sums: readonly [Float64Array, Float64Array, Float64Array];
  /** Least error of the first values in one cluster less than now, and in as many as now. */
  private before: Float64Array;
  private now: Float64Array;
  /** For each number of clusters and each count of values, where the last cluster begins. */
  private readonly choices: Uint32Array[] = [];
  private readonly range: RangeSums = { weight: 0, first: 0, second: 0 };

  constructor(
    sorted: SortedValues,
    private readonly starts: Uint32Array,
    private readonly clusters: number,
  ) {
    this.count = starts.length;
    this.sums = [0, 1, 2].map(() => new Float64Array(this.count + 1)) as unknown as typeof this.sums;
    for (let i = 0; i <= this.count; i += 1) {
      const { weight, first, second } = sorted.sumsTo(i === this.count ? sorted.count : starts[i]!);
      this.sums[0][i] = weight;
      this.sums[1][i] = first;
      this.sums[2][i] = second;
    }
    this.before = new Float64Array(this.count + 1);
    this.now = new Float64Array(this.count + 1);
  }

  run(): Uint32Array {
    for (let end = 1; end <= this.count; end += 1) this.now[end] = this.errorOfRange(0, end);
    for (let clusters = 2; clusters <= this.clusters; clusters += 1) {
      [this.before, this.now] = [this.now, this.before];
      this.choices.push(new Uint32Array(this.count + 1));
      this.fill(clusters, { low: clusters, high: this.count, from: clusters - 1, to: this.count - 1 });
    }
    return this.traceBack();
  }

  /** Fills ends from `low` to `high`, whose last clusters begin between `from` and `to`: the middle one, then each side. */
  private fill(
    clusters: number,
    { low, high, from, to }: { low: number; high: number; from: number; to: number },
  ): void {
    if (low > high) return;
    const end = (low + high) >>> 1;
    let [best, least] = [from, Infinity];
    for (let begin = from; begin <= Math.min(to, end - 1); begin += 1) {
      const error = this.before[begin]! + this.errorOfRange(begin, end);
      if (error < least) [best, least] = [begin, error];
    }
    this.now[end] = least;
    this.choices[clusters - 2]![end] = best;
    this.fill(clusters, { low, high: end - 1, from, to: best });
    this.fill(clusters, { low: end + 1, high, from: best, to });
  }

  private errorOfRange(begin: number, end: number): number {
    const [weights, firsts, seconds] = this.sums;
    this.range.weight = weights[end]! - weights[begin]!;
    this.range.first = firsts[end]! - firsts[begin]!;
    this.range.second = seconds[end]! - seconds[begin]!;
    return errorOf(this.range);
  }

  private traceBack(): Uint32Array {
    const result = new Uint32Array(this.clusters);
    let end = this.count;
    for (let cluster = this.clusters - 1; cluster > 0; cluster -= 1) {
      end = this.choices[cluster - 1]![end]!;
      result[cluster] = this.starts[end]!;
    }
    return result;
  }
}
