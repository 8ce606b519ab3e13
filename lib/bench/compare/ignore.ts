// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { didYouMean } from '../../text/nearest-name';

const SETTINGS = [
  'load',
  'load.kind',
  'load.concurrency',
  'load.arrivals',
  'load.ratePerSecond',
  'load.seed',
  'load.maxInFlight',
  'load.calls',
  'load.lengthMs',
  'warmUpMs',
  'warmUpIterations',
  'durationMs',
  'iterations',
  'windowMs',
  'stabilityLatency',
  'stabilityPercent',
  'percentiles',
  'calls',
  'batch',
  'stageTimes',
  'trtexecCompat',
  'session',
];

/** Axes of suites: cases are matched without them. */
const AXES = ['device', 'precision', 'batch', 'concurrency', 'ratePerSecond'];

const KNOWN = [
  'model',
  'backend',
  'device.name',
  ...AXES,
  'settings',
  ...SETTINGS.map((name) => `settings.${name}`),
  'environment',
  'environment.platform',
  'environment.cpu',
  'environment.cpu.model',
  'environment.cpu.cores',
];

/** Their names are those of options and inputs, which are not known here. */
const OPEN = 'settings.session.';

/** What another model has otherwise, by being another model. */
const OF_MODEL = ['settings.session.shapes', 'settings.session.inputs'];

/**
 * Refuses a name that nothing has: a difference that was to be ignored would be met after the measurement.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`
 */
export function checkIgnored(names: readonly string[]): void {
  const unknown = names.find((name) => !KNOWN.includes(name) && !name.startsWith(OPEN));
  if (unknown === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Expected the name of something that can differ, got ${JSON.stringify(unknown)}.${didYouMean(unknown, KNOWN)}`,
    { hint: `Names are ${KNOWN.join(', ')} and ${OPEN}*.`, details: { ignore: unknown, known: KNOWN } },
  );
}

/** Whether a difference is one that may be: a name stands for all that is in it. */
export function isIgnored(what: string, ignore: readonly string[]): boolean {
  const names = ignore.includes('model') ? [...ignore, ...OF_MODEL] : ignore;
  return names.some((name) => what === name || what.startsWith(`${name}.`));
}

/** The names to ignore for these differences, as few as there can be. */
export function namesToIgnore(differences: readonly { readonly what: string }[]): readonly string[] {
  const names = differences.map(({ what }) => OF_MODEL.find((name) => what.startsWith(`${name}.`)) ?? what);
  return [...new Set(names)].filter((name) => !names.some((other) => name.startsWith(`${other}.`)));
}
