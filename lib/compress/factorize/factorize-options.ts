// SPDX-License-Identifier: Apache-2.0
import type { Numerics } from '../../numerics/numerics';
import {
  integer,
  isPlainObject,
  oneOf,
  rejectUnknownOptions,
  typeError,
  type OptionCheck,
} from '../../option-checks';
import type { NodeExclusion } from '../../onnx/graph/node-exclusion';
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
import type { FactorForm } from './rank-costs';

/** What is to be left of a model; one of them. */
export interface FactorizeTarget {
  /** Share of the model's parameters, 0 to 1: 0.5 is half of them. */
  readonly parameters?: number;
  /** Share of the multiply-adds of its weighted layers, 0 to 1. */
  readonly flops?: number;
  /**
   * Largest relative error of what a layer makes, as a root of the mean of squares: 0.1 is a tenth of its outputs. Each
   * layer gets the smallest rank that keeps it.
   */
  readonly error?: number;
}

/** How to factorise a model: one of `target`, `rank` and `ratio`. */
export interface FactorizeOptions<Feeds> {
  /** A budget over all layers; their ranks follow from it. Default `{ parameters: 0.5 }`. */
  readonly target?: FactorizeTarget;
  /** The same rank for every layer in which it pays, or ranks by node name; other nodes stay whole. */
  readonly rank?: number | Readonly<Record<string, number>>;
  /** Share of its parameters that each layer keeps at most, 0 to 1. */
  readonly ratio?: number;
  /** How convolutions come apart; `'auto'` (default) takes what loses least. Products of matrices have `'channel'` alone. */
  readonly form?: FactorForm | 'auto';
  /** Nodes that stay whole. */
  readonly exclude?: NodeExclusion;
  /** Inputs to measure and to fit on, each the feeds of one run: some dozens of typical samples, better hundreds. */
  readonly calibration?: CalibrationData<Feeds>;
  /** Runs models on the calibration data. */
  readonly runner?: Runner<Feeds>;
  /** What computes: `nativeNumerics()` is faster. Default: in TypeScript. */
  readonly numerics?: Numerics;
  /** Called as the work goes on. */
  readonly onProgress?: (step: string) => void;
  /** Stops between two runs of the model. */
  readonly signal?: AbortSignal;
}

const target: OptionCheck = (name, value) => {
  if (!isPlainObject(value)) throw typeError(name, value, 'an object such as { parameters: 0.5 }');
  checkTable(name, value, TARGET);
  const given = Object.entries(value as object).filter(([, share]) => share !== undefined);
  if (given.length !== 1)
    throw contradiction(
      'factorize',
      `target takes one of parameters, flops and error; it has ${given.length === 0 ? 'none' : given.map(([key]) => key).join(' and ')}`,
    );
};

const TARGET: Readonly<Record<keyof FactorizeTarget, OptionCheck>> = {
  parameters: numberBetween(0, 1),
  flops: numberBetween(0, 1),
  error: numberBetween(0, 1),
};

const MOST_RANK = 2 ** 20;

const rank: OptionCheck = (name, value) => {
  if (!isPlainObject(value)) {
    integer(1, MOST_RANK)(name, value);
    return;
  }
  for (const [node, one] of Object.entries(value as object)) integer(1, MOST_RANK)(`${name}.${node}`, one);
};

const FACTORIZE: Readonly<Record<keyof FactorizeOptions<unknown>, OptionCheck>> = {
  ...COMMON_CHECKS,
  target,
  rank,
  ratio: numberBetween(0, 1),
  form: oneOf('auto', 'channel', 'spatial', 'tucker'),
  numerics: numericsCheck,
  onProgress: progressCheck,
};

/**
 * Refuses what is no value of an option and what contradicts itself, before anything is read.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_UNKNOWN_OPTION, ERR_TRT_ARG_TYPE, ERR_TRT_ARG_VALUE
 */
export function checkFactorizeOptions<Feeds>(options: FactorizeOptions<Feeds>): void {
  rejectUnknownOptions('factorize', options, Object.keys(FACTORIZE));
  checkTable('factorize', options, FACTORIZE);
  const given = (['target', 'rank', 'ratio'] as const).filter((name) => options[name] !== undefined);
  if (given.length > 1)
    throw contradiction('factorize', `${given.join(' and ')} both say what is to be left`);
  checkCalibration('factorize', options, false);
}
