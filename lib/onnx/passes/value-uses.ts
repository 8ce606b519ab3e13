// SPDX-License-Identifier: Apache-2.0
import { allGraphs, subgraphsOf } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';

/** Who makes and who reads the values of one graph, as it was when this was made. */
export class ValueUses {
  private readonly producers = new Map<string, NodeMessage>();
  private readonly nodes = new Map<string, NodeMessage[]>();
  private readonly counts = new Map<string, number>();
  private readonly outputs: ReadonlySet<string>;

  constructor(graph: GraphMessage) {
    this.outputs = new Set(graph.output.map(({ name }) => name));
    for (const node of graph.node) {
      for (const name of node.output) if (name !== '') this.producers.set(name, node);
      for (const name of node.input) this.nodes.set(name, [...(this.nodes.get(name) ?? []), node]);
    }
    for (const { node, output } of allGraphs(graph)) {
      for (const { name } of output) this.count(name);
      for (const { input } of node) for (const name of input) this.count(name);
    }
  }

  /** The node of this graph that makes a value. */
  producer(name: string | undefined): NodeMessage | undefined {
    return this.producers.get(name ?? '');
  }

  /** Nodes of this graph that read a value, once for each input. */
  readers(name: string | undefined): readonly NodeMessage[] {
    return this.nodes.get(name ?? '') ?? [];
  }

  /** How often a value is read: by nodes, by graphs inside nodes, as an output. */
  reads(name: string | undefined): number {
    return this.counts.get(name ?? '') ?? 0;
  }

  /** True for an output of this graph. */
  isOutput(name: string | undefined): boolean {
    return this.outputs.has(name ?? '');
  }

  /** True where a value exists only between its node and one input of another node of this graph. */
  isInner(name: string | undefined): boolean {
    return this.reads(name) === 1 && !this.isOutput(name) && this.readers(name).length === 1;
  }

  private count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}

/**
 * Lets all readers of the keys read the values instead, also in the graphs inside nodes, except where those have a value
 * of the same name themselves. Outputs of `graph` itself stay.
 */
export function replaceReads(graph: GraphMessage, replaced: ReadonlyMap<string, string>): void {
  if (replaced.size === 0) return;
  for (const node of graph.node) {
    node.input = node.input.map((name) => finalName(replaced, name));
    for (const inner of subgraphsOf(node)) replaceInside(inner, replaced);
  }
}

function replaceInside(graph: GraphMessage, replaced: ReadonlyMap<string, string>): void {
  const own = new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name = '' }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
  const visible = new Map([...replaced].filter(([name]) => !own.has(name)));
  replaceReads(graph, visible);
  for (const output of graph.output) output.name = finalName(visible, output.name);
}

function finalName(replaced: ReadonlyMap<string, string>, name: string): string {
  let result = name;
  for (let next = replaced.get(result); next !== undefined; next = replaced.get(result)) result = next;
  return result;
}
