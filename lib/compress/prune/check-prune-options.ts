// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import {
  flag,
  integer,
  isPlainObject,
  oneOf,
  typeError,
  valueError,
  type OptionCheck,
} from '../../option-checks';
import {
  checkCalibration,
  checkTable,
  COMMON_CHECKS,
  contradiction,
  numberBetween,
  numericsCheck,
  progressCheck,
} from '../option-tables';
import type { PruneOptions, Shrinkage } from './prune-options';

const SHRINKAGE: Readonly<Record<keyof Shrinkage, OptionCheck>> = {
  l1: numberBetween(0, 1),
  l2: numberBetween(0, 1e6),
};

const shrinkage: OptionCheck = (name, value) => {
  if (!isPlainObject(value)) throw typeError(name, value, 'an object such as { l1: 0.01 }');
  checkTable(name, value, SHRINKAGE);
};

const LARGEST_BLOCK = 65536;

const pattern: OptionCheck = (name, value) => {
  if (value === 'unstructured' || value === '2:4') return;
  const expected = "'unstructured', '2:4' or { block: [rows, columns] }";
  if (typeof value === 'string') throw valueError(name, value, expected);
  if (!isPlainObject(value)) throw typeError(name, value, expected);
  checkTable(name, value, { block });
  if ((value as { block?: unknown }).block === undefined) throw valueError(name, value, expected);
};

const block: OptionCheck = (name, value) => {
  const expected = 'two whole numbers from 1 on, [rows, columns]';
  if (!Array.isArray(value)) throw typeError(name, value, expected);
  const isSize = (one: unknown) =>
    Number.isInteger(one) && (one as number) >= 1 && (one as number) <= LARGEST_BLOCK;
  if (value.length !== 2 || !value.every(isSize)) throw valueError(name, value, expected);
};

const PRUNE: Readonly<Record<keyof PruneOptions<unknown>, OptionCheck>> = {
  ...COMMON_CHECKS,
  sparsity: numberBetween(0, 1),
  threshold: numberBetween(0, Number.MAX_VALUE),
  scope: oneOf('layer', 'global'),
  criterion: oneOf('magnitude', 'activation', 'hessian'),
  shrinkage,
  pattern,
  reconstruct: flag,
  ends: oneOf('keep', 'prune'),
  numerics: numericsCheck,
  seed: integer(0, 2 ** 32 - 1),
  onProgress: progressCheck,
};

/**
 * Refuses what is no value of an option, what contradicts itself and what lacks data, before anything is read.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_UNKNOWN_OPTION, ERR_TRT_ARG_TYPE, ERR_TRT_ARG_VALUE; ERR_TRT_QUANT_CALIBRATION where
 * data is missing; ERR_TRT_COMPRESS_TARGET for a share that no weight would be left of
 */
export function checkPruneOptions<Feeds>(options: PruneOptions<Feeds>): void {
  checkTable('prune', options, PRUNE);
  checkAmount(options);
  checkData(options);
}

function checkAmount<Feeds>(options: PruneOptions<Feeds>): void {
  const {
    sparsity,
    threshold,
    shrinkage: shrunk,
    pattern: zeros = 'unstructured',
    criterion,
    scope,
  } = options;
  if (sparsity === 1)
    throw new TensorRTError(
      'ERR_TRT_COMPRESS_TARGET',
      'A sparsity of 1 leaves no weights: the outputs would not depend on the inputs.',
      {
        hint: 'Ask for less than 1; beyond 0.9 few networks keep their accuracy.',
        details: { asked: 1, closest: 0.99 },
      },
    );
  if (zeros === '2:4') {
    if (sparsity !== undefined && sparsity !== 0.5)
      throw contradiction(
        'prune',
        `the pattern 2:4 has a sparsity of 0.5; ${sparsity} was asked for`,
        'Leave sparsity out, or choose another pattern.',
      );
    if (threshold !== undefined || shrunk?.l1 !== undefined)
      throw contradiction(
        'prune',
        'the pattern 2:4 has as many zeros as it has: a threshold or l1 has no place',
      );
    return;
  }
  const given = [sparsity, threshold, shrunk?.l1].filter((value) => value !== undefined).length;
  if (given === 0)
    throw contradiction(
      'prune',
      'how much is to be pruned is missing',
      'Pass sparsity: 0.5, a threshold or pattern: "2:4".',
    );
  if (given > 1)
    throw contradiction(
      'prune',
      'sparsity, threshold and shrinkage.l1 exclude each other: each says how much is pruned',
    );
  if (threshold !== undefined && criterion === 'hessian')
    throw contradiction(
      'prune',
      'a threshold is for the criteria "magnitude" and "activation"',
      'Pass sparsity instead.',
    );
  if (scope === 'global' && sparsity === undefined)
    throw contradiction('prune', 'the scope "global" spreads a sparsity over the layers, which is missing');
}

function checkData<Feeds>({
  calibration,
  runner,
  criterion,
  shrinkage: shrunk,
  reconstruct,
}: PruneOptions<Feeds>): void {
  const needs =
    (criterion !== undefined && criterion !== 'magnitude' && `the criterion "${criterion}"`) ||
    (shrunk !== undefined && 'shrinkage') ||
    (reconstruct === true && 'reconstruct');
  checkCalibration('prune', { calibration, runner }, needs);
}
