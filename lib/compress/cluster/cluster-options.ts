// SPDX-License-Identifier: Apache-2.0
import type { Numerics } from '../../numerics/numerics';
import {
  flag,
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
  numericsCheck,
  progressCheck,
} from '../option-tables';
import type { Runner } from '../runner';

/** Which weights share values: those of a tensor, of an output channel, or of so many neighbouring output channels. */
export type ClusterScope = 'tensor' | 'channel' | { readonly group: number };

/** How weights come to share values. */
export interface ClusterOptions<Feeds> {
  /** Values that the weights of a tensor, a channel or a group share, 2 to 65,536. Default 16. */
  readonly clusters?: number;
  /** Default `'tensor'`. More tables are nearer to the weights, and larger. */
  readonly scope?: ClusterScope;
  /**
   * `'values'` (default): weights are replaced by the values that they share; the file stays as large, zipped it is small,
   * and `saveCompact` makes it so. `'gather'`: the graph itself has the table and a code of a byte for each weight, at most
   * 256 values; the file is small as it is. Engines hold the weights whole in both.
   */
  readonly form?: 'values' | 'gather';
  /** With data: weights are assigned so that each makes up for the rounding of those before it. Default true. */
  readonly compensate?: boolean;
  /** Nodes whose weights stay as they are. */
  readonly exclude?: NodeExclusion;
  /** Inputs to fit the values on, each the feeds of one run: some dozens of typical samples, better hundreds. */
  readonly calibration?: CalibrationData<Feeds>;
  /** Runs models on the calibration data. */
  readonly runner?: Runner<Feeds>;
  /** What computes: `nativeNumerics()` is faster. Default: in TypeScript. */
  readonly numerics?: Numerics;
  /** Of the random start where the optimum is too dear. Default 0. */
  readonly seed?: number;
  /** Called as the work goes on. */
  readonly onProgress?: (step: string) => void;
  /** Stops between two runs of the model. */
  readonly signal?: AbortSignal;
}

const MOST_CLUSTERS = 65_536;
const MOST_IN_GRAPH = 256;

const scope: OptionCheck = (name, value) => {
  if (!isPlainObject(value)) {
    oneOf('tensor', 'channel')(name, value);
    return;
  }
  rejectUnknownOptions(name, value, ['group']);
  const { group } = value as { group?: unknown };
  if (group === undefined) throw typeError(`${name}.group`, group, 'a number of channels');
  integer(1, MOST_CLUSTERS)(`${name}.group`, group);
};

const CLUSTER: Readonly<Record<keyof ClusterOptions<unknown>, OptionCheck>> = {
  ...COMMON_CHECKS,
  clusters: integer(2, MOST_CLUSTERS),
  scope,
  form: oneOf('values', 'gather'),
  compensate: flag,
  numerics: numericsCheck,
  seed: integer(0, 2 ** 32 - 1),
  onProgress: progressCheck,
};

/**
 * Refuses what is no value of an option and what contradicts itself, before anything is read.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_UNKNOWN_OPTION, ERR_TRT_ARG_TYPE, ERR_TRT_ARG_VALUE
 */
export function checkClusterOptions<Feeds>(options: ClusterOptions<Feeds>): void {
  checkTable('cluster', options, CLUSTER);
  if (options.form === 'gather' && (options.clusters ?? 0) > MOST_IN_GRAPH)
    throw contradiction(
      'cluster',
      `form "gather" has codes of a byte, for at most ${MOST_IN_GRAPH} values; ${options.clusters!} were asked for`,
      'Ask for fewer, or use form "values".',
    );
  checkCalibration('cluster', options, false);
}
