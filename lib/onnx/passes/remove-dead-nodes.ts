// SPDX-License-Identifier: Apache-2.0
import { allGraphs, isStandard, subgraphsOf } from '../graph/graph-walk';
import type { GraphMessage } from '../graph/onnx-messages';

/** What was removed, in all graphs of a model. */
export interface DeadNodesReport {
  readonly nodes: number;
  readonly initializers: number;
  /** Declarations of values that do not exist. */
  readonly declarations: number;
}

/**
 * Removes what no output of its graph depends on.
 *
 * 1. Nodes of which no output is read, and then those that only they read.
 * 2. Initializers that nobody reads.
 * 3. Declarations (`value_info`) of values that no node makes.
 * 4. The same in the graphs inside nodes.
 *
 * Left alone: custom operators, which may do more than compute; initializers that are also inputs of their graph; unread
 * outputs of nodes that have others.
 */
export function removeDeadNodes(graph: GraphMessage): DeadNodesReport {
  const report = { nodes: 0, initializers: 0, declarations: 0 };
  sweep(graph, report);
  return report;
}

type Counts = { -readonly [key in keyof DeadNodesReport]: number };

function sweep(graph: GraphMessage, report: Counts): void {
  const read = new Set(graph.output.map(({ name }) => name));
  // A node comes after those that it reads: from behind, one walk finds all.
  const kept = [...graph.node].reverse().filter((node) => {
    if (isStandard(node) && !node.output.some((name) => read.has(name))) return false;
    for (const inner of subgraphsOf(node)) {
      sweep(inner, report);
      for (const { node: nodes, output } of allGraphs(inner)) {
        for (const { name } of output) read.add(name);
        for (const { input } of nodes) for (const name of input) read.add(name);
      }
    }
    for (const name of node.input) read.add(name);
    return true;
  });
  report.nodes += graph.node.length - kept.length;
  graph.node = kept.reverse();
  const inputs = new Set(graph.input.map(({ name }) => name));
  const initializers = graph.initializer.filter(({ name = '' }) => read.has(name) || inputs.has(name));
  report.initializers += graph.initializer.length - initializers.length;
  graph.initializer = initializers;
  const made = new Set(graph.node.flatMap(({ output }) => output));
  const declared = graph.valueInfo.filter(({ name }) => made.has(name));
  report.declarations += graph.valueInfo.length - declared.length;
  graph.valueInfo = declared;
}
