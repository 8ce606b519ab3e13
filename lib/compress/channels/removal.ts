// SPDX-License-Identifier: Apache-2.0
import { UniqueNames } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor } from '../../onnx/graph/tensor-values';
import type { DependencyGraph } from './dependency-graph';

/** Vectors that came after the analysis, with the value and axis that their own last axis belongs to. */
export type VectorAxes = ReadonlyMap<
  string,
  { readonly tensor: string; readonly axis: number; readonly last: number }
>;

/** What is removed from which axis, and the constants that nodes get for it. */
export class Removal {
  private readonly names: UniqueNames;
  private readonly constants: TensorMessage[] = [];
  private readonly inserted: { before: NodeMessage; node: NodeMessage }[] = [];

  constructor(
    graph: GraphMessage,
    readonly analysis: DependencyGraph,
    private readonly roots: ReadonlySet<number>,
    private readonly vectors: VectorAxes = new Map(),
  ) {
    this.names = new UniqueNames(graph);
  }

  /** Positions of an axis that stay; undefined where all do. */
  kept(tensor: string, axis: number): number[] | undefined {
    const vector = this.vectors.get(tensor);
    if (vector !== undefined && axis !== vector.last) return undefined;
    const range =
      vector === undefined
        ? this.analysis.slots.of(tensor, axis)
        : this.analysis.slots.of(vector.tensor, vector.axis);
    if (range === undefined) return undefined;
    const positions: number[] = [];
    for (let i = 0; i < range.count; i++)
      if (!this.roots.has(this.analysis.slots.find(range.base + i))) positions.push(i);
    return positions.length === range.count ? undefined : positions;
  }

  /** Size of an axis afterwards: a symbol or unknown where it was before. */
  sizeOf(tensor: string, axis: number): number | string | undefined {
    return this.kept(tensor, axis)?.length ?? this.analysis.dims(tensor)?.[axis];
  }

  /** True where something is removed from a tensor. */
  touches(tensor: string): boolean {
    return (this.analysis.dims(tensor) ?? []).some((_, axis) => this.kept(tensor, axis) !== undefined);
  }

  /** A new constant of whole numbers. */
  wholeNumbers(like: string, values: readonly number[]): string {
    const name = this.names.make(`${like}_cut`);
    this.constants.push(makeTensor(name, 'INT64', [values.length], BigInt64Array.from(values, BigInt)));
    return name;
  }

  /** A new name. */
  name(wanted: string): string {
    return this.names.make(wanted);
  }

  /** Puts a node in front of another one. */
  insertBefore(before: NodeMessage, node: NodeMessage): void {
    this.inserted.push({ before, node });
  }

  /** Adds new constants and nodes to the graph. */
  addTo(graph: GraphMessage): void {
    graph.initializer.push(...this.constants);
    graph.node = graph.node.flatMap((node) => [
      ...this.inserted.filter(({ before }) => before === node).map((one) => one.node),
      node,
    ]);
  }
}
