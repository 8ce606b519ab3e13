// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { dataTypeName } from '../data-type';
import { GraphScope } from '../graph/graph-scope';
import { isStandard, nodeLabel, subgraphsOf } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import { CAST_RULES } from './cast-rules';

/**
 * Infers all types anew and refuses a graph with an operator whose inputs are of two floating-point types, which
 * TensorRT refuses much later and says less about.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_UNSUPPORTED_TYPE with node, operator and types
 */
export function checkMixedTypes(graph: GraphMessage, parent?: GraphScope): void {
  const scope = new GraphScope(graph, parent);
  for (const node of graph.node) {
    for (const inner of subgraphsOf(node)) checkMixedTypes(inner, scope);
    const types = isStandard(node) ? floatTypes(node, scope) : [];
    if (types.length > 1) throw mixed(node, types.map(dataTypeName));
  }
}

const FLOAT_TYPES: readonly number[] = [1, 10, 11, 16];

function floatTypes(node: NodeMessage, scope: GraphScope): number[] {
  const rule = CAST_RULES.get(node.opType);
  if (rule === undefined) return [];
  const names = node.input.filter((_, index) => rule.inputs?.includes(index) ?? true);
  const types = names.map((name) => scope.typeOf(name) ?? 0).filter((type) => FLOAT_TYPES.includes(type));
  return [...new Set(types)];
}

function mixed(node: NodeMessage, types: readonly string[]): TensorRTError {
  const name = nodeLabel(node);
  return new TensorRTError(
    'ERR_TRT_ONNX_UNSUPPORTED_TYPE',
    `Node "${name}" (${node.opType}) reads ${types.join(' and ')}: an operator computes in one type.`,
    { details: { node: name, operator: node.opType, types } },
  );
}
