// SPDX-License-Identifier: Apache-2.0
import { SEARCH_STEPS, type CompressOptions } from '../../compress/search/compress-options';
import type { Feeds } from '../../runtime/feeds';
import { option, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { measureOptionTable } from './measure-arguments';
import { exclusionOptionTable, toExclusion } from '../precision/exclusion-arguments';
import { calibrationDevice, calibrationOptionTable } from '../precision/quantize-arguments';
import { parseChoice, parseInteger, parseList, parseText } from '../values/basic';
import { parsePositiveDurationMs } from '../values/duration';
import { parseShare } from '../values/number';

/** Options of `compress`. */
export const compressOptionTable = {
  output: option('<file>', 'where the model goes; <model>-compressed.onnx unless told', parseText, 'o'),
  target: option(
    '<size=share>',
    'how small it has to be: size=0.25 is a quarter of the file; as small as --max-drop allows unless told',
    parseSize,
  ),
  maxDrop: option(
    '<share>',
    'largest drop of accuracy, or share of samples with another best class without --labels; 1% unless told',
    parseShare,
  ),
  ...calibrationOptionTable,
  device: calibrationDevice,
  ...measureOptionTable,
  labels: option(
    '<file>',
    'labels of the calibration data (.npy): --max-drop is a drop of accuracy then',
    parseText,
  ),
  steps: option(
    '<steps>',
    `what may be done, of ${SEARCH_STEPS.join(', ')}; all of them unless told`,
    parseList(parseChoice(...SEARCH_STEPS)),
  ),
  trials: option('<n>', 'most models that are made and measured; 40 unless told', parseInteger(2, 100_000)),
  timeLimit: option('<time>', 'no further model is tried after it: 10m', parsePositiveDurationMs),
  state: option(
    '<file>',
    'keeps what was measured (.json): an interrupted search goes on from there',
    parseText,
  ),
  picture: option('<file>', 'draw size against drop (.svg)', parseText),
  ...exclusionOptionTable,
} satisfies OptionTable;

/** Parsed options of `compress`. */
export type CompressArguments = OptionValues<typeof compressOptionTable>;

type OwnOptions = Omit<
  CompressOptions<Feeds>,
  'calibration' | 'runner' | 'score' | 'scoreKey' | 'numerics' | 'signal' | 'onProgress'
>;

/** The options of `compress()` that do not depend on the model. Only what was written is set. */
export function toCompressOptions(given: CompressArguments): OwnOptions {
  const options: { [Key in keyof OwnOptions]: OwnOptions[Key] | undefined } = {
    target: given.target === undefined ? undefined : { size: given.target },
    maxDrop: given.maxDrop,
    steps: given.steps,
    trials: given.trials,
    timeLimit: given.timeLimit === undefined ? undefined : given.timeLimit / 1000,
    state: given.state,
    exclude: toExclusion(given),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Reads `size=0.25` and `size=25%`. */
export function parseSize(text: string, name: string): number {
  const match = /^size=(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim());
  const value = match === null ? NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (value > 0 && value <= 1) return value;
  throw usageError(`${name} expects a share of the file such as size=0.25 or size=25%, but got '${text}'.`);
}
