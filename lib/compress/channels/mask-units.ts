// SPDX-License-Identifier: Apache-2.0
// Units that are to be removed, as zeros: with what reads them set to zero, a model computes what it will compute without
// them, and its layers still have the shapes of the source, which reconstruction holds them against.

import type { TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { makeTensor, tensorBytes } from '../../onnx/graph/tensor-values';
import type { DependencyGraph } from './dependency-graph';
import type { RemovableGroup } from './removable-groups';

/** Positions along axes of weights, by the name of the weights. */
export type WeightPositions = ReadonlyMap<
  string,
  readonly { readonly axis: number; readonly positions: ReadonlySet<number> }[]
>;

/** Where the removed slots lie in the weights that make or read them. */
export function weightPositions(
  graph: DependencyGraph,
  groups: readonly RemovableGroup[],
  roots: ReadonlySet<number>,
): WeightPositions {
  const found = new Map<string, { axis: number; positions: Set<number> }[]>();
  for (const { weight, weightAxis } of groups.flatMap(({ makers, readers }) => [...makers, ...readers])) {
    if (weight === undefined || found.get(weight)?.some(({ axis }) => axis === weightAxis) === true) continue;
    const positions = new Set(positionsIn(graph, { tensor: weight, axis: weightAxis }, roots));
    if (positions.size > 0)
      found.set(weight, [...(found.get(weight) ?? []), { axis: weightAxis, positions }]);
  }
  return found;
}

/** Positions of slots along an axis. */
export function positionsIn(
  graph: DependencyGraph,
  { tensor, axis }: { tensor: string; axis: number },
  roots: ReadonlySet<number>,
): number[] {
  const range = graph.slots.of(tensor, axis);
  if (range === undefined) return [];
  return Array.from({ length: range.count }, (_, position) => position).filter((position) =>
    roots.has(graph.slots.find(range.base + position)),
  );
}

/** Sets positions of weights to zero, in place. */
export function zeroWeights(model: OnnxModel, places: WeightPositions): void {
  model.graph.initializer = model.graph.initializer.map((tensor) => {
    const axes = places.get(tensor.name ?? '');
    if (axes === undefined) return tensor;
    // Zero bytes are zero in every type. Copied: a Buffer's slice is the source's own memory.
    const bytes = Uint8Array.from(tensorBytes(tensor));
    for (const { axis, positions } of axes) fillPositions(bytes, { tensor, axis, positions });
    return makeTensor(tensor.name!, tensor.dataType, tensor.dims, bytes);
  });
}

/** Ones where a weight stays, zeros where it goes, in the layout of the weights. */
export function keptWeights(tensor: TensorMessage, places: WeightPositions): Float32Array | undefined {
  const axes = places.get(tensor.name ?? '');
  if (axes === undefined) return undefined;
  const count = tensor.dims.reduce((product, size) => product * size, 1);
  const values = new Float32Array(count).fill(1);
  for (const { axis, positions } of axes) fillPositions(values, { tensor, axis, positions });
  return values;
}

function fillPositions(
  values: Float32Array | Uint8Array,
  { tensor, axis, positions }: { tensor: TensorMessage; axis: number; positions: ReadonlySet<number> },
): void {
  const size = tensor.dims[axis]!;
  const inner = values.length / tensor.dims.slice(0, axis + 1).reduce((product, dim) => product * dim, 1);
  for (let at = 0; at < values.length; at += inner)
    if (positions.has((at / inner) % size)) values.fill(0, at, at + inner);
}
