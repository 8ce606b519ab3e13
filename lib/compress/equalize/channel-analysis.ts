// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import { allGraphs, isStandard, subgraphsOf } from '../../onnx/graph/graph-walk';
import { inferShapes } from '../../onnx/infer/infer-shapes';
import type { InferredTypes } from '../../onnx/infer/inferred-types';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { ChannelIndex, Grid, WeightGrid } from './channel-grid';
import type { ChannelLayout } from './channel-layout';
import { ChannelMap } from './channel-map';

const FLOAT = 1;

/** How a parameter changes when the channels of a tensor are divided by their scales. */
export interface ParameterScaling {
  /** Name of an initializer that nothing else reads. */
  readonly parameter: string;
  readonly grid: Grid;
  readonly index: ChannelIndex;
  readonly tensor: string;
  /** 1 where the parameter reads the tensor and is multiplied, -1 where it makes the tensor and is divided. */
  readonly power: 1 | -1;
}

/** An operator with constant weights, and the tensor whose channels they are multiplied with. */
export interface WeightedReader {
  readonly node: NodeMessage;
  readonly tensor: string;
  readonly weight: string;
  readonly grid: WeightGrid;
}

/** What the rules of the operators find out about a graph. */
export class ChannelAnalysis {
  readonly graph: GraphMessage;
  readonly map: ChannelMap;
  readonly scope: GraphScope;
  readonly scalings: ParameterScaling[] = [];
  readonly readers: WeightedReader[] = [];
  /** Normalisations whose gamma and beta make a tensor, by its name. */
  readonly normalized = new Set<string>();
  readonly producers = new Map<string, NodeMessage>();
  private readonly readCounts = new Map<string, number>();
  private readonly readersOf = new Map<string, NodeMessage[]>();

  private readonly shapes: InferredTypes;

  constructor(model: OnnxModel) {
    const { graph } = model;
    this.graph = graph;
    this.shapes = inferShapes(model);
    this.map = new ChannelMap((tensor) => this.sizesOf(tensor)?.length);
    this.scope = new GraphScope(graph);
    for (const node of graph.node) {
      for (const name of node.output) this.producers.set(name, node);
      for (const name of node.input) this.readersOf.set(name, [...(this.readersOf.get(name) ?? []), node]);
    }
    for (const { node, output } of allGraphs(graph)) {
      for (const name of [...node.flatMap(({ input }) => input), ...output.map((one) => one.name)]) {
        this.readCounts.set(name, (this.readCounts.get(name) ?? 0) + 1);
      }
    }
  }

  /** A constant of FLOAT that one operator of this graph reads: the only ones that may change. */
  parameter(name: string | undefined): TensorMessage | undefined {
    const tensor = this.scope.constants.get(name ?? '');
    return tensor?.dataType === FLOAT && this.readCounts.get(name!) === 1 ? tensor : undefined;
  }

  /** Sizes of a tensor, as far as they are known. */
  sizesOf(name: string): (number | undefined)[] | undefined {
    const dims = this.shapes.typeOf(name)?.dims;
    return dims?.map((dim) => (typeof dim === 'number' ? dim : undefined));
  }

  /** True for a constant, of any type and however often it is read. */
  isConstant(name: string): boolean {
    return this.scope.constantOf(name) !== undefined;
  }

  /** Nodes of this graph that read a value. */
  readersOfValue(name: string): readonly NodeMessage[] {
    return this.readersOf.get(name) ?? [];
  }

  /** Gives the output of a node channels that are those of its input. */
  pass(from: string, to: string, layout?: ChannelLayout): boolean {
    const block = this.map.of(from);
    if (block === undefined || to === '') return false;
    this.map.tie(block, this.map.add(to, layout ?? block.layout));
    return true;
  }

  /** Nothing that this node reads can be scaled. */
  blockInputs(node: NodeMessage): void {
    for (const name of node.input) this.map.block(name);
    for (const body of subgraphsOf(node).flatMap(allGraphs)) {
      for (const name of body.node.flatMap(({ input }) => input)) this.map.block(name);
      for (const { name } of body.output) this.map.block(name);
    }
  }
}

/** Applies the rule of an operator; false where it has none for this node, whose inputs are then blocked. */
export type ChannelRule = (node: NodeMessage, analysis: ChannelAnalysis) => boolean;

/** Goes through a graph in order. What callers see keeps its values: inputs and outputs are blocked. */
export function analyzeChannels(
  model: OnnxModel,
  rules: Readonly<Record<string, ChannelRule>>,
): ChannelAnalysis {
  const analysis = new ChannelAnalysis(model);
  for (const node of model.graph.node) {
    const rule = isStandard(node) && Object.hasOwn(rules, node.opType) ? rules[node.opType] : undefined;
    if (rule?.(node, analysis) !== true) analysis.blockInputs(node);
  }
  for (const { name } of model.graph.output) analysis.map.block(name);
  return analysis;
}
