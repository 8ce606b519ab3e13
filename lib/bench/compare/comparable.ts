// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { BenchResult } from '../result';
import type { BenchSettings } from '../settings';
import type { Difference } from './comparison';

/** What differs between two measurements. */
export interface FoundDifferences {
  /** What makes their numbers tell of something else than the change that is asked about. */
  readonly refused: readonly Difference[];
  /** What a reader should know: versions, dates, how long was measured. */
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
    const isAllowed = isNoted || ignore.some((name) => what === name || what.startsWith(`${name}.`));
    (isAllowed ? noted : refused).push({ what, a: left, b: right });
  };
  compare('model', false, modelsOf(a, b));
  compare('backend', false, [a.backend, b.backend]);
  compare('device', false, [a.device, b.device]);
  compare('device.name', false, [gpuOf(a)?.name, gpuOf(b)?.name]);
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
      hint: `If that difference is what you ask about, ignore it (--ignore ${first!.what}); to compare in spite of all, force it (--force).`,
      details: { differences },
    },
  );
}

/** By content where both have a digest: the same file may lie at two places. */
function modelsOf(a: BenchResult, b: BenchResult): readonly [string, string] {
  if (a.modelSha256 === null || b.modelSha256 === null) return [a.model, b.model];
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
    'environment.date': environment.date,
    'gpu.driver': gpu === undefined || 'unavailable' in gpu ? undefined : gpu.driver,
    fallbackReason,
  };
}

function gpuOf({ gpu }: BenchResult): { readonly name: string } | undefined {
  return gpu === undefined || 'unavailable' in gpu ? undefined : gpu;
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
