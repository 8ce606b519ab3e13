// SPDX-License-Identifier: Apache-2.0
import type { Numerics } from '../../numerics/numerics';
import type { NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { CalibrationData } from '../calibrate/feed-source';
import type { Runner } from '../runner';
import type { PrunePattern } from './support-pattern';

/** By what weights are chosen that become zero: the smallest go. */
export type PruneCriterion = 'magnitude' | 'activation' | 'hessian';

/** Strengths of a regularised least-squares fit, from which weights are chosen. */
export interface Shrinkage {
  /**
   * Weight of the sum of absolute values, 0 to 1: at 1 all weights of a layer are zero. Default: as strong as `sparsity`
   * asks for.
   */
  readonly l1?: number;
  /** Weight of the sum of squares, as part of the mean energy of the inputs, from 0 on. Default 0. */
  readonly l2?: number;
}

/** How to prune a model. */
export interface PruneOptions<Feeds> {
  /**
   * Share of the weights of the pruned layers that become zero, from 0 to below 1. The pattern 2:4 is 0.5 and needs none;
   * the others need this, `threshold` or `shrinkage.l1`.
   */
  readonly sparsity?: number;
  /** Weights whose absolute value (or, by `'activation'`, its product with the input's) is below it become zero. */
  readonly threshold?: number;
  /**
   * `'layer'` (default) gives each layer the same share; `'global'` takes more from layers where weights are spread more
   * widely, and leaves each at least some.
   */
  readonly scope?: 'layer' | 'global';
  /**
   * - `'magnitude'`: absolute value of the weight; the default without data;
   * - `'activation'`: times the root mean square of what it is multiplied with on the data;
   * - `'hessian'`: what the layer's outputs lose without it after all other weights made up for it; the default with data.
   */
  readonly criterion?: PruneCriterion;
  /** Chooses by the weights of a regularised fit of each layer instead of the weights as they are. Needs data. */
  readonly shrinkage?: Shrinkage;
  /**
   * Where zeros may be: `'unstructured'` (default), `'2:4'` (of four consecutive input channels two), or blocks of so many
   * outputs times inputs.
   */
  readonly pattern?: PrunePattern;
  /** Fits the weights that stay, layer by layer, to what the source makes on the data. Default true with data. */
  readonly reconstruct?: boolean;
  /**
   * The first and the last layers of the model: `'keep'`, the default for 2:4, leaves them dense, as they are small and
   * their errors weigh most; `'prune'`, the default otherwise, treats them like the others, as zeros are for size there.
   */
  readonly ends?: 'keep' | 'prune';
  /** Nodes whose weights stay as they are. */
  readonly exclude?: NodeExclusion;
  /** Typical inputs, each the feeds of one run of any batch size: a hundred samples or more. */
  readonly calibration?: CalibrationData<Feeds>;
  /** Runs models on the calibration data. */
  readonly runner?: Runner<Feeds>;
  /** What computes. Default: in TypeScript, on the calling thread; `nativeNumerics()` of the package has threads. */
  readonly numerics?: Numerics;
  /** Of the choice of samples where there are more than needed. Default 0. */
  readonly seed?: number;
  /** Stops between two layers or two runs of the model. */
  readonly signal?: AbortSignal;
  /** Called as the work goes on. */
  readonly onProgress?: (step: string) => void;
}
