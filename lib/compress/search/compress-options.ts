// SPDX-License-Identifier: Apache-2.0
import type { Numerics } from '../../numerics/numerics';
import type { NodeExclusion } from '../../onnx/graph/node-exclusion';
import { integer, isPlainObject, typed, typeError, valueError, type OptionCheck } from '../../option-checks';
import type { CalibrationData } from '../calibrate/feed-source';
import {
  checkCalibration,
  checkTable,
  COMMON_CHECKS,
  numberBetween,
  numericsCheck,
  progressCheck,
} from '../option-tables';
import type { ModelSource, Runner } from '../runner';

/** Ways to make a model smaller that a search composes. */
export const SEARCH_STEPS = ['channels', 'factorize', 'cluster', 'int8', 'fp16'] as const;

/** A way to make a model smaller that a search composes. */
export type SearchStep = (typeof SEARCH_STEPS)[number];

/** What a compressed model is to be. */
export interface CompressTarget {
  /** Largest share of the source's bytes on disk, 0 to 1: 0.25 is a quarter. */
  readonly size?: number;
}

/** How to look for a smaller model. */
export interface CompressOptions<Feeds> {
  /** Inputs to fit and to measure on, each the feeds of one run: some hundreds of typical samples. */
  readonly calibration: CalibrationData<Feeds>;
  /** Runs models on the calibration data. */
  readonly runner: Runner<Feeds>;
  /** How small the model has to be. Default: as small as `maxDrop` allows. */
  readonly target?: CompressTarget;
  /** Largest drop below the source, a share: 0.01 (default) is one percent. */
  readonly maxDrop?: number;
  /**
   * Scores a model by itself, e.g. its accuracy on labelled data, 0 to 1, more is better; the drop is one of this score.
   * Default: the share of samples whose best class is another one than the source's.
   */
  readonly score?: (model: ModelSource) => Promise<number>;
  /**
   * Stands for what `score` depends on, e.g. a digest of its labels: with another one, a `state` is of another search.
   */
  readonly scoreKey?: string;
  /** What may be done. Default: all of them. */
  readonly steps?: readonly SearchStep[];
  /** Nodes that no step changes. */
  readonly exclude?: NodeExclusion;
  /** Most models that are made and measured. Default 40. */
  readonly trials?: number;
  /** Seconds after which no further model is tried, the ranking of the layers included. Default: none. */
  readonly timeLimit?: number;
  /** File that keeps what was measured: a search that was interrupted goes on from there. Default: none. */
  readonly state?: string;
  /** What computes: `nativeNumerics()` is faster. Default: in TypeScript. */
  readonly numerics?: Numerics;
  /** Called as the work goes on. */
  readonly onProgress?: (step: string) => void;
  /** Stops between two runs of the model; what was measured is in `state`. */
  readonly signal?: AbortSignal;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

const target: OptionCheck = (name, value) => {
  if (!isPlainObject(value)) throw typeError(name, value, 'an object such as { size: 0.25 }');
  checkTable(name, value, { size: numberBetween(0, 1) });
};

const steps: OptionCheck = (name, value) => {
  if (!Array.isArray(value)) throw typeError(name, value, "a list such as ['channels', 'int8']");
  const wrong: unknown = value.find((one) => !(SEARCH_STEPS as readonly unknown[]).includes(one));
  if (wrong !== undefined) throw valueError(name, wrong, `of ${SEARCH_STEPS.join(', ')}`);
  if (value.length === 0) throw valueError(name, value, 'at least one step');
};

const COMPRESS: Readonly<Record<keyof CompressOptions<unknown>, OptionCheck>> = {
  ...COMMON_CHECKS,
  target,
  maxDrop: numberBetween(0, 1),
  score: typed('a function', isFunction),
  scoreKey: typed('a text', (value) => typeof value === 'string'),
  steps,
  trials: integer(2, 100_000),
  timeLimit: numberBetween(0, 10_000_000),
  state: typed('a path', (value) => typeof value === 'string'),
  numerics: numericsCheck,
  onProgress: progressCheck,
};

/**
 * Refuses what is no value of an option and what is missing, before anything is read.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_UNKNOWN_OPTION, ERR_TRT_ARG_TYPE, ERR_TRT_ARG_VALUE; ERR_TRT_QUANT_CALIBRATION
 */
export function checkCompressOptions<Feeds>(options: CompressOptions<Feeds>): void {
  checkTable('compress', options, COMPRESS);
  checkCalibration('compress', options, 'every choice of the search');
}
