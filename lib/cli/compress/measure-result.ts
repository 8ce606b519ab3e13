// SPDX-License-Identifier: Apache-2.0
// The report that all commands have that change a model: the new one beside the source.

import type { CompressionFacts, CompressionMeasures } from '../../compress/report/measure-compression';
import { makeTemporaryFolder } from '../../temporary-folder';
import { TensorRTError } from '../../errors';
import type { Evaluation } from '../../evaluate';
import type { ModelSource } from '../../onnx/graph/onnx-model';
import type { Feeds } from '../../runtime/feeds';
import type { CommandContext } from '../command';
import { loadDecode } from '../evaluate/decode-module';
import { EXIT, exitCodeOf } from '../failure';
import type { DeviceName } from '../session-talk';
import { sampleFeeds, type SampleFeeds } from './sample-feeds';
import type { MeasureArguments } from './measure-arguments';
import { sayStep } from './report-lists';

/** What may not be measured, each with the reason why it was not. */
export type NotMeasured = Partial<Readonly<Record<'evaluation' | 'latency' | 'engine', string>>>;

/** A model beside its source, and what is not known of them. */
export interface Measured extends CompressionFacts<Evaluation> {
  /** Dims of the inputs that arithmetic, latency and engine are for: of one sample where the model leaves that open. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Where latency was measured. */
  readonly latencyDevice?: DeviceName;
  /** What built the engines. */
  readonly engineRuntime?: string;
  readonly notMeasured: NotMeasured;
}

/** What to measure. */
export interface MeasureRequest {
  /** Path of the model that was changed. */
  readonly source: string;
  /** Path of the new model. */
  readonly output: string;
  readonly given: MeasureArguments & {
    readonly device?: DeviceName | undefined;
    readonly decode?: string | undefined;
    readonly batch?: number | undefined;
  };
  /** Where typical inputs are; random ones are taken without. */
  readonly calibration?: (() => AsyncIterable<Feeds>) | undefined;
  readonly signal: AbortSignal;
}

/**
 * Measures both models: sizes and arithmetic always, the rest where it was asked for. What cannot be measured does not
 * fail the command: the model is written, and the reason is told.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_ABORTED`; what reading the models throws
 */
export async function measureResult(request: MeasureRequest, context: CommandContext): Promise<Measured> {
  const { source, output, given } = request;
  const say = sayStep(context);
  const notMeasured: Record<string, string> = {};
  const attempt: Attempt = async (what, work) => {
    if (notMeasured[what] !== undefined) return undefined;
    try {
      return await work();
    } catch (error) {
      if (exitCodeOf(error) === EXIT.interrupted) throw error;
      notMeasured[what] = error instanceof TensorRTError ? error.message : String(error);
      return undefined;
    }
  };
  const sample = await sampleFeeds(request, context.api).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    for (const what of ['latency', 'engine']) notMeasured[what] = `there is no input to run on: ${reason}`;
    return NO_SAMPLE;
  });
  const engines = new EngineSizes(request, sample, context);
  const measures: CompressionMeasures<Evaluation> = {
    inputs: sample.dims,
    ...(await evaluation(request, { attempt, say }, context)),
    ...(given.latency ? { latency: latency(request, { attempt, say, sample }, context) } : {}),
    ...(given.engine ? { engineBytes: (model) => attempt('engine', () => engines.of(model)) } : {}),
  };
  say('measuring size and arithmetic');
  const facts = await context.api.measureCompression(source, output, measures);
  return {
    ...facts,
    inputs: sample.dims,
    ...(facts.after.latencyMs === undefined ? {} : { latencyDevice: given.device ?? 'cpu' }),
    ...(engines.runtime === undefined ? {} : { engineRuntime: engines.runtime }),
    notMeasured: {
      ...(given.evaluateData === undefined ? { evaluation: 'no labelled data: --evaluate-data' } : {}),
      ...notMeasured,
      ...(given.latency ? {} : { latency: 'not asked for: --latency' }),
      ...(given.engine ? {} : { engine: 'not asked for: --engine' }),
    },
  };
}

const NO_SAMPLE: SampleFeeds = { feeds: {}, dims: {}, profile: {} };

type Attempt = <T>(what: keyof NotMeasured, work: () => Promise<T>) => Promise<T | undefined>;

interface Tools {
  readonly attempt: Attempt;
  readonly say: (step: string) => void;
}

async function evaluation(
  { given, signal }: MeasureRequest,
  { attempt, say }: Tools,
  { api }: CommandContext,
): Promise<Pick<CompressionMeasures<Evaluation>, 'evaluate'>> {
  const { evaluateData: path, evaluateLabels: labels, batch, device = 'cpu' } = given;
  if (path === undefined) return {};
  const decode = given.decode === undefined ? undefined : await loadDecode(given.decode);
  const files = {
    path,
    ...(labels === undefined ? {} : { labels }),
    ...(decode === undefined ? {} : { decode }),
  };
  return {
    evaluate: (model, reference) =>
      attempt('evaluation', () => {
        say(`evaluating the ${reference === undefined ? 'source' : 'new model'}`);
        const beside = reference === undefined ? {} : { reference };
        return api.evaluate(model, files, {
          session: { device },
          signal,
          ...beside,
          ...(batch === undefined ? {} : { batch }),
        });
      }),
  };
}

function latency(
  { given, signal }: MeasureRequest,
  { attempt, say, sample }: Tools & { readonly sample: SampleFeeds },
  { api }: CommandContext,
): CompressionMeasures['latency'] {
  const { device = 'cpu' } = given;
  return (models) =>
    attempt('latency', () => {
      say('measuring latency');
      const open = (model: ModelSource) => api.createSession(model, { device });
      return api.measureLatency(models, { open, feeds: sample.feeds, signal });
    });
}

/** Builds engines for their sizes; they are thrown away. */
class EngineSizes {
  /** What built the last one. */
  runtime: string | undefined;

  constructor(
    private readonly request: MeasureRequest,
    private readonly sample: SampleFeeds,
    private readonly context: CommandContext,
  ) {}

  async of(model: ModelSource): Promise<number> {
    const { signal } = this.request;
    const { profile } = this.sample;
    sayStep(this.context)('building an engine');
    const folder = makeTemporaryFolder('tensorrt-node-engine-');
    try {
      const engine = await this.context.api.buildEngine(model, {
        outputPath: `${folder.path}/model.engine`,
        // Zeros by 2:4 are what it is for; other weights are built as without it.
        sparseWeights: true,
        signal,
        ...(Object.keys(profile).length === 0 ? {} : { profiles: [profile] }),
      });
      const { family, version, bytes } = engine.report();
      this.runtime = `${family} ${version}`;
      return bytes;
    } finally {
      await folder.remove();
    }
  }
}
