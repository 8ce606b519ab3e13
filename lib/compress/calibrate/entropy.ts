// SPDX-License-Identifier: Apache-2.0
import type { RangeHistogram } from './histogram';

/** Steps of one sign that a quantised tensor has. */
const LEVELS = 128;
const STRIDE = 8;
/** Values that a group without any is taken to hold: what was not seen is unlikely, not impossible. */
const UNSEEN = 1e-4;

/**
 * The absolute value at which cutting a tensor off loses the least information: the smallest Kullback-Leibler
 * divergence between what it holds, with everything beyond the cut at the cut, and the same in 128 equal groups of bins,
 * each spread evenly over the bins of it that hold something. Cuts are tried every 8 bins from the 128th on.
 *
 * Sums of bins from the left make a cut cost 128 logarithms whatever the number of bins:
 * `KL = sum p log p - sum of groups (P log q)`, with `P` the share in a group and `q` what each of its bins gets.
 *
 * @see S. Migacz, 8-bit Inference with TensorRT, GTC 2017
 */
export function entropyAmplitude(histogram: RangeHistogram): number {
  const { largest, width } = histogram;
  const counts = histogram.counts();
  // Zeros are exact whatever the steps are; counted in full, they would outweigh everything else.
  counts[0] = counts[1]!;
  const sums = new BinSums(counts);
  const used = Math.min(counts.length, Math.floor(largest / width) + 1);
  let best = used;
  let least = Infinity;
  for (let bins = LEVELS; bins < used; bins += STRIDE) {
    const divergence = sums.divergence(bins);
    if (divergence < least) [best, least] = [bins, divergence];
  }
  if (sums.divergence(used) < least) return largest;
  return Math.min(largest, (best + 0.5) * width);
}

/** Sums over the bins from the first on, so that those of a stretch are two look-ups. */
class BinSums {
  private readonly counts: Float64Array;
  private readonly total: Float64Array;
  private readonly filled: Float64Array;
  /** Of `count * log(count)`. */
  private readonly information: Float64Array;

  constructor(counts: Float64Array) {
    const size = counts.length + 1;
    this.counts = counts;
    [this.total, this.filled, this.information] = [size, size, size].map((one) => new Float64Array(one)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i]!;
      this.total[i + 1] = this.total[i]! + count;
      this.filled[i + 1] = this.filled[i]! + (count > 0 ? 1 : 0);
      this.information[i + 1] = this.information[i]! + (count > 0 ? count * Math.log(count) : 0);
    }
  }

  /** Of the first bins, with all others added to the last of them. */
  divergence(bins: number): number {
    const { counts, total, filled, information } = this;
    const all = total.at(-1)!;
    const inside = total[bins]!;
    if (inside === 0) return Infinity;
    const tail = all - inside;
    const last = counts[bins - 1]! + tail;
    let sum = information[bins - 1]! + (last > 0 ? last * Math.log(last) : 0);
    for (let group = 0; group < LEVELS; group++) {
      const from = Math.floor((group * bins) / LEVELS);
      const to = Math.floor(((group + 1) * bins) / LEVELS);
      const held = total[to]! - total[from]!;
      const isLast = group === LEVELS - 1;
      const wanted = isLast ? held + tail : held;
      if (wanted === 0) continue;
      const spread = filled[to]! - filled[from]! + (isLast && counts[bins - 1] === 0 && tail > 0 ? 1 : 0);
      sum -= wanted * Math.log(Math.max(held, UNSEEN) / spread);
    }
    return sum / all - Math.log(all / inside);
  }
}
