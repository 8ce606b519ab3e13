// SPDX-License-Identifier: Apache-2.0
import type {
  AttributeMessage,
  GraphMessage,
  ModelMessage,
  NodeMessage,
  TensorMessage,
} from './onnx-messages';

/** Graphs in the attributes of a node: the bodies of If, Loop and Scan. */
export function subgraphsOf(node: NodeMessage): GraphMessage[] {
  return node.attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]));
}

/** A graph and all graphs inside it, outer ones first. */
export function allGraphs(graph: GraphMessage): GraphMessage[] {
  return [graph, ...graph.node.flatMap(subgraphsOf).flatMap(allGraphs)];
}

/** All tensors of a graph and of the graphs inside it: initializers and tensor attributes. */
export function allTensors(graph: GraphMessage): TensorMessage[] {
  return allGraphs(graph).flatMap(({ initializer, node }) => [...initializer, ...attributeTensors(node)]);
}

/** All tensors of a model, those of its functions too. */
export function modelTensors({ graph, functions }: ModelMessage): TensorMessage[] {
  const nodes = functions.flatMap(({ node }) => node);
  const inner = nodes.flatMap(subgraphsOf).flatMap(allTensors);
  return [...allTensors(graph), ...attributeTensors(nodes), ...inner];
}

function attributeTensors(nodes: readonly NodeMessage[]): TensorMessage[] {
  return nodes.flatMap(({ attribute }) => attribute.flatMap(({ t }) => (t === undefined ? [] : [t])));
}

/** Values that a node reads, each once: its inputs, and those that the graphs inside it take from around them. */
export function readsOf(node: NodeMessage): string[] {
  const reads = new Set([...node.input, ...subgraphsOf(node).flatMap(outerReads)]);
  reads.delete('');
  return [...reads];
}

/** Values that a graph inside a node takes from the graphs around it. */
function outerReads({ node, input, output, initializer }: GraphMessage): string[] {
  const own = new Set([...input, ...initializer].map(({ name = '' }) => name));
  for (const one of node) for (const name of one.output) own.add(name);
  return [...node.flatMap(readsOf), ...output.map(({ name }) => name)].filter((name) => !own.has(name));
}

/** An attribute by name. */
export function attributeOf(node: NodeMessage, name: string): AttributeMessage | undefined {
  return node.attribute.find((attribute) => attribute.name === name);
}

/** An INT attribute, or `absent` where the node does not have it. */
export function intAttribute(node: NodeMessage, name: string, absent: number): number {
  const value = attributeOf(node, name)?.i;
  return value === undefined ? absent : Number(value);
}

/** How messages call a node: its name, or its first output where it has none. */
export function nodeLabel(node: NodeMessage): string {
  return node.name !== undefined && node.name !== '' ? node.name : (node.output[0] ?? node.opType);
}

/** True for an operator of ONNX's own domain. */
export function isStandard(node: NodeMessage): boolean {
  return node.domain === undefined || node.domain === '' || node.domain === 'ai.onnx';
}

/** Makes names that no value or node of a model has. */
export class UniqueNames {
  private readonly taken = new Set<string>();
  /** The last number behind each name: those below are taken. */
  private readonly numbers = new Map<string, number>();

  constructor(graph: GraphMessage) {
    for (const { initializer, input, output, valueInfo, node } of allGraphs(graph)) {
      for (const { name } of [...initializer, ...input, ...output, ...valueInfo]) this.taken.add(name ?? '');
      for (const one of node)
        for (const name of [one.name ?? '', ...one.input, ...one.output]) this.taken.add(name);
    }
  }

  /** `wanted`, or `wanted_1`, `wanted_2`, … where it is taken. */
  make(wanted: string): string {
    let name = wanted;
    let number = this.numbers.get(wanted) ?? 0;
    while (this.taken.has(name)) name = `${wanted}_${++number}`;
    this.numbers.set(wanted, number);
    this.taken.add(name);
    return name;
  }
}
