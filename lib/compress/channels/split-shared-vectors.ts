// SPDX-License-Identifier: Apache-2.0
import { UniqueNames } from '../../onnx/graph/graph-walk';
import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import { elementsOf } from '../../onnx/graph/tensor-values';
import { ValueUses } from '../../onnx/graph/value-uses';

const FLOAT = 1;

/**
 * Gives each reader of a vector a copy of its own. Exporters store equal biases once, and channels that have nothing else
 * in common would have to be removed together. Matrices stay shared: two layers with the same weights are meant to be one.
 *
 * @returns how many copies were made
 */
export function splitSharedVectors(graph: GraphMessage): number {
  const uses = new ValueUses(graph);
  const names = new UniqueNames(graph);
  const inputs = new Set(graph.input.map(({ name }) => name));
  let copies = 0;
  for (const tensor of [...graph.initializer]) {
    const name = tensor.name ?? '';
    const isVector = tensor.dims.filter((size) => size > 1).length === 1;
    if (tensor.dataType !== FLOAT || !isVector || elementsOf(tensor) === 0 || inputs.has(name)) continue;
    const [, ...others] = new Set(uses.readers(name));
    for (const node of others) {
      const copy = names.make(name);
      graph.initializer.push({ ...tensor, name: copy });
      node.input = node.input.map((one) => (one === name ? copy : one));
      copies++;
    }
  }
  return copies;
}
