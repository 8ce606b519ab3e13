// SPDX-License-Identifier: Apache-2.0
import { DEFAULT_DURATION_MS } from '../../bench/decide-settings';
import { loadAverageBefore } from '../../bench/environment';
import { compareOutputs, type Outputs } from '../../bench/suite/accuracy';
import type { PlannedCase } from '../../bench/suite/plan-cases';
import { runSuite, toReason } from '../../bench/suite/run-suite';
import type { CallLog } from '../../bench/measure/call-log';
import type { StageLog } from '../../bench/subject/stage-log';
import type { BenchCase, BenchDocument, BenchResult, BenchSuite, OutputAccuracy } from '../../bench/result';
import type { Session } from '../../runtime/session';
import type { CommandContext } from '../command';
import type { BenchPlan } from './bench-plan';
import { CaseSessions, type InputRequest, type PreparedCase } from './case-sessions';
import { runtimeVersions } from './runtime-versions';
import { createBenchTalk, type BenchTalk } from './talk';

/** What a measurement is told beside its plan. */
export interface MeasureOptions {
  readonly inputs: InputRequest;
  readonly signal: AbortSignal;
  /** For a trace. */
  readonly callLog?: CallLog | undefined;
  readonly stageLog?: StageLog | undefined;
}

/** Makes all measurements of a plan. One alone is its result, others are a suite. */
export async function measurePlan(
  plan: BenchPlan,
  options: MeasureOptions,
  context: CommandContext,
): Promise<BenchDocument> {
  // Before engines are built and models calibrated: that keeps the machine busy, and is not the work of others.
  loadAverageBefore();
  const sessions = new CaseSessions(plan, options.inputs, context);
  const measurer = new CaseMeasurer({ plan, options, context, sessions });
  try {
    const [first] = plan.cases;
    if (plan.search !== undefined) return await measurer.search(first!, plan.search);
    if (plan.cases.length === 1) return await measurer.measure(first!);
    return await measurer.suite();
  } finally {
    await sessions.close();
  }
}

interface MeasurerParts {
  readonly plan: BenchPlan;
  readonly options: MeasureOptions;
  readonly context: CommandContext;
  readonly sessions: CaseSessions;
}

/** Measures cases of a plan one after the other. */
class CaseMeasurer {
  readonly #parts: MeasurerParts;
  readonly #talk: BenchTalk;
  /** Outputs of the first measurement with a batch: what precisions are held against. */
  readonly #references = new Map<number | undefined, Outputs>();
  readonly #versions = new Map<string, Record<string, string>>();

  constructor(parts: MeasurerParts) {
    this.#parts = parts;
    this.#talk = createBenchTalk(parts.context, parts.plan.options);
  }

  async measure(planned: PlannedCase): Promise<BenchResult> {
    const prepared = await this.#parts.sessions.prepare(planned.values);
    const accuracy = await this.#accuracy(planned, prepared);
    const result = await this.#run(planned, prepared);
    return accuracy === undefined ? result : { ...result, accuracy };
  }

  suite(): Promise<BenchSuite> {
    const { plan, options } = this.#parts;
    return runSuite({
      cases: plan.cases,
      measureCase: (planned) => this.measure(planned),
      signal: options.signal,
      onCase: (planned, index) => this.#talk.begin(planned.label, index, plan.cases.length),
    });
  }

  /** Looks for the highest rate that keeps a latency: a suite of all rates that were tried. */
  async search(
    planned: PlannedCase,
    { limit, firstRate }: NonNullable<BenchPlan['search']>,
  ): Promise<BenchSuite> {
    const { findHighestRate } = await import('../../bench/measure/rate-search.js');
    const { signal } = this.#parts.options;
    const prepared = await this.#parts.sessions.prepare(planned.values);
    const alone = await this.#lookAlone(planned, prepared);
    const { search, results, failure } = await findHighestRate({
      limit,
      // Half of what one call after the other reaches.
      firstRate: firstRate ?? Number((alone.throughput.inferencesPerSecond / 2).toPrecision(3)),
      durationMs: this.#parts.plan.options.durationMs ?? DEFAULT_DURATION_MS,
      alone,
      signal,
      measureAt: async (ratePerSecond) => {
        const { label, ...placed } = atRate(ratePerSecond);
        this.#talk.tryRate(label);
        const values = { ...planned.values, ...placed.case };
        return this.#run({ label, ...placed, values }, prepared);
      },
    });
    const failed = failure && { ...atRate(failure.ratePerSecond), error: toReason(failure.error) };
    return {
      schemaVersion: 1,
      kind: 'suite',
      axes: ['rate'],
      measurements: results,
      failed: failed === undefined ? [] : [failed],
      search,
      environment: (results[0] ?? alone).environment,
    };
  }

  /** One call after the other: a short look at the speed, no part of the result. */
  #lookAlone(planned: PlannedCase, prepared: PreparedCase): Promise<BenchResult> {
    const brief = {
      warmUpMs: 200,
      durationMs: 500,
      iterations: 10,
      pipelined: false,
      layers: false,
      coldStart: false,
    };
    return this.#run({ ...planned, label: 'one call at a time' }, prepared, brief);
  }

  async #run(
    planned: PlannedCase,
    { session, sessionOptions, made, variant }: PreparedCase,
    changes: Partial<BenchPlan['options']> = {},
  ): Promise<BenchResult> {
    const { plan, options, context } = this.#parts;
    const isPlaced = Object.keys(planned.case).length > 0 || planned.values.ratePerSecond !== undefined;
    return context.api.runBench({
      ...plan.options,
      ...changes,
      load: plan.loadOf(planned.values),
      model: variant.path,
      name: plan.precisions.get(planned.values.precision ?? '')?.path ?? plan.model,
      session,
      sessionOptions,
      feeds: made.sets,
      batch: made.batch,
      label: isPlaced ? planned.label : session.device,
      case: planned.case,
      moreSettings: {
        shapes: made.shapes,
        inputs: made.sources,
        inputSets: made.sets.length,
        seed: options.inputs.seed,
      },
      versions: await this.#versionsOf(session),
      signal: options.signal,
      onPhase: (phase) => this.#talk.phase(phase, session),
      ...(options.callLog === undefined ? {} : { callLog: options.callLog }),
      ...(options.stageLog === undefined ? {} : { stageLog: options.stageLog }),
    });
  }

  /** Probing takes a process: once for each backend. */
  async #versionsOf(session: Session): Promise<Record<string, string>> {
    const known =
      this.#versions.get(session.backend) ?? (await runtimeVersions(session, this.#parts.context));
    this.#versions.set(session.backend, known);
    return known;
  }

  /** Where precisions are side by side: the outputs against those of the first one, on the same inputs. */
  async #accuracy(
    { values: { batch, precision } }: PlannedCase,
    { session, made }: PreparedCase,
  ): Promise<OutputAccuracy[] | undefined> {
    if (precision === undefined || this.#parts.plan.precisions.size < 2) return undefined;
    const outputs = (await session.run(made.feeds)) as unknown as Outputs;
    const reference = this.#references.get(batch);
    if (reference === undefined) {
      this.#references.set(batch, outputs);
      return undefined;
    }
    try {
      return compareOutputs(reference, outputs);
    } catch (error) {
      this.#talk.note(`no accuracy for ${precision}: ${toReason(error).message}`);
      return undefined;
    }
  }
}

/** Where the measurement of a rate stands in the suite of a search. */
function atRate(ratePerSecond: number): { readonly label: string; readonly case: BenchCase } {
  const rate = Number(ratePerSecond.toPrecision(6));
  return { label: `${rate}/s`, case: { ratePerSecond: rate } };
}
