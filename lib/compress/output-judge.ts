// SPDX-License-Identifier: Apache-2.0
// Every choice that quantisation makes by measurement is made here: a candidate is run on some of the calibration data
// and its outputs are held against the source's.

import { TensorRTError } from '../errors';
import type { OnnxModel } from '../onnx/graph/onnx-model';
import { asNumbers, SimilaritySums } from '../tensor/similarity';
import { runModel } from './run-model';
import type { FeedSource, Runner, RunnerOutputs } from './runner';

/** How near the outputs of a candidate are to the source's. */
export interface OutputScore {
  /** Signal-to-noise ratio of each output in dB, averaged; at most 200 each. */
  readonly sqnrDb: number;
  /** Cosine of the worst output. */
  readonly cosine: number;
  /** Share of samples (last axis: classes) with the same largest value; 1 where outputs have no last axis of two or more. */
  readonly top1Agreement: number;
}

/** Equal outputs have no finite ratio; this is more than FP32 can tell apart. */
const MOST_DB = 200;
/** Outputs of the source that are kept in memory. */
const MOST_BYTES = 256 * 2 ** 20;

/** Holds candidates against one source. */
export class OutputJudge<Feeds> {
  private constructor(
    private readonly feeds: FeedSource<Feeds>,
    private readonly runner: Runner<Feeds>,
    private readonly expected: readonly RunnerOutputs[],
  ) {}

  /**
   * Runs the source once and keeps its outputs: of the first runs of the data that take up to 256 MiB.
   *
   * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION if there is no run
   */
  static async create<Feeds>(
    source: OnnxModel,
    feeds: FeedSource<Feeds>,
    runner: Runner<Feeds>,
  ): Promise<OutputJudge<Feeds>> {
    const expected: RunnerOutputs[] = [];
    let bytes = 0;
    for await (const outputs of runModel(source, feeds, runner)) {
      expected.push(outputs);
      for (const { data } of Object.values(outputs)) bytes += data.byteLength;
      if (bytes > MOST_BYTES) break;
    }
    if (expected.length === 0)
      throw new TensorRTError('ERR_TRT_QUANT_CALIBRATION', 'There is no run of data to measure on.');
    return new OutputJudge(feeds, runner, expected);
  }

  /** Runs of data that candidates are measured on. */
  get runs(): number {
    return this.expected.length;
  }

  /** Runs a candidate, as it is now, on the same data. */
  async score(candidate: OnnxModel): Promise<OutputScore> {
    const sums = new Map<string, SimilaritySums>();
    const agreement = { same: 0, all: 0 };
    let run = 0;
    for await (const outputs of runModel(candidate, this.firstRuns(), this.runner)) {
      for (const [name, { data, dims }] of Object.entries(this.expected[run]!)) {
        const [expected, actual] = [asNumbers(data), asNumbers(outputs[name]!.data)];
        if (!sums.has(name)) sums.set(name, new SimilaritySums());
        sums.get(name)!.add(expected, actual);
        countAgreement(agreement, expected, actual, dims.at(-1) ?? 1);
      }
      run++;
    }
    const all = [...sums.values()];
    return {
      sqnrDb: all.reduce((sum, { sqnrDb }) => sum + clampDb(sqnrDb), 0) / all.length,
      cosine: Math.min(...all.map(({ cosine }) => (Number.isNaN(cosine) ? -1 : cosine))),
      top1Agreement: agreement.all === 0 ? 1 : agreement.same / agreement.all,
    };
  }

  private async *firstRuns(): AsyncGenerator<Feeds> {
    let run = 0;
    for await (const one of this.feeds) {
      if (run++ >= this.runs) return;
      yield one;
    }
  }
}

/** A model whose outputs are not numbers any more is as far away as can be. */
function clampDb(db: number): number {
  return Number.isNaN(db) ? -MOST_DB : Math.max(-MOST_DB, Math.min(MOST_DB, db));
}

function countAgreement(
  agreement: { same: number; all: number },
  expected: ArrayLike<number>,
  actual: ArrayLike<number>,
  classes: number,
): void {
  if (classes < 2) return;
  for (let at = 0; at < expected.length; at += classes) {
    agreement.all++;
    if (largestAt(expected, at, classes) === largestAt(actual, at, classes)) agreement.same++;
  }
}

function largestAt(values: ArrayLike<number>, at: number, count: number): number {
  let best = at;
  for (let i = at + 1; i < at + count; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
