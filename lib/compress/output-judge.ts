// SPDX-License-Identifier: Apache-2.0
// Every choice that quantisation makes by measurement is made here: a candidate is run on some of the calibration data
// and its outputs are held against the source's.

import { TensorRTError } from '../errors';
import type { OnnxModel } from '../onnx/graph/onnx-model';
import type { TensorData } from '../tensor/element-arrays';
import { asNumbers, SimilaritySums } from '../tensor/similarity';
import { firstRuns } from './calibrate/split-feeds';
import { runModel } from './run-model';
import type { FeedSource, Runner, RunnerOutputs } from './runner';

/** How near the outputs of a candidate are to the source's. */
export interface OutputScore {
  /**
   * Signal-to-noise ratio in dB, -200 to 200, of the mean over the outputs of noise by signal: the worst output decides,
   * and one that cannot change, e.g. a copy of an input, adds 3 dB at most. Outputs of integers (classes, indices) count
   * only where there are no others, and outputs that are always zero not at all.
   */
  readonly sqnrDb: number;
  /** Cosine of the worst output, of those that count above. */
  readonly cosine: number;
  /**
   * Share of samples (last axis: classes) with the same largest value, and of the elements of integer outputs that are
   * the same. Of a single column of scores, the share on the same side of the middle.
   */
  readonly top1Agreement: number;
  /** How many answers that share is of. */
  readonly answers: number;
  /** There where a value is NaN that is a number in the source's outputs. */
  readonly notNumbers?: true;
}

/** Equal outputs have no finite ratio; this is more than FP32 can tell apart. */
const MOST_DB = 200;
const LEAST_NOISE = 10 ** (-MOST_DB / 10);
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
    let notNumbers = false;
    let run = 0;
    for await (const outputs of runModel(candidate, firstRuns(this.feeds, this.runs), this.runner)) {
      for (const [name, { data, dims }] of Object.entries(this.expected[run]!)) {
        const [expected, actual] = [asNumbers(data), asNumbers(outputs[name]!.data)];
        if (!sums.has(name)) sums.set(name, new SimilaritySums());
        sums.get(name)!.add(expected, actual);
        notNumbers ||= lostNumbers(expected, actual);
        if (isReal(data)) countAgreement(agreement, expected, actual, dims.at(-1) ?? 1);
        else countEqual(agreement, expected, actual);
      }
      run++;
    }
    const all = this.measured().map((name) => sums.get(name)!);
    return {
      sqnrDb: decibels(all.flatMap(noiseOf)),
      cosine: Math.min(...all.map(({ cosine }) => (Number.isNaN(cosine) ? -1 : cosine))),
      top1Agreement: agreement.all === 0 ? 1 : agreement.same / agreement.all,
      answers: agreement.all,
      ...(notNumbers ? { notNumbers } : {}),
    };
  }

  /** Outputs that hold numbers rather than classes or indices; all of them where there are no such. */
  private measured(): string[] {
    const outputs = Object.entries(this.expected[0]!);
    const real = outputs.filter(([, { data }]) => isReal(data));
    return (real.length > 0 ? real : outputs).map(([name]) => name);
  }
}

/** By name: `Float16Array` is new. */
function isReal(data: TensorData): boolean {
  return /^Float\d+Array$/.test(data.constructor.name);
}

/** Noise by signal; nothing for an output that is always zero, which noise cannot be a share of. */
function noiseOf(sums: SimilaritySums): number[] {
  const { relativeError, cosine } = sums;
  if (relativeError === Infinity && cosine === 0) return [];
  return [Number.isNaN(relativeError) ? Infinity : relativeError ** 2];
}

/** A model whose outputs are not numbers any more is as far away as can be. */
function decibels(noises: readonly number[]): number {
  if (noises.length === 0) return MOST_DB;
  const mean = noises.reduce((sum, noise) => sum + noise, 0) / noises.length;
  return Math.max(-MOST_DB, -10 * Math.log10(Math.max(mean, LEAST_NOISE)));
}

function lostNumbers(expected: ArrayLike<number>, actual: ArrayLike<number>): boolean {
  for (let i = 0; i < actual.length; i++)
    if (Number.isNaN(actual[i]) && !Number.isNaN(expected[i])) return true;
  return false;
}

function countEqual(
  agreement: { same: number; all: number },
  expected: ArrayLike<number>,
  actual: ArrayLike<number>,
): void {
  agreement.all += expected.length;
  for (let i = 0; i < expected.length; i++) if (expected[i] === actual[i]) agreement.same++;
}

function countAgreement(
  agreement: { same: number; all: number },
  expected: ArrayLike<number>,
  actual: ArrayLike<number>,
  classes: number,
): void {
  if (classes < 2) return countSides(agreement, expected, actual);
  for (let at = 0; at < expected.length; at += classes) {
    agreement.all++;
    if (largestAt(expected, at, classes) === largestAt(actual, at, classes)) agreement.same++;
  }
}

/** One column of scores: an answer is on which side of the middle it lies, of probabilities 0.5, of logits 0. */
function countSides(
  agreement: { same: number; all: number },
  expected: ArrayLike<number>,
  actual: ArrayLike<number>,
): void {
  let middle = 0.5;
  for (let i = 0; i < expected.length; i++) if (expected[i]! < 0 || expected[i]! > 1) middle = 0;
  agreement.all += expected.length;
  for (let i = 0; i < expected.length; i++)
    if (expected[i]! >= middle === actual[i]! >= middle) agreement.same++;
}

function largestAt(values: ArrayLike<number>, at: number, count: number): number {
  let best = at;
  for (let i = at + 1; i < at + count; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
