// SPDX-License-Identifier: Apache-2.0

/** How far predicted numbers are from the true ones. */
export interface RegressionMeasures {
  /** Mean absolute error, `mean |y - x|`. */
  readonly mae: number;
  /** Root of the mean squared error, `sqrt(mean (y - x)²)`. */
  readonly rmse: number;
  /** `1 - sum (y - x)² / sum (y - mean y)²`; 1 for a perfect model of constant targets, 0 for another one of them. */
  readonly r2: number;
  /** Largest `|y - x|`. */
  readonly largestError: number;
}

/**
 * Sums for {@link RegressionMeasures}, over all numbers of all samples together.
 *
 * The variance of the targets is kept up as they come (B. P. Welford, Technometrics 4, 1962): sums of squares lose it
 * where targets are far from zero.
 */
export class RegressionSums {
  private count = 0;
  private absolute = 0;
  private squared = 0;
  private largest = 0;
  private mean = 0;
  private spread = 0;

  /** Adds a target and what the model said. */
  add(truth: number, predicted: number): void {
    const error = Math.abs(predicted - truth);
    this.count++;
    this.absolute += error;
    this.squared += error * error;
    this.largest = Math.max(this.largest, error);
    const step = truth - this.mean;
    this.mean += step / this.count;
    this.spread += step * (truth - this.mean);
  }

  /** The measures of what was added. */
  get measures(): RegressionMeasures {
    return {
      mae: this.absolute / this.count,
      rmse: Math.sqrt(this.squared / this.count),
      r2: this.spread === 0 ? (this.squared === 0 ? 1 : 0) : 1 - this.squared / this.spread,
      largestError: this.largest,
    };
  }
}
