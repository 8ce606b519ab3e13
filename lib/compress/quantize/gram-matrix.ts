// SPDX-License-Identifier: Apache-2.0

/** Samples that are added together: the matrix is gone through once for so many. */
const BATCH = 32;

/**
 * The Gram matrix X^T X of samples that come one by one: how strongly the inputs of a layer come together. Memory is one
 * matrix of doubles, however many samples there are.
 */
export class GramMatrix {
  /** Row-major, `[size, size]`; only the upper triangle until `finish`. */
  readonly values: Float64Array;
  /** Sums of the absolute values of each input. */
  readonly magnitudes: Float64Array;
  count = 0;
  /** `BATCH` samples of one input next to each other. */
  private readonly batch: Float64Array;
  private filled = 0;

  constructor(readonly size: number) {
    this.values = new Float64Array(size * size);
    this.magnitudes = new Float64Array(size);
    this.batch = new Float64Array(size * BATCH);
  }

  /** Adds a sample: `size` values from `start` on, `step` apart. */
  add(values: ArrayLike<number>, start: number, step = 1): void {
    for (let i = 0; i < this.size; i++) {
      const value = values[start + i * step]!;
      this.batch[i * BATCH + this.filled] = value;
      this.magnitudes[i]! += Math.abs(value);
    }
    this.count++;
    if (++this.filled === BATCH) this.flush();
  }

  /** Adds what is left and fills the lower triangle. */
  finish(): void {
    this.flush();
    const { size, values } = this;
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) values[i * size + j] = values[j * size + i]!;
  }

  private flush(): void {
    if (this.filled === 0) return;
    const { size, values, batch } = this;
    for (let i = 0; i < size; i++) for (let b = this.filled; b < BATCH; b++) batch[i * BATCH + b] = 0;
    for (let i = 0; i < size; i++) {
      // Four sums at a time: one alone waits for each addition.
      let j = i;
      for (; j + 4 <= size; j += 4) this.addFour(i, j);
      for (; j < size; j++) {
        let sum = 0;
        for (let b = 0; b < BATCH; b++) sum += batch[i * BATCH + b]! * batch[j * BATCH + b]!;
        values[i * size + j]! += sum;
      }
    }
    this.filled = 0;
  }

  private addFour(i: number, j: number): void {
    const { batch, values } = this;
    const left = i * BATCH;
    const right = j * BATCH;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let b = 0; b < BATCH; b++) {
      const one = batch[left + b]!;
      s0 += one * batch[right + b]!;
      s1 += one * batch[right + BATCH + b]!;
      s2 += one * batch[right + 2 * BATCH + b]!;
      s3 += one * batch[right + 3 * BATCH + b]!;
    }
    const at = i * this.size + j;
    values[at]! += s0;
    values[at + 1]! += s1;
    values[at + 2]! += s2;
    values[at + 3]! += s3;
  }
}
