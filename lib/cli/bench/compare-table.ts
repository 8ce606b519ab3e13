// SPDX-License-Identifier: Apache-2.0
// What `compare` and `bench --against` have in common.

import type { CompareOptions, Condition } from '../../bench/compare/comparison';
import { parseConditions } from '../../bench/compare/conditions';
import { TensorRTError } from '../../errors';
import { flag, option, repeated, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { parseText } from '../values/basic';
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
    'what may differ because it is what is asked: model, device, settings.batch',
    parseText,
  ),
  force: flag('compare also what cannot be compared; the differences are told'),
} satisfies OptionTable;

/** The options as far as they were written. */
export function toCompareOptions(given: OptionValues<typeof compareOptionTable>): CompareOptions {
  return {
    ...(given.metric === undefined ? {} : { primary: given.metric }),
    ...(given.threshold === undefined ? {} : { thresholdPercent: given.threshold }),
    ...(given.ignore.length === 0 ? {} : { ignore: given.ignore }),
    ...(given.force ? { force: true } : {}),
  };
}

/** All conditions of the command line. */
export function conditionsOf(given: OptionValues<typeof compareOptionTable>): readonly Condition[] {
  return given.failIf.flat();
}

function readConditions(text: string, name: string): readonly Condition[] {
  try {
    return parseConditions([text]);
  } catch (error) {
    if (!(error instanceof TensorRTError)) throw error;
    throw usageError(`${name}: ${error.message}`, error.hint, error.details);
  }
}
