// SPDX-License-Identifier: Apache-2.0
import { SimilaritySums } from '../../tensor/similarity';
import { isDistribution, softmax } from './softmax';
import { argmax } from './top-k';

/** How near the outputs are to those of a reference model on the same data. */
export interface ReferenceMeasures {
  /** Cosine of the angle between the outputs of a sample and the reference's, mean over the samples. */
  readonly cosine: number;
  /** Cosine over all samples as one vector. */
  readonly overallCosine: number;
  /** `10 log10(sum r² / sum (r - x)²)` over all samples, in dB; null where all outputs are equal. */
  readonly sqnrDb: number | null;
  /**
   * Kullback-Leibler divergence `sum_i p_i ln(p_i / q_i)` in nats, mean over the samples; p of the reference, q of the
   * model. Scores that are no probabilities are made some by softmax. Null for a single column of scores.
   */
  readonly kl: number | null;
  /** Share of the samples with the same highest score; null for a single column of scores. */
  readonly top1Agreement: number | null;
  /** Largest difference of two numbers; null where one of them is NaN. */
  readonly largestDifference: number | null;
}

/** Least probability: the logarithm of zero would make one sample outweigh all others. */
const LEAST = 1e-12;

/** Sums for {@link ReferenceMeasures}, a sample at a time. */
export class ReferenceSums {
  private readonly overall = new SimilaritySums();
  private readonly expectedRow: Float64Array;
  private readonly actualRow: Float64Array;
  private samples = 0;
  private cosines = 0;
  private agreements = 0;
  private klOfValues = 0;
  private klOfSoftmax = 0;
  private areProbabilities = true;

  /** @param width - Numbers of one sample. */
  constructor(
    /** Numbers of one sample. */
    readonly width: number,
  ) {
    this.expectedRow = new Float64Array(width);
    this.actualRow = new Float64Array(width);
  }

  /** Adds the sample whose numbers begin at `from` in both. */
  add(expected: ArrayLike<number>, actual: ArrayLike<number>, from: number): void {
    const one = new SimilaritySums();
    const { width, expectedRow, actualRow } = this;
    for (let i = 0; i < width; i++) {
      expectedRow[i] = expected[from + i]!;
      actualRow[i] = actual[from + i]!;
    }
    one.add(expectedRow, actualRow);
    this.overall.add(expectedRow, actualRow);
    this.cosines += one.cosine;
    this.samples++;
    if (width < 2) return;
    if (argmax(expectedRow, 0, width) === argmax(actualRow, 0, width)) this.agreements++;
    this.addDivergence();
  }

  /** The measures of what was added. */
  get measures(): ReferenceMeasures {
    const { overall, samples, width } = this;
    const kl = this.areProbabilities ? this.klOfValues : this.klOfSoftmax;
    return {
      cosine: this.cosines / samples,
      overallCosine: overall.cosine,
      sqnrDb: overall.sqnrDb === Infinity ? null : overall.sqnrDb,
      kl: width < 2 ? null : kl / samples,
      top1Agreement: width < 2 ? null : this.agreements / samples,
      largestDifference: Number.isNaN(overall.largestDifference) ? null : overall.largestDifference,
    };
  }

  /** Whether the numbers are probabilities is known at the end: both sums are kept until one sample says no. */
  private addDivergence(): void {
    const { width, expectedRow, actualRow } = this;
    this.areProbabilities &&= isDistribution(expectedRow, 0, width) && isDistribution(actualRow, 0, width);
    if (this.areProbabilities) this.klOfValues += divergence(expectedRow, actualRow);
    softmax(expectedRow, 0, width, expectedRow);
    softmax(actualRow, 0, width, actualRow);
    this.klOfSoftmax += divergence(expectedRow, actualRow);
  }
}

function divergence(expected: Float64Array, actual: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < expected.length; i++) {
    const p = expected[i]!;
    if (p > 0) sum += p * Math.log(p / Math.max(actual[i]!, LEAST));
  }
  return sum;
}
