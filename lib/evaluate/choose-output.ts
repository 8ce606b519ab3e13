// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { didYouMean } from '../text/nearest-name';
import type { EvaluatedModel } from './evaluated-model';

/**
 * The output that is evaluated: the one that is named, or the only one.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_OUTPUT` listing the outputs
 */
export function chooseOutput({ outputs }: EvaluatedModel, wanted: string | undefined): string {
  const names = outputs.map(({ name }) => name);
  const details = { outputs: names, ...(wanted === undefined ? {} : { output: wanted }) };
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    throw new TensorRTError(
      'ERR_TRT_EVAL_OUTPUT',
      `The model has no output '${wanted}'; it has ${names.join(', ')}.${didYouMean(wanted, names)}`,
      { details },
    );
  }
  if (names.length === 1) return names[0]!;
  throw new TensorRTError(
    'ERR_TRT_EVAL_OUTPUT',
    `The model has ${names.length} outputs (${names.join(', ')}): which one is to be evaluated?`,
    { details, hint: `Name it: output: '${names[0]}' (--output ${names[0]}).` },
  );
}
