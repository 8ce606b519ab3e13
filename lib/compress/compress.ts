// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { TensorRTError } from '../errors';
import { referenceNumerics } from '../numerics/reference';
import { checkExclusion } from '../onnx/graph/node-exclusion';
import { modelTensors } from '../onnx/graph/graph-walk';
import { loadModel, OnnxModel } from '../onnx/graph/onnx-model';
import { tensorBytes } from '../onnx/graph/tensor-values';
import { withSource } from '../onnx/graph/with-source';
import { refuseQuantized } from '../onnx/passes/refuse-quantized';
import { simplifyModel } from '../onnx/passes/simplify-model';
import { checkedFeeds } from './calibrate/checked-feeds';
import { digestFeeds } from './calibrate/digest-feeds';
import { openFeeds } from './calibrate/feed-source';
import { splitFeeds } from './calibrate/split-feeds';
import { stoppable } from './observe/stop-work';
import { refuseHalf } from './refuse-half';
import { countWork } from './report/count-work';
import { measureStoredSize } from './report/stored-size';
import type { FeedSource, ModelSource } from './runner';
import { nameChoice, UNCHANGED, type Choice } from './search/choice';
import { checkCompressOptions, SEARCH_STEPS, type CompressOptions } from './search/compress-options';
import { ChoiceMaker } from './search/make-choice';
import { DEFAULT_SPACE, type SearchSpace } from './search/order-trials';
import { rankLayers } from './search/rank-layers';
import { runSearch, type SearchEnd } from './search/run-search';
import { SearchState } from './search/search-state';
import { TrialJudge } from './search/trial-judge';
import { compareQuality, paretoSet, type CompressionTrial, type FailedTrial } from './search/trial';

export {
  SEARCH_STEPS,
  type CompressOptions,
  type CompressTarget,
  type SearchStep,
} from './search/compress-options';

/** What `compress` tried. */
export interface CompressReport {
  /** The source itself. */
  readonly source: CompressionTrial;
  /** What was taken. */
  readonly chosen: CompressionTrial;
  /** What no other trial beats in size, drop and noise, the smallest first. */
  readonly pareto: readonly CompressionTrial[];
  /** All that was measured. */
  readonly trials: readonly CompressionTrial[];
  /** What the model does not allow, with the reasons. */
  readonly failed: readonly FailedTrial[];
  /** Layers, the most sensitive first. */
  readonly sensitivity: readonly string[];
  /** Why the search ended. */
  readonly end: SearchEnd;
  /** Runs of data that steps fit on, and runs that trials were measured on; `shared` if they are the same ones. */
  readonly dataRuns: { readonly fit: number; readonly judge: number; readonly shared: boolean };
  /** Which linear algebra computed. */
  readonly numerics: 'native' | 'reference';
  /** What the reader should know. */
  readonly warnings: readonly string[];
}

/** The model that was chosen. */
export interface Compressed {
  /** The new model. */
  readonly model: OnnxModel;
  /** What was tried and measured. */
  readonly report: CompressReport;
}

/**
 * Looks for the smallest model within a drop of accuracy, or for the best one of a size: removed channels, low rank, shared
 * values, INT8 and FP16 are tried by themselves and then together, the most promising compositions first, with and without
 * the layers that are most sensitive. The source is not changed.
 *
 * With eight runs of data and more, every fourth is kept back: steps fit on the others, and trials are measured on these.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model, in FP32.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_TARGET if no trial keeps the bounds, with the closest one;
 * ERR_TRT_QUANT_CALIBRATION for missing or unusable data; ERR_TRT_QUANT_UNSUPPORTED and ERR_TRT_BUILD_PRECISION for a model
 * that is not in FP32; ERR_TRT_QUANT_EXCLUDE; ERR_TRT_ARG_*, also for a `state` of another search; ERR_TRT_RUN_ABORTED if
 * the signal fires; what loading the model throws
 * @example
 * const { model, report } = await compress('model.onnx', {
 *   target: { size: 0.25 },
 *   maxDrop: 0.01,
 *   calibration: batches,
 *   runner: sessionRunner(),
 *   numerics: await nativeNumerics(),
 * });
 * console.log(report.chosen.name, report.chosen.bytes / report.source.bytes);
 */
export async function compress<Feeds>(
  source: ModelSource | OnnxModel,
  options: CompressOptions<Feeds>,
): Promise<Compressed> {
  checkCompressOptions(options);
  const original = source instanceof OnnxModel ? source : await loadModel(source);
  refuseQuantized(original.graph);
  refuseHalf(original, 'compression');
  if (options.exclude !== undefined) checkExclusion(options.exclude, original.graph);
  const opened = await openFeeds(options.calibration);
  try {
    const feeds = stoppable(checkedFeeds(opened), options.signal);
    return await search(original, feeds, options);
  } finally {
    await opened.close();
  }
}

async function search<Feeds>(
  original: OnnxModel,
  feeds: FeedSource<Feeds>,
  options: CompressOptions<Feeds>,
): Promise<Compressed> {
  const { runner, signal, onProgress, trials: mostTrials = 40, target = {}, maxDrop = 0.01 } = options;
  const isLate = clock(options.timeLimit);
  const parts = splitFeeds(feeds);
  const judge = await TrialJudge.create(original, parts, runner);
  const state = await SearchState.open(options.state, await keyOf(original, feeds, options));
  const talk = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  if (state.sensitivity === undefined) {
    const prepared = original.clone();
    simplifyModel(prepared, { layerNormalization: 'keep-opset' });
    const ranked = await rankLayers(prepared, { judge: judge.held, isLate, ...talk });
    if (ranked !== undefined) await state.rank(ranked);
  }
  // Without a ranking the time is over: the source alone is measured, which takes none.
  const sensitivity = state.sensitivity ?? [];
  const maker = new ChoiceMaker({ original, feeds: parts.fit, runner, options, sensitivity });
  const aim = { ...target, maxDrop };
  const baseline = options.score && (await withSource(original, options.score));
  if (options.score !== undefined) checkBaseline(baseline, state);
  const measure = (choice: Choice, model: OnnxModel) =>
    measureTrial(choice, model, { judge, options, baseline });
  const end = await runSearch({
    ...talk,
    space: spaceOf(options),
    aim,
    state,
    mostTrials,
    isLate,
    make: (choice) => maker.make(choice),
    measure,
  });
  const trials = [...state.trials.values()];
  const chosen = choose(trials, aim);
  const found = state.trials.get(nameChoice(UNCHANGED))!;
  const model = await maker.make(chosen.choice);
  const again = await measure(chosen.choice, model);
  if (again.bytes !== chosen.bytes || again.drop > maxDrop + EPSILON) throw notAsMeasured(chosen, again);
  const dataRuns = { fit: parts.fit.count, judge: judge.held.runs, shared: parts.shared };
  return {
    model,
    report: {
      source: found,
      chosen,
      pareto: paretoSet(trials),
      trials,
      failed: [...state.failed.values()],
      sensitivity,
      end,
      dataRuns,
      numerics: (options.numerics ?? referenceNumerics).name,
      warnings: warningsOf(chosen, dataRuns, maxDrop),
    },
  };
}

interface Measuring<Feeds> {
  readonly judge: TrialJudge<Feeds>;
  readonly options: CompressOptions<Feeds>;
  readonly baseline: number | undefined;
}

async function measureTrial<Feeds>(
  choice: Choice,
  model: OnnxModel,
  { judge, options, baseline }: Measuring<Feeds>,
): Promise<CompressionTrial> {
  const { sqnrDb, top1Agreement, answers, notNumbers } = await judge.score(model);
  if (notNumbers) throw unusable('its outputs are NaN where those of the source are numbers');
  const { parameters, multiplyAdds } = countWork(model);
  const score = options.score && (await withSource(model, options.score));
  if (score !== undefined && !Number.isFinite(score)) throw unusable(`its score is ${score}`);
  return {
    choice,
    name: nameChoice(choice),
    ...(await measureStoredSize(model)),
    parameters,
    multiplyAdds,
    drop: score === undefined ? 1 - top1Agreement : baseline! - score,
    ...(score === undefined ? {} : { score }),
    sqnrDb,
    ...(score === undefined ? { answers } : {}),
  };
}

/** A model that was made and is of no use: a trial that failed. */
function unusable(reason: string): TensorRTError {
  return new TensorRTError('ERR_TRT_COMPRESS_UNSUPPORTED', `The model cannot be used: ${reason}.`);
}

/** Drops are from here: no number would make each of them one of nothing, another one each of another kind. */
function checkBaseline(baseline: number | undefined, { trials }: SearchState): void {
  if (baseline === undefined || !Number.isFinite(baseline))
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `\`score\` gave ${baseline} for the source; a number is expected, such as its accuracy from 0 to 1.`,
    );
  const known = trials.get(nameChoice(UNCHANGED))?.score;
  if (known === undefined || Math.abs(known - baseline) <= EPSILON) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The state of the search has a score of ${known} for the source, \`score\` gave ${baseline} now.`,
    { hint: 'Remove the file of the state to begin anew, or score as before.' },
  );
}

function spaceOf<Feeds>({ steps = SEARCH_STEPS }: CompressOptions<Feeds>): SearchSpace {
  const has = new Set<string>(steps);
  return {
    ...DEFAULT_SPACE,
    channels: has.has('channels') ? DEFAULT_SPACE.channels : [],
    rank: has.has('factorize') ? DEFAULT_SPACE.rank : [],
    storage: DEFAULT_SPACE.storage.filter((one) => one === 'fp32' || has.has(one)),
  };
}

/** Stands for all that measurements depend on. */
async function keyOf<Feeds>(
  model: OnnxModel,
  feeds: FeedSource<Feeds>,
  {
    steps = SEARCH_STEPS,
    exclude = {},
    score,
    scoreKey,
    numerics = referenceNumerics,
  }: CompressOptions<Feeds>,
): Promise<string> {
  const hash = createHash('sha256').update(model.toOutline());
  for (const tensor of modelTensors(model.message)) hash.update(tensorBytes(tensor));
  hash.update(await digestFeeds(feeds));
  const patterns = exclude.patterns?.map(String);
  hash.update(
    JSON.stringify([
      [...steps].sort(),
      exclude.names,
      exclude.ops,
      patterns,
      score === undefined ? null : (scoreKey ?? 'score'),
      numerics.name,
      DEFAULT_SPACE,
    ]),
  );
  return hash.digest('hex');
}

function clock(seconds: number | undefined): () => boolean {
  if (seconds === undefined) return () => false;
  const end = performance.now() + seconds * 1000;
  return () => performance.now() >= end;
}

/** Shares of samples are no exact numbers. */
const EPSILON = 1e-9;

interface Aim {
  readonly size?: number;
  readonly maxDrop: number;
}

/** Of the trials within the bounds: with a size the one that drops least, else the smallest. */
function choose(trials: readonly CompressionTrial[], { size, maxDrop }: Aim): CompressionTrial {
  const source = trials.find(({ name }) => name === nameChoice(UNCHANGED))!;
  const most = size === undefined ? Infinity : size * source.bytes;
  const within = paretoSet(trials).filter(({ bytes, drop }) => bytes <= most && drop <= maxDrop + EPSILON);
  // The Pareto set has the smallest first.
  const best = size === undefined ? within[0] : [...within].sort(compareQuality)[0];
  if (best !== undefined) return best;
  throw missed(trials, { source, most, maxDrop });
}

function missed(
  trials: readonly CompressionTrial[],
  { source, most, maxDrop }: { source: CompressionTrial; most: number; maxDrop: number },
): TensorRTError {
  const pareto = paretoSet(trials);
  const fitting = pareto.filter(({ bytes }) => bytes <= most).sort(compareQuality)[0];
  const good = pareto.find(({ drop }) => drop <= maxDrop + EPSILON)!;
  const say = ({ name, bytes, drop }: CompressionTrial) =>
    `${name}: ${percent(bytes / source.bytes)} of the size, drop ${percent(drop)}`;
  const closest = [
    fitting && `the best of that size is ${say(fitting)}`,
    `the smallest within the drop is ${say(good)}`,
  ].filter((part) => part !== undefined);
  return new TensorRTError(
    'ERR_TRT_COMPRESS_TARGET',
    `None of ${trials.length} models has ${percent(most / source.bytes)} of the size or less with a drop of ` +
      `${percent(maxDrop)} or less; ${closest.join('; ')}.`,
    {
      hint: 'Allow a larger drop or size, give more data, or more trials and time.',
      details: { closest: { fitting: fitting ?? null, good }, pareto },
    },
  );
}

function notAsMeasured(chosen: CompressionTrial, again: CompressionTrial): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_COMPRESS_CHECK',
    `The model of "${chosen.name}" has ${again.bytes} bytes and a drop of ${percent(again.drop)}; when it was tried it had ` +
      `${chosen.bytes} and ${percent(chosen.drop)}.`,
    { details: { chosen, again } },
  );
}

/** So many answers at least are to lie within the bound, or a drop of its size is a matter of chance. */
const FEWEST_ANSWERS = 5;

function warningsOf(
  { choice, answers }: CompressionTrial,
  { shared }: CompressReport['dataRuns'],
  maxDrop: number,
): string[] {
  const least = maxDrop === 0 ? 0 : Math.ceil(FEWEST_ANSWERS / maxDrop);
  return [
    ...(answers !== undefined && answers < least
      ? [
          `${answers} answers tell little about a drop of ${percent(maxDrop)}: other data may show a larger one. ${least} and more tell it better; evaluate the model on labelled data.`,
        ]
      : []),
    ...(shared
      ? [
          'There are fewer than eight runs of data: models were measured on the data that they were fitted to.',
        ]
      : []),
    ...(choice.storage === 'cluster'
      ? ['TensorRT expands shared values: the file is smaller, the engine and its runs are not.']
      : []),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
