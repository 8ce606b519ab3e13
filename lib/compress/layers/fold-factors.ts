// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import { attributeOf, isStandard, UniqueNames } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor, readFloats } from '../../onnx/graph/tensor-values';

const FLOAT = 1;

/**
 * Multiplies the factors `alpha` and `beta` of Gemm into its constant weights and bias, in tensors of their own, so that
 * what the node makes is its matrix times its input, plus its bias. Left alone: a factor of zero, and one of what is no
 * FLOAT constant.
 *
 * @returns how many factors were folded
 */
export function foldFactors(graph: GraphMessage): number {
  const { constants } = new GraphScope(graph);
  const names = new UniqueNames(graph);
  let folded = 0;
  const fold = (node: NodeMessage, factor: 'alpha' | 'beta', index: number | undefined) => {
    const value = attributeOf(node, factor)?.f ?? 1;
    const tensor = index === undefined ? undefined : constants.get(node.input[index] ?? '');
    if (value === 1 || value === 0 || tensor?.dataType !== FLOAT) return;
    const name = names.make(`${tensor.name ?? ''}_times_${factor}`);
    const values = readFloats(tensor).map((one) => one * value);
    graph.initializer.push(makeTensor(name, 'FLOAT', tensor.dims, values));
    node.input[index!] = name;
    node.attribute = node.attribute.filter((attribute) => attribute.name !== factor);
    folded++;
  };
  for (const node of graph.node) {
    if (node.opType !== 'Gemm' || !isStandard(node)) continue;
    fold(
      node,
      'alpha',
      [1, 0].find((index) => constants.has(node.input[index] ?? '')),
    );
    fold(node, 'beta', 2);
  }
  return folded;
}
