// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { allGraphs } from '../onnx/graph/graph-walk';
import { checkExclusion } from '../onnx/graph/node-exclusion';
import { loadModel, OnnxModel } from '../onnx/graph/onnx-model';
import { castModel, type CastReport } from '../onnx/passes/cast-model';
import { simplifyModel } from '../onnx/passes/simplify-model';
import { checkedFeeds } from './calibrate/checked-feeds';
import { openFeeds } from './calibrate/feed-source';
import { collectLargestValues, MOST_RANGE_RUNS } from './calibrate/largest-values';
import { firstRuns } from './calibrate/split-feeds';
import type { CastToOptions } from './cast-options';
import { stoppable } from './observe/stop-work';
import { checkCastOptions } from './option-tables';
import { OutputJudge, type OutputScore } from './output-judge';
import { refuseHalf } from './refuse-half';
import type { FeedSource, ModelSource, Runner } from './runner';

export type { CastToOptions } from './cast-options';

/** What `cast` did. */
export interface CastToReport extends CastReport {
  /** The type that the model computes in now. */
  readonly precision: 'fp16' | 'bf16';
  /** Runs of data that ranges were taken from. A graph does not tell how large activations become. */
  readonly dataRuns: number;
  /** How near the outputs are to the source's on that data; absent without data, for BF16, and where outputs change type. */
  readonly score?: OutputScore;
}

/** A model that `cast` changed. */
export interface CastTo {
  /** The new model. */
  readonly model: OnnxModel;
  /** What was done, and how near the outputs are. */
  readonly report: CastToReport;
}

/**
 * Rewrites an FP32 model so that it computes in FP16 or BF16 where that loses nothing that matters; see `castModel` for
 * the rules. The source is not changed.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model.
 * @throws {TensorRTError} ERR_TRT_BUILD_PRECISION if less than half of the arithmetic can be in the type, or the model is
 * in a half-wide type already;
 * ERR_TRT_ARG_* for options that are wrong; ERR_TRT_QUANT_EXCLUDE; ERR_TRT_ARG_VALUE for data without a runner; and what `loadModel` and `castModel` throw
 * @example
 * const { model, report } = await cast('model.onnx', { to: 'fp16' });
 * await model.save('model-fp16.onnx');
 */
export async function cast<Feeds>(
  source: ModelSource | OnnxModel,
  options: CastToOptions<Feeds>,
): Promise<CastTo> {
  checkCastOptions(options);
  const { to, keepIo, exclude, calibration, runner, signal } = options;
  const original = source instanceof OnnxModel ? source : await loadModel(source);
  if (exclude !== undefined) checkExclusion(exclude, original.graph);
  refuseHalf(original, to);
  const model = original.clone();
  simplifyModel(model);
  if (calibration === undefined) {
    return finish(model, castModel(model, { to, keepIo, exclude }), { precision: to, dataRuns: 0 });
  }
  if (runner === undefined) throw noRunner();
  const feeds = await openFeeds(calibration);
  try {
    const some = stoppable(checkedFeeds(firstRuns(feeds, MOST_RANGE_RUNS)), signal);
    const largest = to === 'fp16' ? await collectLargestValues(model, { feeds: some, runner, signal }) : {};
    const report = castModel(model, { to, keepIo, exclude, largest });
    // Few runtimes compute in BFLOAT16, and none compares half-wide outputs with those of FLOAT.
    const isMeasured = to === 'fp16' && keepIo !== false;
    const score = isMeasured ? await scoreOf(model, original, { feeds: some, runner }) : undefined;
    return finish(model, report, { precision: to, dataRuns: some.count, ...(score && { score }) });
  } finally {
    await feeds.close();
  }
}

async function scoreOf<Feeds>(
  model: OnnxModel,
  source: OnnxModel,
  { feeds, runner }: { feeds: FeedSource<Feeds>; runner: Runner<Feeds> },
): Promise<OutputScore> {
  const judge = await OutputJudge.create(source, feeds, runner);
  return judge.score(model);
}

function finish(model: OnnxModel, report: CastReport, rest: Omit<CastToReport, keyof CastReport>): CastTo {
  checkIsReduced(model, rest.precision, report);
  return { model, report: { ...report, ...rest } };
}

const ARITHMETIC = /^(Conv|ConvTranspose|Gemm|MatMul|Einsum|LSTM|GRU|RNN|Attention|DeformConv)$/;

/** Asking for FP16 and getting FP32 is an error. Constants and normalisations stay everywhere: arithmetic counts. */
function checkIsReduced(model: OnnxModel, to: 'fp16' | 'bf16', { reduced, kept }: CastReport): void {
  const arithmetic = kept.filter(({ op }) => ARITHMETIC.test(op));
  const nodes = allGraphs(model.graph).flatMap(({ node }) => node);
  const total = nodes.filter(({ opType }) => ARITHMETIC.test(opType)).length;
  if (reduced > 0 && arithmetic.length * 2 <= total) return;
  if (total === 0) throw nothingReduced(to, kept);
  const reasons = arithmetic.slice(0, 3).map(({ node, op, reason }) => `"${node}" (${op}): ${reason}`);
  throw new TensorRTError(
    'ERR_TRT_BUILD_PRECISION',
    `Only ${total - arithmetic.length} of ${total} arithmetic nodes can be in ${to}: ${reasons.join('; ')}.`,
    { hint: 'Use the precision that the model is in.', details: { asked: to, kept } },
  );
}

function nothingReduced(to: 'fp16' | 'bf16', kept: CastReport['kept']): TensorRTError {
  const reasons = kept.slice(0, 3).map(({ node, op, reason }) => `"${node}" (${op}): ${reason}`);
  const why = reasons.length === 0 ? 'it computes nothing in FLOAT' : reasons.join('; ');
  return new TensorRTError('ERR_TRT_BUILD_PRECISION', `No node of the model can be in ${to}: ${why}.`, {
    hint: 'Use the precision that the model is in.',
    details: { asked: to, kept },
  });
}

function noRunner(): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', '`calibration` needs a `runner` that runs models on it.', {
    hint: 'Pass runner: sessionRunner(), which runs them on the CPU.',
  });
}
