// SPDX-License-Identifier: Apache-2.0
import {
  flag,
  integer,
  isPlainObject,
  oneOf,
  path,
  typed,
  typeError,
  valueError,
  type OptionCheck,
} from '../../option-checks';
import { COMMON_CHECKS, numberBetween } from '../option-tables';
import type { TrainingOptions } from './train-options';

const isFunction = (value: unknown): boolean => typeof value === 'function';

const positive: OptionCheck = (name, value) => {
  if (typeof value !== 'number') throw typeError(name, value, 'a number');
  if (!(value > 0 && Number.isFinite(value))) throw valueError(name, value, 'a number above 0');
};

const betas: OptionCheck = (name, value) => {
  const isPair = Array.isArray(value) && value.length === 2;
  if (!isPair) throw typeError(name, value, 'two numbers');
  for (const one of value as unknown[])
    if (typeof one !== 'number' || !(one >= 0 && one < 1)) throw valueError(name, value, 'from 0 to below 1');
};

const validation: OptionCheck = (name, value) => {
  if (typeof value === 'number') numberBetween(0, 0.9)(name, value);
  else if (!isPlainObject(value)) throw typeError(name, value, 'a share, or data with inputs and labels');
};

/** Checks of what `finetune` and `distill` share. */
export const TRAINING_CHECKS: Readonly<Record<keyof TrainingOptions, OptionCheck>> = {
  trainer: typed('a function such as sessionTrainer()', isFunction),
  epochs: integer(1, 1_000_000),
  batchSize: integer(1, 1_000_000),
  seed: integer(0, 2 ** 32 - 1),
  optimizer: oneOf('sgd', 'adam', 'adamw'),
  learningRate: positive,
  momentum: numberBetween(0, 0.9999),
  betas,
  weightDecay: numberBetween(0, 1),
  schedule: oneOf('constant', 'cosine', 'step'),
  warmUp: numberBetween(0, 1),
  stepEpochs: integer(1, 1_000_000),
  stepFactor: positive,
  clipNorm: positive,
  validation,
  patience: integer(1, 1_000_000),
  batchNormalization: oneOf('batch', 'frozen'),
  keepZeros: flag,
  keepShared: flag,
  exclude: COMMON_CHECKS.exclude,
  checkpoint: path,
  checkpointSteps: integer(1, Number.MAX_SAFE_INTEGER),
  timeLimit: positive,
  signal: COMMON_CHECKS.signal,
  onProgress: typed('a function', isFunction),
};

/** @throws {TensorRTError} ERR_TRT_ARG_TYPE */
export function requireTrainer(options: Partial<TrainingOptions>): void {
  if (options.trainer === undefined)
    throw typeError('trainer', undefined, 'a function such as sessionTrainer()');
}
