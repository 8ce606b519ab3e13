// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { describeType, rejectUnknownOptions } from '../option-checks';
import { chooseOutput } from './choose-output';
import { checkBatch, type CheckedBatch } from './data/check-batch';
import { dataError } from './data/data-error';
import type { BatchFeeds, LabelledBatches } from './data/labelled-batch';
import { openData, type DataFiles, type OpenData } from './data/open-data';
import { DEFAULT_BATCH, EVALUATE_OPTION_NAMES, type EvaluateOptions } from './evaluate-options';
import { openModel, type ModelOutputs, type ModelToEvaluate, type OpenModel } from './evaluated-model';
import { EVALUATION_SCHEMA_VERSION, type Evaluation, type EvaluationTask } from './evaluation';
import type { LayerError } from './layers/layer-error';
import { runAhead } from './run-ahead';
import { createScorer, taskOf, type TaskMeasures } from './tasks/choose-task';
import { ReferenceScorer } from './tasks/reference';
import type { Scorer } from './tasks/scored-batch';

/**
 * Runs a model on a labelled set and measures how right it is, and how near to a reference. The same numbers whatever the
 * backend: accuracy, top-k, precision, recall, F1, ROC-AUC and confusion matrix for classes; mean average precision for
 * boxes; mean errors for numbers.
 *
 * Batches run off the event loop, as many at once as the session has contexts, and are counted in order: the result does
 * not depend on timing. Memory is that of some batches, and 4 bytes a score (256 MiB at most) for the ROC.
 *
 * @param model - A path, bytes, or a session, which stays open.
 * @param data - Files, or batches from anywhere.
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` naming file and sample; `ERR_TRT_EVAL_OUTPUT` where it is not clear what to
 *   evaluate; `ERR_TRT_ARG_VALUE` for a detection with a reference; `ERR_TRT_RUN_ABORTED`; and what sessions throw
 * @example
 * ```ts
 * const result = await evaluate('model.onnx', { path: 'images.npy', labels: 'labels.npy' });
 * if (result.task === 'classification') console.log(result.accuracy, result.f1);
 * ```
 */
export async function evaluate(
  model: ModelToEvaluate,
  data: DataFiles | LabelledBatches,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const startMs = performance.now();
  rejectUnknownOptions('evaluate', options, EVALUATE_OPTION_NAMES);
  checkData(data);
  const { session, referenceSession = session, reference } = options;
  const subject = await openModel(model, contextsFor(session, options.concurrency));
  try {
    const other =
      reference === undefined
        ? undefined
        : await openModel(reference, contextsFor(referenceSession, options.concurrency));
    try {
      const open = await openData(data, subject.model.inputs, options.batch ?? DEFAULT_BATCH);
      const run = new EvaluationRun(subject, other, options);
      await run.over(open);
      await run.profileLayers(model, reference);
      return run.finish(open, performance.now() - startMs);
    } finally {
      await other?.close();
    }
  } finally {
    await subject.close();
  }
}

function checkData(data: unknown): void {
  if (typeof data === 'object' && data !== null) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_TYPE',
    `evaluate(model, data) takes files ({ path, labels }) or batches, not ${describeType(data)}.`,
  );
}

/** Batches that run at once need a context each. */
function contextsFor(session: EvaluateOptions['session'], concurrency: number | undefined) {
  return concurrency === undefined ? session : { contexts: concurrency, ...session };
}

/** Batches that layers are compared on. */
const PROFILED_BATCHES = 4;

/** An evaluation in progress. */
class EvaluationRun {
  private readonly warnings: string[] = [];
  private scorer: Scorer<TaskMeasures> | undefined;
  private referenceScorer: Scorer<TaskMeasures> | undefined;
  private comparison: ReferenceScorer | undefined;
  private output: string | null = null;
  private readonly kept: BatchFeeds[] = [];
  private layers: readonly LayerError[] | undefined;
  private samples = 0;
  private batches = 0;

  constructor(
    private readonly subject: OpenModel,
    private readonly reference: OpenModel | undefined,
    private readonly options: EvaluateOptions,
  ) {}

  async over(data: OpenData): Promise<void> {
    const { concurrency, session, signal, onProgress } = this.options;
    const atOnce = concurrency ?? session?.contexts ?? 1;
    const pairs = runAhead(this.checked(data), atOnce, (batch) => this.run(batch));
    for await (const [batch, outputs] of pairs) {
      throwIfAborted(signal);
      this.add(batch, ...outputs);
      this.samples += batch.samples;
      this.batches += 1;
      onProgress?.({ samples: this.samples, batches: this.batches });
    }
    if (this.samples === 0) throw dataError(`There are no batches in ${data.source}: nothing to evaluate.`);
  }

  /** Adds the errors of the layers, if they are wanted; why they could not be had is a warning. */
  async profileLayers(model: ModelToEvaluate, reference: ModelToEvaluate | undefined): Promise<void> {
    const { profileLayers, signal } = this.options;
    if (profileLayers !== true) return;
    if (!isSource(model) || !isSource(reference)) {
      this.warnings.push('The layers were not compared: that takes two ONNX models by path or bytes.');
      return;
    }
    try {
      const { profileModels } = await import('./layers/profile-models.js');
      this.layers = await profileModels({ model, reference, feeds: this.kept, signal });
    } catch (error) {
      throwIfAborted(signal);
      this.warnings.push(`The layers were not compared: ${(error as Error).message}`);
    }
  }

  finish(data: OpenData, elapsedMs: number): Evaluation {
    const { model, name } = this.subject;
    const measures = this.scorer!.finish();
    const { names, classNames = data.classNames } = this.options;
    const { layers } = this;
    if (measures.task === 'classification' && measures.nanSamples > 0)
      this.warnings.push(`${measures.nanSamples} samples have NaN among their scores.`);
    return {
      schemaVersion: EVALUATION_SCHEMA_VERSION,
      kind: 'evaluation',
      model: names?.model ?? name,
      data: data.source,
      device: model.device ?? null,
      backend: model.backend ?? null,
      date: new Date().toISOString(),
      elapsedMs,
      samples: this.samples,
      batches: this.batches,
      output: this.output,
      ...measures,
      ...this.againstReference(),
      ...(classNames === undefined ? {} : { classNames }),
      ...(layers === undefined ? {} : { layers }),
      warnings: this.warnings,
    };
  }

  private async *checked(data: OpenData): AsyncGenerator<CheckedBatch> {
    let first = 0;
    for await (const batch of data.batches) {
      throwIfAborted(this.options.signal);
      const checked = checkBatch(batch, first, data.source);
      first += checked.samples;
      if (this.options.profileLayers === true && this.kept.length < PROFILED_BATCHES)
        this.kept.push(batch.feeds);
      if (this.scorer === undefined) this.start(this.options.task ?? taskOf(batch.labels));
      yield checked;
    }
  }

  private start(task: EvaluationTask): void {
    const { options, reference } = this;
    if (task === 'detection' && reference !== undefined)
      throw new TensorRTError(
        'ERR_TRT_ARG_VALUE',
        'A detection has no reference: boxes of two models have no order in common.',
        { hint: 'Evaluate both models and compare their mean average precision.' },
      );
    this.output = task === 'detection' ? null : chooseOutput(this.subject.model, options.output);
    this.scorer = createScorer(task, this.output, options);
    if (reference === undefined) return;
    chooseOutput(reference.model, this.output!);
    this.referenceScorer = createScorer(task, this.output, options);
    this.comparison = new ReferenceScorer(this.output!);
  }

  private run({ feeds }: CheckedBatch): Promise<[ModelOutputs, ModelOutputs | undefined]> {
    const { signal } = this.options;
    const call = signal === undefined ? {} : { signal };
    return Promise.all([
      this.subject.model.run(feeds, call),
      this.reference === undefined ? undefined : this.reference.model.run(feeds, call),
    ]);
  }

  private add(batch: CheckedBatch, outputs: ModelOutputs, expected: ModelOutputs | undefined): void {
    this.scorer!.add(batch, outputs);
    if (expected === undefined) return;
    this.referenceScorer!.add(batch, expected);
    this.comparison!.add(batch, outputs, expected);
  }

  private againstReference(): Pick<Evaluation, 'reference'> {
    const { reference, comparison } = this;
    if (reference === undefined || comparison === undefined) return {};
    const own = this.referenceScorer!.finish();
    return {
      ...comparison.finish(),
      reference: {
        model: this.options.names?.reference ?? reference.name,
        device: reference.model.device ?? null,
        ...(own.task === 'classification' ? { accuracy: own.accuracy } : {}),
        ...(own.task === 'regression' ? { rmse: own.rmse } : {}),
      },
    };
  }
}

function isSource(model: ModelToEvaluate | undefined): model is string | Uint8Array {
  return typeof model === 'string' || model instanceof Uint8Array;
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new TensorRTError('ERR_TRT_RUN_ABORTED', 'The evaluation was stopped by its AbortSignal.', {
    cause: signal.reason,
  });
}
