// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import { allGraphs, attributeOf, isStandard } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { makeTensor } from '../graph/tensor-values';

/**
 * Turns Constant nodes of FLOAT into initializers, so that passes find weights in one place. Left alone: constants of
 * other types, and those that are outputs of their graph.
 *
 * @returns how many were turned
 */
export function expandConstants(graph: GraphMessage): number {
  let count = 0;
  for (const one of allGraphs(graph)) {
    const outputs = new Set(one.output.map(({ name }) => name));
    one.node = one.node.filter((node) => {
      const tensor = outputs.has(node.output[0] ?? '') ? undefined : floatConstant(node);
      if (tensor === undefined) return true;
      one.initializer.push(tensor);
      count++;
      return false;
    });
  }
  return count;
}

function floatConstant(node: NodeMessage): TensorMessage | undefined {
  if (node.opType !== 'Constant' || !isStandard(node)) return undefined;
  const name = node.output[0]!;
  const tensor = attributeOf(node, 'value')?.t;
  if (tensor !== undefined) return tensor.dataType === DATA_TYPE.FLOAT ? { ...tensor, name } : undefined;
  const single = attributeOf(node, 'value_float')?.f;
  if (single !== undefined) return makeTensor(name, 'FLOAT', [], Float32Array.of(single));
  const list = attributeOf(node, 'value_floats')?.floats;
  return list === undefined ? undefined : makeTensor(name, 'FLOAT', [list.length], Float32Array.from(list));
}
