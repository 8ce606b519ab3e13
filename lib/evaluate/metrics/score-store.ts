// SPDX-License-Identifier: Apache-2.0

const CHUNK = 2 ** 16;

/** Scores and labels of all samples, in chunks: 4 bytes a score, and no array is ever copied to grow. */
export class ScoreStore {
  private readonly scores: Float32Array[] = [];
  private readonly labels: Int32Array[] = [];
  private readonly rowsPerChunk: number;
  /** Samples that are kept. */
  samples = 0;

  /** @param classes - Scores of one sample. */
  constructor(readonly classes: number) {
    this.rowsPerChunk = Math.max(1, Math.ceil(CHUNK / classes));
  }

  /** Keeps the sample whose scores begin at `from`; they are rounded to FP32. */
  add(scores: ArrayLike<number>, from: number, truth: number): void {
    const row = this.samples % this.rowsPerChunk;
    if (row === 0) {
      this.scores.push(new Float32Array(this.rowsPerChunk * this.classes));
      this.labels.push(new Int32Array(this.rowsPerChunk));
    }
    const chunk = this.scores.at(-1)!;
    const start = row * this.classes;
    for (let i = 0; i < this.classes; i++) chunk[start + i] = scores[from + i]!;
    this.labels.at(-1)![row] = truth;
    this.samples++;
  }

  /** Calls `visit` for each sample: the array that holds its scores, where they begin, and its label. */
  forEach(visit: (scores: Float32Array, from: number, truth: number) => void): void {
    for (let sample = 0; sample < this.samples; sample++) {
      const chunk = Math.floor(sample / this.rowsPerChunk);
      const row = sample % this.rowsPerChunk;
      visit(this.scores[chunk]!, row * this.classes, this.labels[chunk]![row]!);
    }
  }

  /** Samples of a class. */
  countOf(label: number): number {
    let count = 0;
    this.forEach((_scores, _from, truth) => (count += truth === label ? 1 : 0));
    return count;
  }
}
