// SPDX-License-Identifier: Apache-2.0

/**
 * Share of the samples whose class is among the k with the highest scores. Of equal scores the lower class comes first,
 * as with `argmax`, so that the first of them is the accuracy. (scikit-learn's `top_k_accuracy_score` takes the higher.)
 */
export class TopK {
  private readonly hits: Float64Array;
  private samples = 0;

  /** @param ks - Each from 1. */
  constructor(
    /** Each from 1. */
    readonly ks: readonly number[],
  ) {
    this.hits = new Float64Array(ks.length);
  }

  /** Adds the sample whose `classes` scores begin at `from`. */
  add(scores: ArrayLike<number>, from: number, classes: number, truth: number): void {
    const own = scores[from + truth]!;
    let before = 0;
    for (let label = 0; label < classes; label++) {
      const score = scores[from + label]!;
      if (isHigher(score, own) || (label < truth && isSame(score, own))) before++;
    }
    this.samples++;
    for (let i = 0; i < this.ks.length; i++) if (before < this.ks[i]!) this.hits[i]! += 1;
  }

  /** The shares by k. */
  toRecord(): Record<string, number> {
    const share = (hits: number) => (this.samples === 0 ? 0 : hits / this.samples);
    return Object.fromEntries(this.ks.map((k, index) => [String(k), share(this.hits[index]!)]));
  }
}

/** The class with the highest score; the first of equal ones. NaN counts as higher than any number, as in NumPy. */
export function argmax(scores: ArrayLike<number>, from: number, classes: number): number {
  let best = 0;
  for (let label = 1; label < classes; label++)
    if (isHigher(scores[from + label]!, scores[from + best]!)) best = label;
  return best;
}

function isHigher(a: number, b: number): boolean {
  return a > b || (Number.isNaN(a) && !Number.isNaN(b));
}

function isSame(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}
