// SPDX-License-Identifier: Apache-2.0
import { isStandard, nodeLabel } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { AxisRange } from './axis-slots';
import { DependencyGraph, type WayChoices } from './dependency-graph';
import { DEPENDENCY_RULES } from './operator-rules';
import { SPLIT_WAYS } from './rules/reshape';

/**
 * Finds out what has to be removed together in the main graph. Where a Reshape splits channels over several axes, each
 * way is tried for all of them, and every one gets the way that leaves most to be removed one by one; heads of
 * attention are removed as a whole.
 */
export function analyzeDependencies(model: OnnxModel): DependencyGraph {
  const trials = SPLIT_WAYS.map((_, way) => analyze(model, { splits: new Map(), otherwise: way }));
  const [heads] = trials;
  if (heads!.splits.size === 0) return heads!;
  const splits = new Map<NodeMessage, number>();
  for (const node of new Set(trials.flatMap((trial) => [...trial.splits.keys()])))
    splits.set(node, bestWay(node, trials));
  return analyze(model, { splits, otherwise: 0 });
}

function bestWay(node: NodeMessage, trials: readonly DependencyGraph[]): number {
  const counts = trials.map((trial) => {
    const range = trial.splits.get(node);
    return range === undefined ? 0 : trial.slots.freeSets(range);
  });
  if (counts[0]! > 1 && isSideBySide(trials[0]!, node)) return 0;
  return counts.indexOf(Math.max(...counts));
}

/** True where the channels of a split come to be stacks of matrices that are multiplied pair by pair. */
function isSideBySide({ slots, splits, sideBySide }: DependencyGraph, node: NodeMessage): boolean {
  const rootsOf = ({ base, count }: AxisRange) =>
    Array.from({ length: count }, (_, i) => slots.find(base + i));
  const split = new Set(rootsOf(splits.get(node)!));
  return sideBySide.some((range) => rootsOf(range).some((root) => split.has(root)));
}

function analyze(model: OnnxModel, ways: WayChoices): DependencyGraph {
  const graph = new DependencyGraph(model, ways);
  for (const { name } of model.graph.input) graph.block(name, `"${name}" is an input of the model`);
  for (const node of model.graph.node) {
    const rule =
      isStandard(node) && Object.hasOwn(DEPENDENCY_RULES, node.opType)
        ? DEPENDENCY_RULES[node.opType]
        : undefined;
    const problem =
      rule === undefined ? 'the operator is not one that channels are followed through' : rule(node, graph);
    if (problem !== undefined) graph.blockNode(node, `${node.opType} "${nodeLabel(node)}": ${problem}`);
  }
  for (const { name } of model.graph.output) graph.block(name, `"${name}" is an output of the model`);
  return graph;
}
