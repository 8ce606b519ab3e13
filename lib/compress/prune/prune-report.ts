// SPDX-License-Identifier: Apache-2.0
import type { KeptNode } from '../../onnx/passes/cast-values';
import type { OutputScore } from '../output-judge';
import type { PruneCriterion } from './prune-options';
import type { PrunePattern } from './support-pattern';

/** A layer that has zeros now. */
export interface PrunedLayer {
  /** Label of its node, of the first where several share the weights. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** How many weights it has, and how many of them are zero. */
  readonly weights: number;
  /** How many of them are zero. */
  readonly zeros: number;
  /** Zeros by weights. */
  readonly share: number;
  /**
   * What its outputs lose on the data, as part of their energy: with the zeros alone, and after the other weights were
   * fitted. Inputs are those of the model pruned so far. Absent without data.
   */
  readonly error?: { readonly before: number; readonly after: number };
  /** How strongly weights were held where they were, as part of the mean energy of the inputs; absent without a fit. */
  readonly damping?: number;
}

/** What `prune` did, and what it measured. */
export interface PruneReport {
  /** Where zeros may be. */
  readonly pattern: PrunePattern;
  /** What weights were ranked by. */
  readonly criterion: PruneCriterion;
  /** Whether weights were ranked in each layer or over all of them. */
  readonly scope: 'layer' | 'global';
  /** Whether the weights that stay were fitted. */
  readonly reconstructed: boolean;
  /** In the order of the graph. */
  readonly changed: readonly PrunedLayer[];
  /** With the reason of each. */
  readonly kept: readonly KeptNode[];
  /** Numbers that the model stores as FP32: zeros count, as they are stored like others. */
  readonly parameters: { readonly before: number; readonly after: number };
  /** Zeros among the weights of all layers, those that were kept included. */
  readonly zeros: { readonly weights: number; readonly zeros: number; readonly share: number };
  /** Normalisations whose means and variances were moved by what changed before them. */
  readonly normalizations: readonly string[];
  /** Runs of data that layers were fitted on and that the score is of. */
  readonly dataRuns: number;
  /** What computed: `'native'` or `'reference'`. */
  readonly numerics: 'native' | 'reference';
  /** How near the outputs are to the source's; absent without data. */
  readonly score?: OutputScore;
  /** What TensorRT makes of the zeros, a sentence each. */
  readonly gains: readonly string[];
  /** What the reader should know. */
  readonly warnings: readonly string[];
}
