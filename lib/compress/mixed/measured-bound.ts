// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { withSource } from '../../onnx/graph/with-source';
import type { OutputScore } from '../output-judge';
import type { AccuracyBound } from '../quantize-options';
import type { OutputScorer } from './scan-sensitivity';

/** What a candidate reached. */
export interface BoundScore extends OutputScore {
  /** Drop of the caller's score, or share of samples whose best class is another one. */
  readonly drop: number;
  /** Of the caller's own measure. */
  readonly score?: number;
  /** Parts of the bound that do not hold; empty where it is kept. */
  readonly missed: readonly ('maxDrop' | 'minCosine' | 'minSqnrDb')[];
}

/** Measures candidates against a bound. */
export class MeasuredBound {
  /**
   * @param baseline - The source's own score; needed where the bound has a `score`.
   * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a bound that nothing can keep or that says nothing
   */
  constructor(
    readonly bound: AccuracyBound,
    private readonly judge: OutputScorer,
    private readonly baseline?: number,
  ) {
    checkBound(bound, baseline);
  }

  /** Runs a candidate. What the caller's score costs is paid only where the rest holds. */
  async measure(candidate: OnnxModel): Promise<BoundScore> {
    const { maxDrop, minCosine, minSqnrDb } = this.bound;
    const own = await this.judge.score(candidate);
    const missed: BoundScore['missed'][number][] = [];
    if (minCosine !== undefined && !(own.cosine >= minCosine)) missed.push('minCosine');
    if (minSqnrDb !== undefined && !(own.sqnrDb >= minSqnrDb)) missed.push('minSqnrDb');
    const score = maxDrop !== undefined && missed.length === 0 ? await this.ownScore(candidate) : undefined;
    const drop = score === undefined ? 1 - own.top1Agreement : this.baseline! - score;
    // Shares of samples are no exact numbers.
    const isMeasured = this.bound.score === undefined || score !== undefined;
    if (maxDrop !== undefined && isMeasured && !(drop <= maxDrop + 1e-9)) missed.push('maxDrop');
    return { ...own, drop, missed, ...(score === undefined ? {} : { score }) };
  }

  private async ownScore(candidate: OnnxModel): Promise<number | undefined> {
    if (this.bound.score === undefined) return undefined;
    return withSource(candidate, this.bound.score);
  }
}

/**
 * @param baseline - The source's own score; anything before it is known.
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a bound that nothing can keep or that says nothing
 */
export function checkBound(
  { maxDrop, minCosine, minSqnrDb, score }: AccuracyBound,
  baseline: number | undefined,
): void {
  const isIn = (value: number | undefined, least: number, most: number) =>
    value === undefined || (value >= least && value <= most);
  const problem = !isIn(maxDrop, 0, 1)
    ? `maxDrop is a share from 0 to 1, e.g. 0.005; it is ${maxDrop}`
    : !isIn(minCosine, -1, 1)
      ? `minCosine is from -1 to 1; it is ${minCosine}`
      : !isIn(minSqnrDb, -200, 200)
        ? `minSqnrDb is in dB, up to 200; it is ${minSqnrDb}`
        : maxDrop === undefined && minCosine === undefined && minSqnrDb === undefined
          ? 'one of maxDrop, minCosine and minSqnrDb was expected'
          : score !== undefined && baseline === undefined
            ? 'with `score`, the score of the source is needed'
            : undefined;
  if (problem === undefined) return;
  throw new TensorRTError('ERR_TRT_ARG_VALUE', `The accuracy bound cannot be used: ${problem}.`, {
    details: { maxDrop, minCosine, minSqnrDb },
  });
}
