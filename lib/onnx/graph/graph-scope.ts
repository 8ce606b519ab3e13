// SPDX-License-Identifier: Apache-2.0
// Element types of the values of a graph, by declaration or by the schemas of the operators. A type that is not sure is not
// told: a pass then leaves the nodes around it alone.

import { outputElementType, type TypeSources } from '../infer/element-types';
import { subgraphsOf } from './graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from './onnx-messages';

/** A graph with the types of its values; inner graphs see the values of the outer ones. */
export class GraphScope {
  private readonly types = new Map<string, number>();
  /** Names of this graph, also of values whose type is not known. */
  private readonly own = new Set<string>();
  /** Initializers that callers cannot replace, by name. */
  readonly constants = new Map<string, TensorMessage>();
  /** Scopes of the graphs inside nodes, by graph. */
  readonly inner = new Map<GraphMessage, GraphScope>();

  constructor(
    readonly graph: GraphMessage,
    readonly parent?: GraphScope,
  ) {
    for (const { name, type } of [...graph.valueInfo, ...graph.output, ...graph.input]) {
      const element = type?.tensorType?.elemType ?? 0;
      if (element !== 0) this.types.set(name, element);
    }
    const inputs = new Set(graph.input.map(({ name }) => name));
    for (const tensor of graph.initializer) {
      this.types.set(tensor.name ?? '', tensor.dataType);
      if (!inputs.has(tensor.name ?? '')) this.constants.set(tensor.name ?? '', tensor);
    }
    for (const { name } of [...graph.input, ...graph.initializer]) this.own.add(name ?? '');
    for (const { output } of graph.node) for (const name of output) this.own.add(name);
    for (const node of graph.node) this.visit(node);
  }

  /** True for a value of this graph itself, not of one around it. */
  owns(name: string): boolean {
    return this.own.has(name);
  }

  /** The number of a value's ONNX type, if that is sure. */
  typeOf(name: string): number | undefined {
    return this.own.has(name) ? this.types.get(name) : this.parent?.typeOf(name);
  }

  /** A constant, of this graph or of one around it. */
  constantOf(name: string): TensorMessage | undefined {
    if (this.own.has(name)) return this.constants.get(name);
    return this.parent?.constantOf(name);
  }

  private visit(node: NodeMessage): void {
    for (const graph of subgraphsOf(node)) this.inner.set(graph, new GraphScope(graph, this));
    const sources: TypeSources = {
      input: (index) => this.typeOf(node.input[index] ?? ''),
      body: (graph, output) => this.inner.get(graph)?.typeOf(graph.output[output]?.name ?? ''),
    };
    node.output.forEach((output, index) => {
      if (output === '' || this.types.has(output)) return;
      const type = outputElementType(node, index, sources);
      if (type !== undefined) this.types.set(output, type);
    });
  }
}
