// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import type { GraphScope } from '../graph/graph-scope';
import { nodeLabel, type UniqueNames } from '../graph/graph-walk';
import { makeNode } from '../graph/make-node';
import type { NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { makeTensor } from '../graph/tensor-values';
import { ValueUses } from '../graph/value-uses';
import type { DimsOf } from './value-dims';

/** How an operator changed at an opset beyond the types that it takes. */
export interface OpsetChange {
  readonly opset: number;
  readonly ops: readonly string[];
  /** Why a node cannot be converted; undefined where it can. */
  readonly obstacle?: (node: NodeMessage, place: ConversionPlace) => string | undefined;
  /** Converts a node in place; nodes that are returned take its place. */
  readonly convert?: (node: NodeMessage, place: ConversionPlace) => NodeMessage[] | undefined;
}

/** The graph that a node is converted in. */
export class ConversionPlace {
  private readonly uses: ValueUses;

  constructor(
    readonly scope: GraphScope,
    readonly dimsOf: DimsOf,
    private readonly names: UniqueNames,
  ) {
    this.uses = new ValueUses(scope.graph);
  }

  /** True for a value that a node reads, or that is an output. */
  isRead(name: string): boolean {
    return name !== '' && this.uses.reads(name) > 0;
  }

  /** Adds an INT64 constant. @returns its name */
  addWholeNumbers(
    node: NodeMessage,
    what: string,
    values: readonly (number | bigint)[],
    isScalar = false,
  ): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.add(node, what, (name) => makeTensor(name, 'INT64', isScalar ? [] : [data.length], data));
  }

  /** Adds a FLOAT constant. @returns its name */
  addFloats(node: NodeMessage, what: string, values: readonly number[], isScalar = false): string {
    const data = Float32Array.from(values);
    return this.add(node, what, (name) => makeTensor(name, 'FLOAT', isScalar ? [] : [data.length], data));
  }

  /** A new node beside `node`. @returns it with the name of its only output */
  makeBeside(
    node: NodeMessage,
    { op, inputs, ints }: { op: string; inputs: readonly string[]; ints?: Readonly<Record<string, number>> },
  ): { node: NodeMessage; output: string } {
    const output = this.names.make(`${nodeLabel(node)}_${op.toLowerCase()}`);
    return { node: makeNode({ op, name: output, inputs, outputs: [output], ints }), output };
  }

  /** True unless a value is sure to be of another type than FLOAT. */
  mayBeFloat(name: string | undefined): boolean {
    return [undefined, DATA_TYPE.FLOAT].includes(this.scope.typeOf(name ?? '') as undefined);
  }

  /** Adds a constant under a name of its own. @returns the name */
  add(node: NodeMessage, what: string, make: (name: string) => TensorMessage): string {
    const name = this.names.make(`${nodeLabel(node)}_${what}`);
    this.scope.graph.initializer.push(make(name));
    return name;
  }
}

/** Takes an attribute from a node. @returns it, or undefined if the node does not have it */
export function takeAttribute(node: NodeMessage, name: string): NodeMessage['attribute'][number] | undefined {
  const attribute = node.attribute.find((one) => one.name === name);
  node.attribute = node.attribute.filter((one) => one !== attribute);
  return attribute;
}

/** Sets an INT attribute. */
export function setInt(node: NodeMessage, name: string, value: number): void {
  takeAttribute(node, name);
  node.attribute.push({ name, type: 2, i: BigInt(value), floats: [], ints: [], graphs: [] });
}

/** Sets a STRING attribute. */
export function setText(node: NodeMessage, name: string, value: string): void {
  takeAttribute(node, name);
  node.attribute.push({
    name,
    type: 3,
    s: new TextEncoder().encode(value),
    floats: [],
    ints: [],
    graphs: [],
  });
}
