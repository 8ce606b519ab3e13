// SPDX-License-Identifier: Apache-2.0
import type { InferenceSession } from 'onnxruntime-common';

import { isPlainObject } from '../option-checks';
import { optionTypeError, upstreamError } from './upstream-error';

/**
 * Checks the options of a run. None of them changes it: log settings are those of the session, and `terminate` is of
 * languages in which it can be set while the run goes on (onnxruntime-node does not read it either). For
 * what it does not read null counts as left out.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`
 */
export function checkRunOptions(options: InferenceSession.RunOptions): void {
  const { logSeverityLevel, logVerbosityLevel, tag, terminate, extra } = options;
  if (logSeverityLevel !== undefined) checkSeverity('runOptions.logSeverityLevel', logSeverityLevel);
  if (isGiven(logVerbosityLevel) && typeof logVerbosityLevel !== 'number')
    throw optionTypeError('runOptions.logVerbosityLevel', 'a number');
  if (tag !== undefined && typeof tag !== 'string') throw optionTypeError('runOptions.tag', 'a string');
  if (isGiven(terminate) && typeof terminate !== 'boolean')
    throw optionTypeError('runOptions.terminate', 'a boolean value');
  if (isGiven(extra) && !isPlainObject(extra)) throw optionTypeError('runOptions.extra', 'an object');
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Checks a level of ONNX Runtime's log. */
export function checkSeverity(option: string, level: unknown): void {
  if (typeof level !== 'number') throw optionTypeError(option, 'a number');
  if ([0, 1, 2, 3, 4].includes(level)) return;
  throw upstreamError(
    'RangeError',
    'ERR_TRT_ARG_VALUE',
    `Invalid argument: ${option} must be one of the following: 0, 1, 2, 3, 4.`,
    { details: { option, received: level } },
  );
}
