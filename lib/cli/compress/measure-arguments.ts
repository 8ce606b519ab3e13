// SPDX-License-Identifier: Apache-2.0
import { flag, option, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { parseText } from '../values/basic';

/** What is measured of the source and of the new model, besides size and arithmetic: the same for all that changes models. */
export const measureOptionTable = {
  evaluateData: option(
    '<data>',
    'evaluate both models on labelled data afterwards: .npy, .npz, .jsonl, or a folder of samples',
    parseText,
  ),
  evaluateLabels: option('<file>', 'labels of that data: .npy; for a folder also .csv and .json', parseText),
  latency: flag('measure the latency of both models too, in turn'),
  engine: flag('build both with TensorRT too, and tell how large the engines are'),
} satisfies OptionTable;

/** Parsed options of what is measured. */
export type MeasureArguments = OptionValues<typeof measureOptionTable>;

/** @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for labels without data */
export function checkMeasureArguments({ evaluateData, evaluateLabels }: MeasureArguments): void {
  if (evaluateData !== undefined || evaluateLabels === undefined) return;
  throw usageError(
    '--evaluate-labels is for --evaluate-data, which is missing.',
    `Write for example --evaluate-data images.npy --evaluate-labels ${evaluateLabels}`,
  );
}
