// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { BenchResult } from '../result';
import type { BenchSettings } from '../settings';
import type { Difference } from './comparison';
import { isIgnored, namesToIgnore } from './ignore';

/** What differs between two measurements. */
export interface FoundDifferences {
  /** What makes their numbers tell of something else than the change that is asked about. */
  readonly refused: readonly Difference[];
  /** What a reader should know: versions, how long was measured. */
  readonly noted: readonly Difference[];
}

/** Settings that say how long and how strictly was measured, and settings of random numbers: not what. */
const NOTED_SETTINGS: ReadonlySet<keyof BenchSettings | 'load.seed' | 'session.seed'> = new Set([
  'warmUpMs',
  'warmUpIterations',
  'durationMs',
  'iterations',
  'windowMs',
  'stabilityLatency',
  'stabilityPercent',
  'percentiles',
  'load.seed',
  'session.seed',
] as const);

/** Where a schedule was read from does not matter if it has the same calls. */
const PLACES = new Set(['load.source']);

/**
 * Looks for what differs.
 *
 * @param ignore what may differ because the difference is what is asked: `model`, `device`, `settings.batch`,
 *   `settings.session` with all that is in it
 */
export function findDifferences(
  a: BenchResult,
  b: BenchResult,
  ignore: readonly string[] = [],
): FoundDifferences {
  const refused: Difference[] = [];
  const noted: Difference[] = [];
  const compare = (what: string, isNoted: boolean, [x, y]: readonly [unknown, unknown]) => {
    const [left, right] = [show(x), show(y)];
    if (left === right) return;
    const isAllowed = isNoted || isIgnored(what, ignore);
    (isAllowed ? noted : refused).push({ what, a: left, b: right });
  };
  compare('model', false, modelsOf(a, b));
  compare('backend', false, [a.backend, b.backend]);
  compare('device', false, [a.device, b.device]);
  const names = [nameOfDevice(a), nameOfDevice(b)] as const;
  // A name that could not be read is no other device.
  compare('device.name', names.includes(undefined), names);
  const machines = [machineOf(a), machineOf(b)] as const;
  for (const what of namesOf(machines)) compare(what, false, pick(machines, what));
  const settings = [flatten(a.settings), flatten(b.settings)] as const;
  for (const name of namesOf(settings)) {
    if (PLACES.has(name)) continue;
    const isNoted = NOTED_SETTINGS.has((name.startsWith('percentiles') ? 'percentiles' : name) as never);
    compare(`settings.${name}`, isNoted, pick(settings, name));
  }
  const facts = [factsOf(a), factsOf(b)] as const;
  for (const what of namesOf(facts)) compare(what, true, pick(facts, what));
  return { refused, noted };
}

/**
 * What differs between rounds: between the sides of each, and between the rounds of a side, which are to be the same
 * again (another device may have taken over).
 *
 * @param a at least one, as many as `b`
 */
export function findRoundDifferences(
  a: readonly BenchResult[],
  b: readonly BenchResult[],
  ignore: readonly string[],
): FoundDifferences {
  const pairs = a.map((result, round) => findDifferences(result, b[round]!, ignore));
  const again = [a, b].flatMap(([first, ...others]) =>
    others.flatMap((other) => findDifferences(first!, other).refused),
  );
  return {
    refused: eachOnce([...pairs.flatMap(({ refused }) => refused), ...again]),
    noted: eachOnce(pairs.flatMap(({ noted }) => noted)),
  };
}

function eachOnce(differences: readonly Difference[]): Difference[] {
  return [...new Map(differences.map((found) => [JSON.stringify(found), found])).values()];
}

/**
 * The refusal to compare.
 *
 * @param differences at least one
 */
export function incomparable(differences: readonly Difference[]): TensorRTError {
  const [first, ...more] = differences;
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  return new TensorRTError(
    'ERR_TRT_BENCH_INCOMPARABLE',
    `Expected two measurements of the same thing, but ${first!.what} differs: ${first!.a} and ${first!.b}${others}.`,
    {
      hint: `If that is what you ask about, write --ignore ${namesToIgnore(differences).join(',')} to allow it; --force compares in spite of all.`,
      details: { differences },
    },
  );
}

/** By content where both have a digest: the same file may lie at two places. Else by name and by size where that is known. */
function modelsOf(a: BenchResult, b: BenchResult): readonly [string, string] {
  if (a.modelSha256 === null || b.modelSha256 === null) {
    const isOtherSize =
      a.modelBytes !== undefined && b.modelBytes !== undefined && a.modelBytes !== b.modelBytes;
    const sized = ({ model, modelBytes }: BenchResult) =>
      isOtherSize ? `${model} (${modelBytes!} bytes)` : model;
    return [sized(a), sized(b)];
  }
  const name = ({ model, modelSha256 }: BenchResult) => `${model} (sha256 ${modelSha256!.slice(0, 12)})`;
  return a.modelSha256 === b.modelSha256 ? ['', ''] : [name(a), name(b)];
}

function machineOf({ environment }: BenchResult): Record<string, unknown> {
  return {
    'environment.platform': environment.platform,
    'environment.cpu.model': environment.cpu.model,
    'environment.cpu.cores': environment.cpu.cores,
  };
}

function factsOf({ environment, fallbackReason, gpu }: BenchResult): Record<string, unknown> {
  const versions = Object.entries(environment.versions).map(([name, version]) => [
    `environment.versions.${name}`,
    version,
  ]);
  return {
    ...(Object.fromEntries(versions) as Record<string, string>),
    'environment.node': environment.node,
    'environment.os': environment.os,
    'environment.memoryBytes': environment.memoryBytes,
    'gpu.driver': gpu === undefined || 'unavailable' in gpu ? undefined : gpu.driver,
    fallbackReason,
  };
}

/** Older documents have it from the sensors only. */
function nameOfDevice({ deviceName, gpu }: BenchResult): string | undefined {
  return deviceName ?? (gpu === undefined || 'unavailable' in gpu ? undefined : gpu.name);
}

/** { load: { kind: 'closed' } } -> { 'load.kind': 'closed' } */
function flatten(value: object, prefix = ''): Record<string, unknown> {
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, inner]: [string, unknown]) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? flatten(inner, `${prefix}${name}.`)
        : { [prefix + name]: inner },
    ),
  ) as Record<string, unknown>;
}

type Pair = readonly [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>];

function namesOf([a, b]: Pair): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function pick([a, b]: Pair, name: string): readonly [unknown, unknown] {
  return [a[name], b[name]];
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
