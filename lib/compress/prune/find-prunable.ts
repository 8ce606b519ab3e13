// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { excludedBy, type NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import { readsOf } from '../../onnx/graph/graph-walk';
import { readFloats } from '../../onnx/graph/tensor-values';
import type { KeptNode } from '../../onnx/passes/cast-values';
import { findLayers, type WeightLayer } from '../layers/weight-layer';
import { checkFinite } from '../quantize/quantize-weights';
import { patternProblem, type PrunePattern } from './support-pattern';

/** Which layers are not pruned. */
export interface PrunableRules {
  readonly pattern: PrunePattern;
  readonly ends: 'keep' | 'prune';
  readonly exclude?: NodeExclusion | undefined;
}

/** Layers to prune, all layers, and what is left alone. */
export interface PrunableLayers {
  readonly layers: readonly WeightLayer[];
  readonly all: readonly WeightLayer[];
  readonly kept: readonly KeptNode[];
}

/**
 * The layers that are pruned: all that `findLayers` finds, but for
 *
 * 1. those that are excluded;
 * 2. those that a pattern does not fit;
 * 3. the first ones, which no layer comes before, and the last ones, which none comes behind, where `ends` is `'keep'`.
 *    They are small, and errors there weigh most; tools for large networks leave them out too (embedding and head).
 *
 * @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED if none is left, with all reasons
 */
export function findPrunable(graph: GraphMessage, { pattern, ends, exclude }: PrunableRules): PrunableLayers {
  const { layers: all, kept: others } = findLayers(graph);
  const kept: KeptNode[] = [...others];
  const borders = ends === 'keep' ? findEnds(graph, all) : new Map<WeightLayer, string>();
  const layers = all.filter((layer) => {
    const excluded =
      exclude && layer.uses.map(({ node }) => excludedBy(exclude, node)).find((by) => by !== null);
    const reason =
      (excluded && `excluded by its ${excluded}`) ||
      patternProblem(layer.view, pattern) ||
      borders.get(layer);
    if (reason) kept.push({ node: layer.label, op: layer.op, reason });
    return !reason;
  });
  if (layers.length === 0) throw nothingToPrune(kept);
  return { layers, all, kept };
}

/** @throws {TensorRTError} ERR_TRT_QUANT_WEIGHTS for the first weight that is not finite */
export function checkFiniteWeights(layers: readonly WeightLayer[]): void {
  for (const { weight } of layers) checkFinite(weight.name ?? '', readFloats(weight), 'pruned');
}

function findEnds(graph: GraphMessage, layers: readonly WeightLayer[]): Map<WeightLayer, string> {
  const ends = new Map<WeightLayer, string>();
  // In a network of one or two layers there is nothing between them.
  if (layers.length <= 2) return ends;
  const outputs = new Set(layers.flatMap(({ uses }) => uses.map(({ output }) => output)));
  const behind = valuesBehind(graph, outputs);
  const before = valuesBefore(graph, outputs);
  for (const layer of layers) {
    if (!layer.uses.some(({ input }) => behind.has(input)))
      ends.set(layer, 'it is a first layer: no other comes before it');
    else if (!layer.uses.some(({ output }) => before.has(output)))
      ends.set(layer, 'it is a last layer: no other comes behind it');
  }
  return ends.size === layers.length ? new Map<WeightLayer, string>() : ends;
}

/** Values that are computed from what layers make, those among them. */
function valuesBehind(graph: GraphMessage, outputs: ReadonlySet<string>): Set<string> {
  const values = new Set<string>();
  for (const node of graph.node) {
    const isBehind = readsOf(node).some((name) => values.has(name));
    for (const name of node.output) if (isBehind || outputs.has(name)) values.add(name);
  }
  return values;
}

/** Values from which a layer behind them is computed. */
function valuesBefore(graph: GraphMessage, outputs: ReadonlySet<string>): Set<string> {
  const values = new Set<string>();
  for (const node of [...graph.node].reverse()) {
    if (node.output.some((name) => values.has(name) || outputs.has(name)))
      for (const name of readsOf(node)) values.add(name);
  }
  return values;
}

function nothingToPrune(kept: readonly KeptNode[]): TensorRTError {
  const reasons = kept.slice(0, 3).map(({ node, op, reason }) => `"${node}" (${op}): ${reason}`);
  const why = reasons.length === 0 ? 'it has no layer with constant weights' : reasons.join('; ');
  return new TensorRTError('ERR_TRT_COMPRESS_UNSUPPORTED', `No layer of the model can be pruned: ${why}.`, {
    details: { kept },
  });
}
