// SPDX-License-Identifier: Apache-2.0
// What `compare` and `bench --against` have in common.

import type { CompareOptions, Condition } from '../../bench/compare/comparison';
import { parseConditions } from '../../bench/compare/conditions';
import { checkIgnored } from '../../bench/compare/ignore';
import { TensorRTError } from '../../errors';
import { flag, option, repeated, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { parseList, parseText } from '../values/basic';
import { parsePercent } from './bench-values';

/** Options of a comparison. */
export const compareOptionTable = {
  failIf: repeated(
    '<condition>',
    "end with 1 where it holds: 'p99>+5%', 'p50>12ms' or 'throughput<-3%', in quotes",
    readConditions,
  ),
  metric: option('<name>', 'the number that decides the verdict; p50 unless told', parseText),
  threshold: option('<percent>', 'smaller changes are no difference; 1 unless told', parsePercent),
  ignore: repeated(
    '<what>',
    'what may differ because it is what is asked: model, device, settings.batch; several by commas',
    readIgnored,
  ),
  requireDecided: flag('end with 1 also where a condition, or the verdict, could not be decided'),
  force: flag('compare also what cannot be compared; the differences are told'),
} satisfies OptionTable;

/** The options as far as they were written. */
export function toCompareOptions(given: OptionValues<typeof compareOptionTable>): CompareOptions {
  const asked = [...new Set(conditionsOf(given).map(({ metric }) => metric))];
  const ignore = given.ignore.flat();
  return {
    ...(given.metric === undefined ? {} : { primary: given.metric }),
    ...(given.threshold === undefined ? {} : { thresholdPercent: given.threshold }),
    ...(asked.length === 0 ? {} : { asked }),
    ...(ignore.length === 0 ? {} : { ignore }),
    ...(given.force ? { force: true } : {}),
  };
}

/** All conditions of the command line. */
export function conditionsOf(given: OptionValues<typeof compareOptionTable>): readonly Condition[] {
  return given.failIf.flat();
}

function readConditions(text: string, name: string): readonly Condition[] {
  return asUsage(name, () => parseConditions([text]));
}

function readIgnored(text: string, name: string): readonly string[] {
  const names = parseList(parseText)(text, name);
  asUsage(name, () => checkIgnored(names));
  return names;
}

/** An error of the library about what was written, with the option it was written for. */
function asUsage<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TensorRTError)) throw error;
    throw usageError(`${name}: ${error.message}`, error.hint, error.details);
  }
}
