// SPDX-License-Identifier: Apache-2.0
// `bench --against`: this package and a reference in turn, each time in a fresh process.

import { parseAgainst, type AgainstTarget } from '../../bench/compare/against';
import { checkMetricNames } from '../../bench/compare/metrics';
import type { Measurement } from '../../bench/compare/measurement';
import type { Round } from '../../bench/compare/interleaved';
import type { Comparison } from '../../bench/compare/comparison';
import type { BenchResult } from '../../bench/result';
import { TensorRTError } from '../../errors';
import type { Feeds } from '../../runtime/feeds';
import { usageError } from '../args/usage-error';
import type { CommandContext, CommandResult } from '../command';
import type { DeviceName } from '../session-talk';
import { formatMs } from '../values/format';
import type { BenchPlan } from './bench-plan';
import type { BenchArguments } from './bench-table';
import { CaseSessions, type InputRequest } from './case-sessions';
import { conditionsOf, toCompareOptions } from './compare-table';
import { finishComparison } from './comparison-result';
import { runtimeVersions } from './runtime-versions';
import { parseComparisonFile } from './write-outputs';

/** The one case of a comparison, ready to be measured by other processes. */
interface Prepared {
  readonly measurement: Measurement;
  /** Inputs of the reference where it has a model of its own. */
  readonly againstFeeds: Feeds | undefined;
}

/** Measures the plan's case and the reference in turn, and compares them. */
export async function benchAgainstReference(
  plan: BenchPlan,
  { options: given }: BenchArguments,
  inputs: InputRequest,
  context: CommandContext,
): Promise<CommandResult> {
  if (plan.search !== undefined)
    throw usageError(
      '--against compares one load, and --latency-limit searches for one.',
      'Give --rate instead.',
    );
  if ((inputs.sets ?? 1) > 1)
    throw usageError('--against measures with one set of inputs.', 'Leave --input-sets out.');
  for (const { path } of given.output) parseComparisonFile(path, '--output');
  const target = readTarget(given.against ?? 'self');
  checkNames(given, plan);
  const sessions = new CaseSessions(plan, inputs, context);
  const controller = new AbortController();
  const stopListening = context.onInterrupt(() => controller.abort());
  let last: BenchResult | undefined;
  try {
    const { measurement, againstFeeds } = await prepare(
      plan,
      { sessions, inputs, againstModel: given.againstModel },
      context,
    );
    const comparison: Comparison = await context.api.benchAgainst({
      target,
      measurement,
      ...(given.againstModel === undefined ? {} : { againstModel: given.againstModel }),
      ...(againstFeeds === undefined ? {} : { againstFeeds }),
      ...(given.rounds === undefined ? {} : { rounds: given.rounds }),
      compare: toCompareOptions(given),
      signal: controller.signal,
      onRound: (round) => {
        if (round.side === 'b') last = round.result;
        sayRound(round, context);
      },
    });
    const conditions = conditionsOf(given);
    const isInterrupted = controller.signal.aborted;
    return await finishComparison(
      {
        comparison,
        document: last,
        conditions,
        files: given.output,
        requireDecided: given.requireDecided,
        isInterrupted,
      },
      context,
    );
  } finally {
    stopListening();
    await sessions.close();
  }
}

function readTarget(text: string): AgainstTarget {
  try {
    return parseAgainst(text);
  } catch (error) {
    if (!(error instanceof TensorRTError)) throw error;
    throw usageError(`--against: ${error.message}`, error.hint, error.details);
  }
}

/** A metric that nothing will have is refused before the first round, not after the last. */
function checkNames(given: BenchArguments['options'], { options: { percentiles } }: BenchPlan): void {
  const conditions = conditionsOf(given).map(({ metric }) => metric);
  try {
    checkMetricNames([...(given.metric === undefined ? [] : [given.metric]), ...conditions], percentiles);
  } catch (error) {
    if (!(error instanceof TensorRTError)) throw error;
    throw usageError(error.message, error.hint, error.details);
  }
}

interface Materials {
  readonly sessions: CaseSessions;
  readonly inputs: InputRequest;
  readonly againstModel: string | undefined;
}

/** Inputs are made here, once for all processes; the session that tells their shapes is closed before any is started. */
async function prepare(
  plan: BenchPlan,
  { sessions, inputs, againstModel }: Materials,
  context: CommandContext,
): Promise<Prepared> {
  const { values } = plan.cases[0]!;
  const { made, session, variant } = await sessions.prepare(values);
  const versions = await runtimeVersions(session, context);
  await sessions.release();
  const measurement: Measurement = {
    ...plan.options,
    load: plan.loadOf(values),
    model: variant.path,
    sessionOptions: plan.sessionOptions((values.device ?? 'auto') as DeviceName),
    feeds: made.feeds,
    batch: made.batch,
    moreSettings: { shapes: made.shapes, inputs: made.sources, seed: inputs.seed },
    versions,
  };
  if (againstModel === undefined || againstModel === variant.path)
    return { measurement, againstFeeds: undefined };
  const others = new CaseSessions({ ...plan, model: againstModel, precisions: new Map() }, inputs, context);
  try {
    const reference = await others.prepare({ ...values, precision: undefined });
    return { measurement, againstFeeds: reference.made.feeds };
  } finally {
    await others.close();
  }
}

function sayRound({ round, rounds, side, result }: Round, { terminal, isJson }: CommandContext): void {
  if (isJson) return;
  const who = side === 'a' ? 'reference' : 'this one';
  const text = `round ${round} of ${rounds}: ${who} ${formatMs(result.latencyMs.p50)} median`;
  terminal.writeTalk(`${terminal.talkStyle.dim(text)}\n`);
}
