// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TensorRTError } from '../../errors';
import type { Feeds } from '../../index';
import { loadAverageBefore } from '../environment';
import { parseBenchDocument } from '../formats/read-document';
import type { BenchResult } from '../result';
import { compareInterleaved, type Round, type RunOnce } from './interleaved';
import { checkMetricNames } from './metrics';
import { measureInProcess } from './measure-in-process';
import type { Measurement } from './measurement';
import { runCommand } from './run-command';
import type { CompareOptions, Comparison } from './comparison';

/** What to compare with: this package, a module that runs models, or a command that measures. */
export type AgainstTarget =
  | { readonly kind: 'self' }
  /** Name or path of a module that exports `createSession` as this package does, or `InferenceSession`. */
  | { readonly kind: 'module'; readonly specifier: string }
  /** A command line for the shell that prints what `bench --json` prints. */
  | { readonly kind: 'command'; readonly line: string };

/** What `benchAgainst()` measures, and how. */
export interface AgainstRequest {
  /** The reference, A. */
  readonly target: AgainstTarget;
  /** What this package measures, B. */
  readonly measurement: Measurement;
  /** Model of the reference. Default: the same. */
  readonly againstModel?: string;
  /** Inputs of the reference, where its model has other ones. Default: the same. */
  readonly againstFeeds?: Feeds;
  /** Pairs of processes. Default 7; fewer than 3 give no verdict. */
  readonly rounds?: number;
  /** How the two are compared. */
  readonly compare?: CompareOptions;
  /** Ends after the rounds that are complete; the processes that run are killed. */
  readonly signal?: AbortSignal;
  /** Told when a pair of processes has ended. */
  readonly onRound?: (round: Round) => void;
}

const COMMAND = 'command:';

/**
 * Reads what to compare with: `self`, the name or path of a module, or `command:<command line>`.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`
 */
export function parseAgainst(text: string): AgainstTarget {
  const trimmed = text.trim();
  if (trimmed === 'self') return { kind: 'self' };
  const line = trimmed.startsWith(COMMAND) ? trimmed.slice(COMMAND.length).trim() : undefined;
  if (line === '' || trimmed === '') {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Expected self, the name or path of a module, or command: with a command line, got ${JSON.stringify(text)}.`,
    );
  }
  return line === undefined ? { kind: 'module', specifier: trimmed } : { kind: 'command', line };
}

/**
 * Measures a model with this package (B) and the reference (A) in turn, each time in a fresh process, and compares:
 * `slower` means that this package, or its model, is slower than the reference. A module is measured by this package's
 * own harness with the same settings; a command measures by itself.
 *
 * @throws {TensorRTError} what `compareInterleaved()` throws, `ERR_TRT_ARG_VALUE` for a module that is not there or has
 *   neither export, `ERR_TRT_BENCH_RESULT` for a process that gives no result; its last words are in `details.stderr`.
 */
export async function benchAgainst(request: AgainstRequest): Promise<Comparison> {
  const { target, againstModel, rounds, signal, onRound } = request;
  // The processes of later rounds would see the load of the rounds before them.
  const measurement = { loadAverage: loadAverageBefore(), ...request.measurement };
  const { primary, asked = [] } = request.compare ?? {};
  checkMetricNames([...(primary === undefined ? [] : [primary]), ...asked], measurement.percentiles);
  const fair =
    target.kind === 'module' ? { ...measurement, stageTimes: false, pipelined: false } : measurement;
  return compareInterleaved({
    a: referenceRun(request, fair),
    b: (stop) => measureInProcess({ module: null, measurement: fair }, stop),
    ...(rounds !== undefined && { rounds }),
    ...(signal !== undefined && { signal }),
    ...(onRound !== undefined && { onRound }),
    compare: {
      names: { a: nameOf(target, againstModel), b: measurement.model },
      ...request.compare,
      ignore: [...askedDifferences(request), ...(request.compare?.ignore ?? [])],
    },
  });
}

function referenceRun(request: AgainstRequest, fair: Measurement): RunOnce {
  const { target, againstModel, againstFeeds } = request;
  if (target.kind === 'command') return (stop) => resultOfCommand(target.line, stop);
  const module = target.kind === 'self' ? null : resolveModule(target.specifier);
  const measurement = { ...fair, model: againstModel ?? fair.model, feeds: againstFeeds ?? fair.feeds };
  return (stop) => measureInProcess({ module, measurement }, stop);
}

/** What differs because that is the question. */
function askedDifferences({ target, measurement, againstModel }: AgainstRequest): string[] {
  const isOtherModel = againstModel !== undefined && againstModel !== measurement.model;
  const ofModule = ['backend', 'settings.batch', 'settings.calls', 'settings.session', 'settings.stageTimes'];
  return [...(isOtherModel ? ['model'] : []), ...(target.kind === 'self' ? [] : ofModule)];
}

function nameOf(target: AgainstTarget, model: string | undefined): string {
  if (target.kind === 'command') return target.line;
  const what = target.kind === 'self' ? [] : [target.specifier];
  return [...what, ...(model === undefined ? [] : [model])].join(' · ') || 'itself';
}

function resolveModule(specifier: string): string {
  try {
    return createRequire(join(process.cwd(), 'here')).resolve(specifier);
  } catch (cause) {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Expected a module to compare with, but ${JSON.stringify(specifier)} is not found from ${process.cwd()}.`,
      {
        hint: 'Give the name of an installed package, a path that starts with ./, or command: and a command line.',
        details: { specifier },
        cause,
      },
    );
  }
}

async function resultOfCommand(line: string, signal: AbortSignal): Promise<BenchResult> {
  const { stdout, stderr } = await runCommand(line, signal);
  const document = parseBenchDocument(stdout, `the output of ${JSON.stringify(line)}`);
  if (document.kind === 'measurement') return document;
  const [only, ...more] = document.measurements;
  if (only !== undefined && more.length === 0) return only;
  throw new TensorRTError(
    'ERR_TRT_BENCH_RESULT',
    `Expected one measurement in the output of ${JSON.stringify(line)}, but it has ${document.measurements.length}.`,
    { hint: 'Let the command measure one case.', details: { stderr } },
  );
}
