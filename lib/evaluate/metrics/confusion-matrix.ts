// SPDX-License-Identifier: Apache-2.0

/**
 * How often which class was taken for which: `C[i][j]` samples of class i that were said to be of class j.
 *
 * @see scikit-learn, `sklearn.metrics.confusion_matrix`
 */
export class ConfusionMatrix {
  private readonly counts: Float64Array;
  /** Samples that were added. */
  samples = 0;

  /** @param classes - Number of classes; the matrix takes `8 classes²` bytes. */
  constructor(
    /** Number of classes. */
    readonly classes: number,
  ) {
    this.counts = new Float64Array(classes * classes);
  }

  /** Adds a sample; both are classes from 0. */
  add(truth: number, predicted: number): void {
    this.counts[truth * this.classes + predicted]! += 1;
    this.samples += 1;
  }

  /** Samples of class `truth` that were said to be of class `predicted`. */
  at(truth: number, predicted: number): number {
    return this.counts[truth * this.classes + predicted]!;
  }

  /** Share of the samples on the diagonal; 0 without samples. */
  get accuracy(): number {
    let right = 0;
    for (let index = 0; index < this.classes; index++) right += this.at(index, index);
    return this.samples === 0 ? 0 : right / this.samples;
  }

  /** The matrix, a row for each true class. */
  toRows(): number[][] {
    return Array.from({ length: this.classes }, (_, row) =>
      Array.from(this.counts.subarray(row * this.classes, (row + 1) * this.classes)),
    );
  }
}
