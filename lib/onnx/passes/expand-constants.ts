// SPDX-License-Identifier: Apache-2.0
import { allGraphs, attributeOf, isStandard } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { makeTensor } from '../graph/tensor-values';

/**
 * Turns Constant nodes into initializers, so that passes find weights in one place: tensors of any type, single numbers
 * and lists of them.
 *
 * Left alone: texts, sparse tensors, and constants that are outputs of their graph.
 *
 * @returns how many were turned
 */
export function expandConstants(graph: GraphMessage): number {
  let count = 0;
  for (const one of allGraphs(graph)) {
    const outputs = new Set(one.output.map(({ name }) => name));
    one.node = one.node.filter((node) => {
      const tensor = outputs.has(node.output[0] ?? '') ? undefined : constantTensor(node);
      if (tensor === undefined) return true;
      one.initializer.push(tensor);
      count++;
      return false;
    });
  }
  return count;
}

/** The tensor of a Constant node under the name of its output; undefined for other nodes, texts and sparse tensors. */
export function constantTensor(node: NodeMessage): TensorMessage | undefined {
  if (node.opType !== 'Constant' || !isStandard(node)) return undefined;
  const name = node.output[0]!;
  const tensor = attributeOf(node, 'value')?.t;
  if (tensor !== undefined) return { ...tensor, name };
  const number = attributeOf(node, 'value_float')?.f;
  if (number !== undefined) return makeTensor(name, 'FLOAT', [], Float32Array.of(number));
  const whole = attributeOf(node, 'value_int')?.i;
  if (whole !== undefined) return makeTensor(name, 'INT64', [], BigInt64Array.of(whole));
  const numbers = attributeOf(node, 'value_floats')?.floats;
  if (numbers !== undefined) return makeTensor(name, 'FLOAT', [numbers.length], Float32Array.from(numbers));
  const list = attributeOf(node, 'value_ints')?.ints;
  return list && makeTensor(name, 'INT64', [list.length], BigInt64Array.from(list));
}
