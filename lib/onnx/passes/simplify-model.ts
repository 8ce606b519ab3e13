// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../graph/onnx-model';
import { sortNodes } from '../graph/sort-nodes';
import { eliminateTransposes } from './eliminate-transposes';
import { expandConstants } from './expand-constants';
import { foldBatchNormalization } from './fold-batch-normalization';
import { foldBudget, foldConstants } from './fold-constants';
import { fuseLayerNormalization } from './fuse-layer-normalization';
import { inlineBranches } from './inline-branches';
import { inlineFunctions } from './inline-functions';
import { nameNodes } from './name-nodes';
import { removeCastPairs } from './remove-cast-pairs';
import { removeDeadNodes } from './remove-dead-nodes';
import { removeIdentities } from './remove-identities';
import { separateInitializers } from './separate-initializers';
import { splitSharedWeights } from './split-shared-weights';
import { inferredDims } from './value-dims';

/** What `simplifyModel` may do. */
export interface SimplifyOptions {
  /**
   * Put LayerNormalization in the place of the nodes it is made of. `'raise'` raises an opset older than 17 for it where
   * that is possible. Default `'raise'`.
   */
  readonly layerNormalization?: 'raise' | 'keep-opset' | 'no';
  /** Give each weighted node weights of its own. Default false. */
  readonly splitSharedWeights?: boolean;
  /** Most bytes of a folded constant that is larger than what it is made of. Default 16 MiB. */
  readonly mostBytes?: number;
}

/** What each pass of `simplifyModel` changed. */
export interface SimplifyReport {
  /** Calls of the model's own functions that became nodes. */
  readonly inlinedFunctions: number;
  /** If nodes whose condition was known. */
  readonly inlinedBranches: number;
  /** Initializers of old models that were inputs too. */
  readonly separatedInitializers: number;
  /** Constant nodes that became initializers. */
  readonly expandedConstants: number;
  /** Nodes that were computed into initializers. */
  readonly foldedConstants: number;
  /** Nodes whose output was their input. */
  readonly removedIdentities: number;
  /** Transposes that others undid. */
  readonly eliminatedTransposes: number;
  /** BatchNormalization nodes that went into the weights before them. */
  readonly foldedNormalizations: number;
  /** Layer normalisations that became one node. */
  readonly fusedLayerNormalizations: number;
  /** Casts that changed nothing. */
  readonly removedCasts: number;
  /** Copies of weights that several nodes shared. */
  readonly splitWeights: number;
  /** Nodes that no output depended on. */
  readonly removedDeadNodes: number;
  /** Nodes that had no name, or one that another had too. */
  readonly namedNodes: number;
}

type Counts = { -readonly [key in keyof SimplifyReport]: number };

/**
 * Simplifies a model in place, without a change of what it computes beyond rounding: constants are folded, nodes that
 * change nothing go, normalisations are folded or fused, every node has a name. See the passes for their cases.
 *
 * Functions of the model whose operators mean something else at its opset stay calls; `inlineFunctions` names them.
 *
 * Inputs and outputs keep their names, types and order, and dynamic dimensions stay. Only of models of IR version 3 and
 * older, where each initializer had to be an input too, those inputs go. The opset changes only with
 * `layerNormalization: 'raise'`. Nodes that are not in order are sorted.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_INVALID for nodes that read each other in a circle; ERR_TRT_ONNX_EXTERNAL_DATA_MISSING
 * if a file of weights that are folded is gone or was changed
 */
export function simplifyModel(model: OnnxModel, options: SimplifyOptions = {}): SimplifyReport {
  const { layerNormalization = 'raise', splitSharedWeights: isSplit = false, mostBytes } = options;
  const { graph } = model;
  const counts = emptyCounts();
  sortNodes(graph);
  counts.separatedInitializers = separateInitializers(model);
  counts.inlinedFunctions = inlineFunctions(model).inlined;
  counts.expandedConstants = expandConstants(graph);
  counts.removedDeadNodes = removeDeadNodes(graph).nodes;
  reduce(model, counts, mostBytes);
  counts.foldedNormalizations = foldBatchNormalization(graph, inferredDims(model));
  if (layerNormalization !== 'no') {
    const raise = layerNormalization === 'raise';
    counts.fusedLayerNormalizations = fuseLayerNormalization(model, { raise, dimsOf: inferredDims(model) });
  }
  counts.removedCasts = removeCastPairs(graph);
  if (isSplit) counts.splitWeights = splitSharedWeights(graph);
  counts.removedDeadNodes += removeDeadNodes(graph).nodes;
  counts.namedNodes = nameNodes(graph);
  return counts;
}

/** Each of these passes can make work for the others: until none finds any. */
function reduce(model: OnnxModel, counts: Counts, mostBytes: number | undefined): void {
  const { graph, opset } = model;
  // One for all rounds: what is folded in one is a weight in the next.
  const budget = foldBudget(graph, mostBytes);
  for (;;) {
    const identities = removeIdentities(graph, inferredDims(model));
    const constants = foldConstants(graph, { opset, mostBytes, budget, dimsOf: inferredDims(model) });
    const branches = inlineBranches(graph);
    const transposes = eliminateTransposes(graph, inferredDims(model));
    const { nodes } = removeDeadNodes(graph);
    counts.removedIdentities += identities;
    counts.foldedConstants += constants;
    counts.inlinedBranches += branches;
    counts.eliminatedTransposes += transposes;
    counts.removedDeadNodes += nodes;
    if (identities + constants + branches + transposes + nodes === 0) return;
  }
}

function emptyCounts(): Counts {
  return {
    inlinedFunctions: 0,
    inlinedBranches: 0,
    separatedInitializers: 0,
    expandedConstants: 0,
    foldedConstants: 0,
    removedIdentities: 0,
    eliminatedTransposes: 0,
    foldedNormalizations: 0,
    fusedLayerNormalizations: 0,
    removedCasts: 0,
    splitWeights: 0,
    removedDeadNodes: 0,
    namedNodes: 0,
  };
}
