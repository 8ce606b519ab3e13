// SPDX-License-Identifier: Apache-2.0
// How many zeros each layer gets where one share is asked for over all of them. Scores of different layers do not compare:
// each is taken as part of what is left in its layer when all smaller ones are gone.
// Source: Lee et al. 2021, "Layer-adaptive Sparsity for the Magnitude-based Pruning", equation 1

/** Buckets for the logarithm of a score: one is so fine that layers do not differ by it. */
const BUCKETS = 65536;
/** The smallest score that is told from zero. */
const LEAST_LOG = -60;

/** Scores of one layer after the other; memory does not grow with the weights. */
export class ZeroAllocation {
  private readonly layers: { readonly counts: Uint32Array; readonly weights: number }[] = [];

  /** @param scores - Not negative, of all weights of a layer. */
  add(scores: Float32Array): void {
    const sorted = scores.slice().sort();
    const counts = new Uint32Array(BUCKETS);
    let left = 0;
    for (let at = sorted.length - 1; at >= 0; at--) {
      const square = sorted[at]! ** 2;
      left += square;
      counts[bucketOf(left === 0 ? 0 : square / left)]!++;
    }
    this.layers.push({ counts, weights: sorted.length });
  }

  /** Zeros of each layer, which are a share of all weights together; each layer keeps one weight. */
  zeros(share: number): number[] {
    const total = this.layers.reduce((sum, { weights }) => sum + weights, 0);
    const wanted = Math.round(share * total);
    const zeros = this.layers.map(() => 0);
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS && sum < wanted; bucket++) {
      for (const [index, { counts, weights }] of this.layers.entries()) {
        const added = Math.min(counts[bucket]!, wanted - sum, weights - 1 - zeros[index]!);
        zeros[index]! += added;
        sum += added;
      }
    }
    return zeros;
  }
}

/** Of a score from 0 to 1. */
function bucketOf(score: number): number {
  const log = Math.log2(score);
  return Math.max(0, Math.min(BUCKETS - 1, Math.floor((1 - log / LEAST_LOG) * (BUCKETS - 1))));
}
