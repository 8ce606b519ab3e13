// SPDX-License-Identifier: Apache-2.0
import { decodeTensor } from '../evaluate-constant/constant-value';
import { GraphScope } from '../graph/graph-scope';
import { attributeOf, isStandard, nodeLabel, UniqueNames } from '../graph/graph-walk';
import { makeNode } from '../graph/make-node';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import { copyBody } from './body-copy';

/**
 * Puts the nodes of a branch in the place of an If whose condition is a constant.
 *
 * 1. Nodes, constants and declarations of the branch that is taken get names of their own in the graph around it.
 * 2. An output of the branch that it does not make by a node of its own is handed on by an Identity.
 * 3. The same in the graphs inside nodes, one level in each call.
 *
 * Left alone: conditions that callers can replace or that are computed.
 *
 * @returns how many If nodes went
 */
export function inlineBranches(graph: GraphMessage): number {
  return inlineIn(new GraphScope(graph), new UniqueNames(graph));
}

function inlineIn(scope: GraphScope, names: UniqueNames): number {
  let count = 0;
  for (const inner of scope.inner.values()) count += inlineIn(inner, names);
  scope.graph.node = scope.graph.node.flatMap((node) => {
    const branch = takenBranch(node, scope);
    if (branch === undefined) return node;
    count++;
    return nodesOf(branch, node, { graph: scope.graph, names });
  });
  return count;
}

function takenBranch(node: NodeMessage, scope: GraphScope): GraphMessage | undefined {
  if (node.opType !== 'If' || !isStandard(node)) return undefined;
  const condition = scope.constantOf(node.input[0] ?? '');
  const value = condition && decodeTensor(condition)?.data[0];
  if (value === undefined) return undefined;
  return attributeOf(node, value === 0 ? 'else_branch' : 'then_branch')?.g;
}

function nodesOf(
  branch: GraphMessage,
  node: NodeMessage,
  { graph, names }: { graph: GraphMessage; names: UniqueNames },
): NodeMessage[] {
  const made = new Set(branch.node.flatMap(({ output }) => output));
  const bindings = new Map<string, string>();
  branch.output.forEach(({ name }, index) => {
    const output = node.output[index] ?? '';
    if (output !== '' && made.has(name) && !bindings.has(name)) bindings.set(name, output);
  });
  const copy = copyBody(branch, { bindings, label: nodeLabel(node), names });
  const outputs = branch.output.flatMap(({ name }, index) => {
    const output = node.output[index] ?? '';
    const source = copy.renamed.get(name) ?? name;
    if (output === '' || source === output) return [];
    const label = names.make(`${output}_identity`);
    return [makeNode({ op: 'Identity', name: label, inputs: [source], outputs: [output] })];
  });
  graph.initializer.push(...copy.initializer);
  const declared = new Set(node.output);
  graph.valueInfo.push(...copy.valueInfo.filter(({ name }) => !declared.has(name)));
  return [...copy.node, ...outputs];
}
