// SPDX-License-Identifier: Apache-2.0
import { allGraphs, subgraphsOf } from './graph-walk';
import type { GraphMessage, NodeMessage } from './onnx-messages';

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
      for (const name of node.input) this.addReader(name, node);
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

  /** Nodes of this graph from which a value is computed, with the smallest number of steps back to each. */
  ancestors(name: string): Map<NodeMessage, number> {
    const steps = new Map<NodeMessage, number>();
    let front = [name];
    for (let step = 1; front.length > 0; step++) {
      const nodes = front.flatMap((one) => this.producers.get(one) ?? []).filter((node) => !steps.has(node));
      for (const node of nodes) steps.set(node, step);
      front = [...new Set(nodes)].flatMap((node) => node.input);
    }
    return steps;
  }

  private addReader(name: string, node: NodeMessage): void {
    const known = this.nodes.get(name);
    if (known === undefined) this.nodes.set(name, [node]);
    else known.push(node);
  }

  private count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}

type Replacement = (name: string) => string | undefined;

/**
 * Lets all readers of the keys read the values instead, also in the graphs inside nodes, except where those have a value
 * of the same name themselves. Outputs of `graph` itself stay.
 */
export function replaceReads(graph: GraphMessage, replaced: ReadonlyMap<string, string>): void {
  if (replaced.size > 0) replaceIn(graph, (name) => replaced.get(name));
}

function replaceIn(graph: GraphMessage, replacement: Replacement): void {
  for (const node of graph.node) {
    node.input = node.input.map((name) => finalName(replacement, name));
    for (const inner of subgraphsOf(node)) replaceInside(inner, replacement);
  }
}

function replaceInside(graph: GraphMessage, outer: Replacement): void {
  const own = new Set<string>();
  for (const { name } of [...graph.input, ...graph.initializer]) own.add(name ?? '');
  for (const { output } of graph.node) for (const name of output) own.add(name);
  const replacement: Replacement = (name) => (own.has(name) ? undefined : outer(name));
  replaceIn(graph, replacement);
  for (const output of graph.output) output.name = finalName(replacement, output.name);
}

function finalName(replacement: Replacement, name: string): string {
  let result = name;
  for (let next = replacement(result); next !== undefined; next = replacement(result)) result = next;
  return result;
}
