// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { EngineProfile, Feeds } from '../../index';
import { rejectUnknownOptions } from '../../option-checks';
import { EVALUATION_SCHEMA_VERSION } from '../evaluation';
import { openModel, type EvaluatedModel, type ModelOutputs, type OpenModel } from '../evaluated-model';
import { numbersOf } from '../numbers-of';
import { candidateFacts } from './candidate-precision';
import { DifferenceSums } from './difference-sums';
import { feedsFor, findDivergence } from './first-divergence';
import { randomFeeds } from './random-feeds';
import { toleranceFor, type Tolerance } from './tolerance';
import type {
  Divergence,
  ModelToValidate,
  OutputDifference,
  ValidateOptions,
  Validation,
} from './validation';
import { VALIDATE_OPTION_NAMES } from './validation';

const USUAL_RUNS = 8;

/**
 * Runs an engine or a rewritten model and its source on the same inputs and holds each output against the source's, element
 * by element. Where one is outside of the tolerance and both are ONNX models, says which tensor parts first.
 *
 * @param candidate - A path, bytes, or a session, which stays open. An engine needs a GPU.
 * @param source - What it was made from; runs on the CPU unless told.
 * @returns also where it fails: `passed` says so
 * @throws {TensorRTError} `ERR_TRT_EVAL_OUTPUT` for outputs that only the source has, or of another shape;
 *   `ERR_TRT_EVAL_DATA` without any run; `ERR_TRT_ARG_VALUE` for shapes that do not fit; `ERR_TRT_RUN_ABORTED`; and what
 *   sessions throw
 * @example
 * ```ts
 * const { passed, divergence } = await validate('model-fp16.onnx', 'model.onnx', { shapes: { x: [4, 3, 224, 224] } });
 * if (!passed) console.log(divergence?.first?.node);
 * ```
 */
export async function validate(
  candidate: ModelToValidate,
  source: ModelToValidate,
  options: ValidateOptions = {},
): Promise<Validation> {
  const startMs = performance.now();
  rejectUnknownOptions('validate', options, VALIDATE_OPTION_NAMES);
  const facts = await candidateFacts(candidate);
  const precision = options.precision ?? facts.precision;
  const tolerance = toleranceFor(precision, options);
  const sourceSession = options.sourceSession ?? { device: 'cpu' };
  const ours = await openModel(candidate, options.session);
  try {
    const theirs = await openModel(source, sourceSession);
    try {
      const comparison = new Comparison(ours.model, theirs.model, tolerance);
      await comparison.over(options);
      const passed = comparison.outputs.every((one) => one.passed);
      return {
        schemaVersion: EVALUATION_SCHEMA_VERSION,
        kind: 'validation',
        ...described(ours, theirs, options),
        passed,
        runs: comparison.runs,
        precision,
        tolerance,
        outputs: comparison.outputs,
        ...(passed || options.findDivergence === false
          ? { divergence: null }
          : await search({ candidate, source, comparison, tolerance, facts }, { ...options, sourceSession })),
        date: new Date().toISOString(),
        elapsedMs: performance.now() - startMs,
      };
    } finally {
      await theirs.close();
    }
  } finally {
    await ours.close();
  }
}

function described(ours: OpenModel, theirs: OpenModel, { names }: ValidateOptions) {
  return {
    candidate: names?.candidate ?? ours.name,
    source: names?.source ?? theirs.name,
    candidateDevice: ours.model.device ?? null,
    sourceDevice: theirs.model.device ?? null,
  };
}

/** Runs of both models, and what came of them. */
class Comparison {
  private readonly sums = new Map<string, DifferenceSums>();
  runs = 0;
  /** The feeds of the first run that failed, with its number. */
  failing: { readonly feeds: Feeds; readonly run: number } | undefined;

  constructor(
    private readonly candidate: EvaluatedModel,
    private readonly source: EvaluatedModel,
    tolerance: Tolerance,
  ) {
    const missing = source.outputs.filter(({ name }) => !candidate.outputs.some((one) => one.name === name));
    if (missing.length > 0) throw missingOutput(missing[0]!.name, candidate);
    for (const { name } of source.outputs) this.sums.set(name, new DifferenceSums(tolerance));
  }

  get outputs(): OutputDifference[] {
    return [...this.sums].map(([output, sums]) => ({ output, ...sums.difference }));
  }

  async over(options: ValidateOptions): Promise<void> {
    const { signal } = options;
    for await (const feeds of this.feeds(options)) {
      if (signal?.aborted === true)
        throw new TensorRTError('ERR_TRT_RUN_ABORTED', 'The validation was stopped by its AbortSignal.');
      const call = signal === undefined ? {} : { signal };
      const [actual, expected] = await Promise.all([
        this.candidate.run(feedsFor(this.candidate.inputs, feeds), call),
        this.source.run(feedsFor(this.source.inputs, feeds), call),
      ]);
      this.add(actual, expected, feeds);
    }
    if (this.runs === 0)
      throw new TensorRTError('ERR_TRT_EVAL_DATA', 'There is no run: no inputs were given, and `runs` is 0.');
  }

  private async *feeds({ inputs, runs, seed = 0, shapes }: ValidateOptions): AsyncGenerator<Feeds> {
    if (inputs !== undefined) yield* typeof inputs === 'function' ? await inputs(this.source.inputs) : inputs;
    const count = runs ?? (inputs === undefined ? USUAL_RUNS : 0);
    const tuned = tunedDims(this.candidate);
    for (let run = 0; run < count; run++)
      yield randomFeeds({ inputs: this.source.inputs, shapes, tuned, seed: seed + run });
  }

  private add(actual: ModelOutputs, expected: ModelOutputs, feeds: Feeds): void {
    for (const [output, sums] of this.sums) {
      const [ours, theirs] = [actual[output]!, expected[output]!];
      if (ours.data.length !== theirs.data.length) throw otherShape(output, ours.dims, theirs.dims);
      const before = sums.difference.outside;
      sums.add(numbersOf(theirs, output), numbersOf(ours, output), this.runs);
      if (sums.difference.outside > before) this.failing ??= { feeds, run: this.runs };
    }
    this.runs++;
  }
}

/** The dims that an engine's first profile is tuned for. */
function tunedDims(model: EvaluatedModel): Record<string, readonly number[]> {
  const { profiles } = model as { profiles?: readonly EngineProfile[] };
  const dims = Object.entries(profiles?.[0] ?? {}).flatMap(([name, range]) =>
    'values' in range ? [] : [[name, range.opt] as const],
  );
  return Object.fromEntries(dims);
}

interface Search {
  readonly candidate: ModelToValidate;
  readonly source: ModelToValidate;
  readonly comparison: Comparison;
  readonly tolerance: Tolerance;
  readonly facts: { readonly isOnnx: boolean };
}

async function search(
  { candidate, source, comparison, tolerance, facts }: Search,
  options: ValidateOptions,
): Promise<{ divergence: Divergence | null; divergenceNote?: string }> {
  const without = (divergenceNote: string) => ({ divergence: null, divergenceNote });
  if (!isModel(candidate) || !facts.isOnnx)
    return without('The candidate is no ONNX model: its inner tensors cannot be looked at.');
  if (!isModel(source)) return without('The source is a session: its inner tensors cannot be looked at.');
  const { feeds, run } = comparison.failing!;
  const { session, sourceSession, signal } = options;
  try {
    const request = { candidate, source, feeds, run, tolerance, session, sourceSession, signal };
    return { divergence: await findDivergence(request) };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return without(`The models could not be run with inner tensors as outputs: ${(error as Error).message}`);
  }
}

function isModel(model: ModelToValidate): model is string | Uint8Array {
  return typeof model === 'string' || model instanceof Uint8Array;
}

function missingOutput(output: string, candidate: EvaluatedModel): TensorRTError {
  const names = candidate.outputs.map(({ name }) => name);
  return new TensorRTError(
    'ERR_TRT_EVAL_OUTPUT',
    `The source has an output '${output}', which the candidate does not have; it has ${names.join(', ')}.`,
    { details: { output, outputs: names }, hint: 'Validate a model against the one that it was made from.' },
  );
}

function otherShape(output: string, ours: readonly number[], theirs: readonly number[]): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_EVAL_OUTPUT',
    `Output '${output}' has the shape [${ours.join(', ')}], and [${theirs.join(', ')}] in the source.`,
    { details: { output, dims: ours, source: theirs } },
  );
}
