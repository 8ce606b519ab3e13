// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import { allGraphs, attributeOf, readsOf, subgraphsOf } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { elementsOf, readWholeNumbers } from '../../onnx/graph/tensor-values';
import { inferShapes } from '../../onnx/infer/infer-shapes';
import { AxisSlots, type AxisRange } from './axis-slots';

/** Size, symbol, or a size that nothing is known of. */
export type Size = number | string | undefined;

/** An axis of a tensor over which an operator sums products, or along which it makes its results. */
export interface WeightAxis {
  readonly node: NodeMessage;
  /** The constant weights; undefined for a product of two values. */
  readonly weight: string | undefined;
  /** Axis of the weights. */
  readonly weightAxis: number;
  /** The value that is read, or made. */
  readonly tensor: string;
  /** Axis of that value. */
  readonly axis: number;
}

/** What decides where there are several ways to follow channels. */
export interface WayChoices {
  /** Which of the axes that a Reshape splits an axis into carries the channels: see `SPLIT_WAYS`. */
  readonly splits: ReadonlyMap<NodeMessage, number>;
  /** For those not named. */
  readonly otherwise: number;
}

/** Larger tables of sizes are not looked into: indices of data, not of channels. */
const MOST_ITEMS = 1 << 20;

/** A graph, the slots of its tensors, and what the rules of the operators find out about both. */
export class DependencyGraph {
  readonly graph: GraphMessage;
  readonly opset: number;
  readonly scope: GraphScope;
  readonly slots: AxisSlots;
  /** Sums over a tied axis: where removed channels go missing. */
  readonly readers: WeightAxis[] = [];
  /** Where weights make a tied axis. */
  readonly makers: WeightAxis[] = [];
  /** Reshapes that split an axis, with the axis that is split. */
  readonly splits = new Map<NodeMessage, AxisRange>();
  /** Axes along which two values are multiplied side by side: heads of attention. */
  readonly sideBySide: AxisRange[] = [];
  /** Grouped convolutions of which whole groups are removed. */
  readonly wholeGroups = new Set<NodeMessage>();
  /** Nodes that cannot be followed, and why. */
  readonly refused = new Map<NodeMessage, string>();
  readonly producers = new Map<string, NodeMessage>();
  private readonly readersOf = new Map<string, NodeMessage[]>();
  private readonly sizes = new Map<string, readonly Size[]>();

  constructor(
    model: OnnxModel,
    readonly ways: WayChoices,
  ) {
    const { graph } = model;
    this.graph = graph;
    this.opset = model.opset;
    this.scope = new GraphScope(graph);
    const types = inferShapes(model);
    const names = new Set([
      ...graph.input.map(({ name }) => name),
      ...graph.initializer.map(({ name = '' }) => name),
      ...graph.node.flatMap(({ output }) => output),
    ]);
    for (const name of names) {
      const dims = name === '' ? undefined : types.typeOf(name)?.dims;
      if (dims !== undefined) this.sizes.set(name, dims);
    }
    const known = [...this.sizes].map(([name, dims]) => [name, dims.map(knownSize)] as const);
    this.slots = new AxisSlots(new Map(known));
    for (const node of graph.node) {
      for (const name of node.output) this.producers.set(name, node);
      // Graphs inside a node read for it.
      for (const name of readsOf(node)) this.readersOf.set(name, [...(this.readersOf.get(name) ?? []), node]);
    }
  }

  /** Sizes of a tensor; undefined where its rank is not known. */
  dims(name: string | undefined): readonly Size[] | undefined {
    return this.sizes.get(name ?? '');
  }

  /** Nodes of this graph that read a value, or inside which it is read. */
  consumers(name: string): readonly NodeMessage[] {
    return this.readersOf.get(name) ?? [];
  }

  /** Which way channels take through a Reshape that splits an axis. */
  wayOf(node: NodeMessage): number {
    return this.ways.splits.get(node) ?? this.ways.otherwise;
  }

  /** True for a constant that callers cannot replace. */
  isConstant(name: string | undefined): boolean {
    return this.scope.constants.has(name ?? '');
  }

  /** Elements of a constant of whole numbers. */
  numbers(name: string | undefined): number[] | undefined {
    const tensor = this.scope.constants.get(name ?? '');
    return tensor === undefined || elementsOf(tensor) > MOST_ITEMS ? undefined : readWholeNumbers(tensor);
  }

  /** Numbers of an attribute or, from the opset on that moved them there, of a constant input. */
  numbersOf(node: NodeMessage, attribute: string, input: number): number[] | undefined {
    return attributeOf(node, attribute)?.ints.map(Number) ?? this.numbers(node.input[input]);
  }

  /** Ties two axes one to one; blocks both where their sizes are not known to be equal. */
  pass(from: string, fromAxis: number, to: string, toAxis: number): void {
    const [a, b] = [this.slots.of(from, fromAxis), this.slots.of(to, toAxis)];
    if (a !== undefined && b?.count === a.count) return this.slots.tieRanges(a, b);
    const reason = `sizes along "${from}" and "${to}" are not known to be equal`;
    for (const range of [a, b]) if (range !== undefined) this.slots.block(range, reason);
  }

  /** Ties all axes of two tensors of one shape. */
  passAll(from: string, to: string): void {
    const rank = this.dims(from)?.length;
    if (rank === undefined || rank !== this.dims(to)?.length) {
      this.block(from, 'the shape behind it is not known');
      this.block(to, 'the shape before it is not known');
      return;
    }
    for (let axis = 0; axis < rank; axis++) this.pass(from, axis, to, axis);
  }

  /** Nothing of this tensor, or of one axis of it, can be removed. */
  block(name: string, reason: string, axis?: number): void {
    const axes = axis === undefined ? (this.dims(name) ?? []).map((_, index) => index) : [axis];
    for (const one of axes) {
      const range = this.slots.of(name, one);
      if (range !== undefined) this.slots.block(range, reason);
    }
  }

  /** Nothing that this node reads or makes can be removed. */
  blockNode(node: NodeMessage, reason: string): void {
    this.refused.set(node, reason);
    for (const name of [...readsOf(node), ...node.output]) this.block(name, reason);
    // Graphs inside it may read values of this one under any name.
    for (const inner of subgraphsOf(node).flatMap(allGraphs))
      for (const one of inner.node) for (const name of one.input) this.block(name, reason);
  }
}

function knownSize(size: Size): number | undefined {
  return typeof size === 'number' ? size : undefined;
}
