// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { checkIgnored } from './ignore';
import type { CompareOptions } from './comparison';
import { metricName } from './metrics';

/** Options with their defaults. */
export type CheckedCompareOptions = Required<CompareOptions>;

const DEFAULTS: CheckedCompareOptions = {
  force: false,
  primary: 'p50',
  asked: [],
  thresholdPercent: 1,
  ignore: [],
  names: { a: 'a', b: 'b' },
  seed: 0,
};

/**
 * Fills in the defaults.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_UNKNOWN_OPTION`, `ERR_TRT_ARG_VALUE`
 */
export function checkOptions(options: CompareOptions): CheckedCompareOptions {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(DEFAULTS, name));
  if (unknown !== undefined) {
    throw new TensorRTError(
      'ERR_TRT_ARG_UNKNOWN_OPTION',
      `A comparison has no option "${unknown}"; it has ${Object.keys(DEFAULTS).join(', ')}.`,
      { details: { option: unknown } },
    );
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const checked = { ...DEFAULTS, ...(Object.fromEntries(given) as CompareOptions) };
  refuse(
    checked,
    'thresholdPercent',
    'a number of percent from 0 to 100',
    isPercent(checked.thresholdPercent),
  );
  refuse(
    checked,
    'seed',
    'a whole number from 0 on',
    Number.isSafeInteger(checked.seed) && checked.seed >= 0,
  );
  refuse(checked, 'ignore', 'a list of names', Array.isArray(checked.ignore));
  refuse(checked, 'asked', 'a list of names', Array.isArray(checked.asked));
  checkIgnored(checked.ignore);
  return { ...checked, primary: metricName(checked.primary), asked: checked.asked.map(metricName) };
}

function refuse(
  options: CheckedCompareOptions,
  name: keyof CompareOptions,
  expected: string,
  isRight: boolean,
): void {
  if (isRight) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Expected ${expected} for ${name}, got ${JSON.stringify(options[name]) ?? 'nothing'}.`,
    { details: { option: name, value: options[name] } },
  );
}

function isPercent(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 100;
}
