// SPDX-License-Identifier: Apache-2.0
// How a trial is judged without a score of the caller's. The data that nothing was fitted to is the fair one, but a
// quarter of some hundreds of samples is too few to tell one percent: of 50, one is two percent. All of the data has finer
// steps, and is friendlier to what was fitted to it. The larger drop of the two counts.

import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { OutputJudge, type OutputScore } from '../output-judge';
import type { FeedSource, Runner } from '../runner';

/** Data of a search. */
export interface JudgeData<Feeds> {
  /** What steps fit on. */
  readonly fit: FeedSource<Feeds>;
  /** What was kept back. */
  readonly judge: FeedSource<Feeds>;
  /** Whether both are the same. */
  readonly shared: boolean;
}

/** Judges models by both parts of the data. */
export class TrialJudge<Feeds> {
  private constructor(
    /** On what was kept back: its noise is what compositions are ordered by. */
    readonly held: OutputJudge<Feeds>,
    private readonly fitted: OutputJudge<Feeds> | undefined,
  ) {}

  /** @throws {TensorRTError} what `OutputJudge.create` throws */
  static async create<Feeds>(
    source: OnnxModel,
    { fit, judge, shared }: JudgeData<Feeds>,
    runner: Runner<Feeds>,
  ): Promise<TrialJudge<Feeds>> {
    const held = await OutputJudge.create(source, judge, runner);
    return new TrialJudge(held, shared ? undefined : await OutputJudge.create(source, fit, runner));
  }

  /** As `OutputJudge.score`; the agreement is the smaller one, and the answers are all that were compared. */
  async score(candidate: OnnxModel): Promise<OutputScore> {
    const held = await this.held.score(candidate);
    const fitted = await this.fitted?.score(candidate);
    if (fitted === undefined) return held;
    const answers = held.answers + fitted.answers;
    const same = held.top1Agreement * held.answers + fitted.top1Agreement * fitted.answers;
    return {
      ...held,
      top1Agreement: Math.min(held.top1Agreement, answers === 0 ? 1 : same / answers),
      answers,
      ...(held.notNumbers || fitted.notNumbers ? { notNumbers: true } : {}),
    };
  }
}
