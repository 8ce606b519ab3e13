// SPDX-License-Identifier: Apache-2.0
import type { Numerics } from '../../numerics/numerics';
import type { NodeExclusion } from '../../onnx/graph/node-exclusion';
import {
  integer,
  isPlainObject,
  oneOf,
  typed,
  typeError,
  valueError,
  type OptionCheck,
} from '../../option-checks';
import type { CalibrationData } from '../calibrate/feed-source';
import {
  checkCalibration,
  checkTable,
  COMMON_CHECKS,
  contradiction,
  numberBetween,
  numericsCheck,
  progressCheck,
} from '../option-tables';
import type { Runner } from '../runner';
import type { ChannelTarget } from './choose-removals';
import type { ChannelCriterion, ChannelSensitivity } from './rank-units';

/** How to remove channels. Either `ratio` or `target` is given. */
export interface PruneChannelsOptions<Feeds> {
  /** Share of the channels that are removed, 0 to 1: of those that can be. */
  readonly ratio?: number;
  /** What may be left of the model, e.g. `{ flops: 0.5 }`; all that is given is kept. */
  readonly target?: ChannelTarget;
  /**
   * `'global'` removes what costs least, wherever it is: the default with criterion `'reconstruction'`, whose costs can be
   * compared. `'group'`, the default with others, removes the same share everywhere.
   */
  readonly scope?: 'group' | 'global';
  /**
   * Which channels go first:
   *
   * - `'reconstruction'` (default with data): those whose part in the outputs of the layers behind the others can take
   *   over best, by the Gram matrix of what these layers read;
   * - `'activation'`: those that contribute least on the data;
   * - `'norm'` (default without data): those whose weights are smallest;
   * - `'taylor'` (default with `sensitivity`): those that change the loss least to first order, as `sensitivity` tells.
   */
  readonly criterion?: ChannelCriterion;
  /** What `'taylor'` goes by: `lossSensitivity(data, { trainer })`. */
  readonly sensitivity?: ChannelSensitivity;
  /** Inputs to measure on, each the feeds of one run of any batch size: some hundreds of typical samples. */
  readonly calibration?: CalibrationData<Feeds>;
  /** Runs models on the calibration data. */
  readonly runner?: Runner<Feeds>;
  /**
   * `'reconstruct'` (default with data) solves the weights that are left by least squares so that layers make what they
   * made; `'none'` leaves them.
   */
  readonly recover?: 'reconstruct' | 'none';
  /**
   * What is left of a layer is a multiple of this. `'auto'` (default): of 8, which kernels on GPUs and CPUs are made for
   * (others can be slower than with all channels); of 4, 2 or 1 in layers of less than 16, 8 and 4 channels.
   */
  readonly multipleOf?: number | 'auto';
  /** Fewest channels, neurons or heads that stay in each layer. Default 1. */
  readonly minimum?: number;
  /** Nodes whose outputs keep all their channels. */
  readonly exclude?: NodeExclusion;
  /** Linear algebra; `nativeNumerics()` of the package has threads. Default: in TypeScript. */
  readonly numerics?: Numerics;
  /** Of the samples that are drawn from the data. Default 0. */
  readonly seed?: number;
  /** Called as the work goes on. */
  readonly onProgress?: (step: string) => void;
  /** Stops between two runs of the model. */
  readonly signal?: AbortSignal;
}

const TARGET: Readonly<Record<keyof ChannelTarget, OptionCheck>> = {
  parameters: numberBetween(0, 1),
  flops: numberBetween(0, 1),
};

const target: OptionCheck = (name, value) => {
  if (!isPlainObject(value)) throw typeError(name, value, 'an object such as { flops: 0.5 }');
  checkTable(name, value, TARGET);
  if (Object.values(value as object).every((one) => one === undefined))
    throw valueError(name, value, 'an object with parameters or flops');
};

const multiple: OptionCheck = (name, value) => {
  if (value === 'auto') return;
  integer(1, 4096)(name, value);
};

const isFunction = (value: unknown): boolean => typeof value === 'function';

const CHECKS: Readonly<Record<keyof PruneChannelsOptions<unknown>, OptionCheck>> = {
  ...COMMON_CHECKS,
  ratio: numberBetween(0, 1),
  target,
  scope: oneOf('group', 'global'),
  criterion: oneOf('reconstruction', 'activation', 'norm', 'taylor'),
  sensitivity: typed('a function', isFunction),
  recover: oneOf('reconstruct', 'none'),
  multipleOf: multiple,
  minimum: integer(1, Number.MAX_SAFE_INTEGER),
  numerics: numericsCheck,
  seed: integer(0, Number.MAX_SAFE_INTEGER),
  onProgress: progressCheck,
};

/**
 * Refuses what is no value of an option, what contradicts itself and what lacks data, before anything is read.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_UNKNOWN_OPTION, ERR_TRT_ARG_TYPE, ERR_TRT_ARG_VALUE; ERR_TRT_QUANT_CALIBRATION where
 * data is missing
 */
export function checkPruneChannelsOptions<Feeds>(options: PruneChannelsOptions<Feeds>): void {
  checkTable('pruneChannels', options, CHECKS);
  const { ratio, target: budget, criterion, sensitivity, calibration, runner, recover } = options;
  if ((ratio === undefined) === (budget === undefined))
    throw contradiction(
      'pruneChannels',
      'either ratio or target is needed',
      'Pass { ratio: 0.3 }, or { target: { flops: 0.5 } }.',
    );
  if (criterion === 'taylor' && sensitivity === undefined)
    throw contradiction(
      'pruneChannels',
      'criterion "taylor" needs sensitivity, which tells how the loss changes',
      'Pass sensitivity: lossSensitivity({ inputs, labels }, { trainer: sessionTrainer() }).',
    );
  if (criterion !== undefined && criterion !== 'taylor' && sensitivity !== undefined)
    throw contradiction('pruneChannels', `criterion "${criterion}" does not go by sensitivity`);
  const needs =
    criterion === 'reconstruction' || criterion === 'activation'
      ? `criterion "${criterion}"`
      : recover === 'reconstruct' && 'recover "reconstruct"';
  checkCalibration('pruneChannels', { calibration, runner }, needs);
}
