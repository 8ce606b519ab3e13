// SPDX-License-Identifier: Apache-2.0
import type { PruneChannelsOptions } from '../../compress/channels/prune-channels-options';
import type { Feeds } from '../../runtime/feeds';
import { flag, option, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { measureOptionTable } from './measure-arguments';
import { exclusionOptionTable, toExclusion } from '../precision/exclusion-arguments';
import { calibrationDevice, calibrationOptionTable } from '../precision/quantize-arguments';
import { parseChoice, parseInteger, parseList, parseText } from '../values/basic';
import { parseShare } from '../values/number';

const LARGEST_SEED = 2 ** 32 - 1;

/** Options of `prune-channels`. */
export const pruneChannelsOptionTable = {
  output: option('<file>', 'where the model goes; <model>-narrow.onnx unless told', parseText, 'o'),
  ratio: option(
    '<share>',
    'share of the channels, neurons and heads that is removed: 30%; in place of a target',
    parseShare,
  ),
  target: option(
    '<budget>',
    'what may be left: flops=0.5 for multiply-adds, parameters=0.7, or both with a comma',
    parseList(parseBudget),
  ),
  scope: option(
    '<scope>',
    'group: the same share everywhere; global: more where it costs less, the default by reconstruction',
    parseChoice('group', 'global'),
  ),
  criterion: option(
    '<criterion>',
    'which channels go: reconstruction (default with data), activation, taylor (by gradients of the loss on the data) or norm (default without data)',
    parseChoice('reconstruction', 'activation', 'taylor', 'norm'),
  ),
  labels: option(
    '<file>',
    'classes of the calibration data (.npy), for the loss of taylor; drawn from what the model says unless told',
    parseText,
  ),
  noReconstruct: flag('leave the weights that stay as they are, though there is data'),
  multipleOf: option(
    '<n>',
    'what is left of a layer is a multiple of it; 8, or less for small layers, unless told',
    parseInteger(1, 65536),
  ),
  minimum: option('<n>', 'fewest channels that stay in each layer; 1 unless told', parseInteger(1)),
  seed: option('<n>', 'of the choice of samples; 0 unless told', parseInteger(0, LARGEST_SEED)),
  ...calibrationOptionTable,
  device: calibrationDevice,
  ...measureOptionTable,
  ...exclusionOptionTable,
} satisfies OptionTable;

/** Parsed options of `prune-channels`. */
export type PruneChannelsArguments = OptionValues<typeof pruneChannelsOptionTable>;

type OwnOptions = Omit<
  PruneChannelsOptions<Feeds>,
  'calibration' | 'runner' | 'numerics' | 'signal' | 'onProgress' | 'sensitivity'
>;

/**
 * The options of `pruneChannels()` that do not depend on the model. Only what was written is set.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` without `--ratio` and `--target`, for both, for `--criterion taylor` without
 * data and for `--labels` without it
 */
export function toPruneChannelsOptions(given: PruneChannelsArguments): OwnOptions {
  if ((given.ratio === undefined) === (given.target === undefined))
    throw usageError(
      'prune-channels takes either --ratio or --target.',
      'Add --ratio 30% or --target flops=0.5.',
    );
  if (given.labels !== undefined && given.criterion !== 'taylor')
    throw usageError('--labels is for --criterion taylor, which is missing.', 'Add --criterion taylor.');
  if (given.criterion === 'taylor' && given.calibration === undefined)
    throw usageError('--criterion taylor needs data.', 'Add --calibration images.npy.');
  const options: { [Key in keyof OwnOptions]: OwnOptions[Key] | undefined } = {
    ratio: given.ratio,
    target: given.target === undefined ? undefined : Object.fromEntries(given.target),
    scope: given.scope,
    criterion: given.criterion,
    multipleOf: given.multipleOf,
    minimum: given.minimum,
    seed: given.seed,
    exclude: toExclusion(given),
    ...(given.noReconstruct ? { recover: 'none' } : {}),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Reads `flops=0.5` and `parameters=70%`. */
function parseBudget(text: string, name: string): [string, number] {
  const match = /^(flops|parameters)=(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text);
  const value = match === null ? NaN : Number(match[2]) / (match[3] === '%' ? 100 : 1);
  if (value > 0 && value <= 1) return [match![1]!, value];
  throw usageError(`${name} expects flops=0.5 or parameters=0.5, from 0 to 1, but got '${text}'.`);
}
