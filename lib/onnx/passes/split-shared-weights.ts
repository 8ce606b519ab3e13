// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../graph/graph-scope';
import { isStandard, nodeLabel, UniqueNames } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import { ValueUses } from '../graph/value-uses';

/** Inputs that hold weights, by operator: those that passes scale, round or correct for one node alone. */
const WEIGHT_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [1],
  LayerNormalization: [1, 2],
  BatchNormalization: [1, 2, 3, 4],
  InstanceNormalization: [1, 2],
};

/**
 * Gives each weighted node weights of its own, so that a pass can change those of one node.
 *
 * 1. Weights, biases and parameters of normalisations that are read more than once: each reader but the last gets a
 *    copy. In memory the copies share their bytes, in a file each has its own.
 * 2. The same in the graphs inside nodes, for their own constants.
 *
 * Left alone: constants that a Gather reads too, which are tables of embeddings; constants that callers can replace.
 *
 * @returns how many copies were made
 */
export function splitSharedWeights(graph: GraphMessage): number {
  return splitIn(new GraphScope(graph), new UniqueNames(graph));
}

function splitIn(scope: GraphScope, names: UniqueNames): number {
  let copies = 0;
  for (const inner of scope.inner.values()) copies += splitIn(inner, names);
  const { graph } = scope;
  const uses = new ValueUses(graph);
  const left = new Map<string, number>();
  for (const node of graph.node) {
    for (const position of weightInputs(node)) {
      const name = node.input[position] ?? '';
      const tensor = scope.constants.get(name);
      const reads = left.get(name) ?? uses.reads(name);
      if (tensor === undefined || reads < 2 || isTable(name, uses)) continue;
      left.set(name, reads - 1);
      const copy = names.make(`${name}_of_${nodeLabel(node)}`);
      graph.initializer.push({ ...tensor, name: copy });
      node.input[position] = copy;
      copies++;
    }
  }
  return copies;
}

function weightInputs(node: NodeMessage): readonly number[] {
  return isStandard(node) ? (WEIGHT_INPUTS[node.opType] ?? []) : [];
}

function isTable(name: string, uses: ValueUses): boolean {
  return uses.readers(name).some(({ opType, input }) => opType === 'Gather' && input[0] === name);
}
