// SPDX-License-Identifier: Apache-2.0
// Takes positions out of the constants of a graph, and writes anew what nodes say of sizes.

import { TensorRTError } from '../../errors';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { elementsOf, makeTensor, tensorBytes } from '../../onnx/graph/tensor-values';
import { inferShapes } from '../../onnx/infer/infer-shapes';
import { formatDims } from '../../onnx/infer/value-type';
import { assertOnnxModel } from '../../onnx/check/check-onnx-model';
import { removeDeadNodes } from '../../onnx/passes/remove-dead-nodes';
import type { DependencyGraph } from './dependency-graph';
import { NODE_EDITS } from './node-edits';
import { Removal, type VectorAxes } from './removal';

/**
 * Removes sets of slots from the model that was analysed, in place. What the model declares of inner values goes: it is
 * inferred again by whoever needs it.
 *
 * @param roots - Numbers that stand for the sets; `vectors` are constants that the analysis has not seen.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_CHECK if the result is not valid, or if a shape is not what it should be
 */
export function removeSlots(
  model: OnnxModel,
  analysis: DependencyGraph,
  { roots, vectors }: { roots: ReadonlySet<number>; vectors?: VectorAxes },
): void {
  const removal = new Removal(model.graph, analysis, roots, vectors);
  // Edits read the constants of the source: before these are cut.
  for (const node of [...model.graph.node]) NODE_EDITS[node.opType]?.(node, removal);
  removal.addTo(model.graph);
  model.graph.initializer = model.graph.initializer.map((tensor) => cutTensor(tensor, removal));
  model.graph.valueInfo = [];
  removeDeadNodes(model.graph);
  assertOnnxModel(model);
  checkShapes(model, analysis, removal);
}

function cutTensor(tensor: TensorMessage, removal: Removal): TensorMessage {
  const name = tensor.name ?? '';
  const kept = tensor.dims.map((_, axis) => removal.kept(name, axis));
  if (kept.every((one) => one === undefined)) return tensor;
  const bytes = tensorBytes(tensor);
  const width = bytes.length / elementsOf(tensor);
  let [data, dims]: [Uint8Array, number[]] = [bytes, [...tensor.dims]];
  kept.forEach((positions, axis) => {
    if (positions === undefined) return;
    data = cutAxis(data, positions, { dims, axis, width });
    dims = dims.map((size, at) => (at === axis ? positions.length : size));
  });
  return makeTensor(name, tensor.dataType, dims, data);
}

/** Bytes of the kept positions along an axis, in a new array. */
function cutAxis(
  data: Uint8Array,
  kept: readonly number[],
  { dims, axis, width }: { dims: readonly number[]; axis: number; width: number },
): Uint8Array {
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, width);
  const outer = dims.slice(0, axis).reduce((product, size) => product * size, 1);
  const result = new Uint8Array(outer * kept.length * inner);
  let to = 0;
  for (let row = 0; row < outer; row++) {
    for (const position of kept) {
      const from = (row * dims[axis]! + position) * inner;
      result.set(data.subarray(from, from + inner), to);
      to += inner;
    }
  }
  return result;
}

/** Shapes are inferred from the new graph alone, and have to be the old ones without what was removed. */
function checkShapes(model: OnnxModel, analysis: DependencyGraph, removal: Removal): void {
  const types = inferShapes(model, { declared: false });
  const [conflict] = types.conflicts;
  if (conflict !== undefined) throw wrongShape(model.graph.node[conflict.node]?.name ?? '', conflict.message);
  for (const node of model.graph.node) {
    for (const name of node.output) {
      const expected = analysis.dims(name)?.map((size, axis) => removal.kept(name, axis)?.length ?? size);
      const found = types.typeOf(name)?.dims;
      if (expected === undefined || found === undefined) continue;
      const isRight =
        found.length === expected.length &&
        found.every(
          (size, axis) =>
            typeof size !== 'number' || typeof expected[axis] !== 'number' || size === expected[axis],
        );
      if (!isRight)
        throw wrongShape(
          nodeLabel(node),
          `"${name}" has ${formatDims(found.map((size) => size ?? '?'))}, not ${formatDims(expected.map((size) => size ?? '?'))}`,
        );
    }
  }
}

function wrongShape(node: string, message: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_COMPRESS_CHECK',
    `The model without the removed channels is not right at "${node}": ${message}.`,
    {
      details: { node },
    },
  );
}
