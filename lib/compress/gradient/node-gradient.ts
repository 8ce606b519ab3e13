// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { attributeOf, intAttribute, nodeLabel } from '../../onnx/graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { readWholeNumbers } from '../../onnx/graph/tensor-values';
import type { GraphWriter, NewAttributes } from './graph-writer';

/** Sizes of a value: numbers, symbols, or unknown ones. */
export type KnownDims = readonly (number | string | undefined)[];

/** What is known of the values of the graph that is differentiated. */
export interface GraphFacts {
  dimsOf(name: string): KnownDims | undefined;
  /** `TensorProto.DataType`; undefined where it is not known. */
  typeOf(name: string): number | undefined;
  /** A constant that training does not change. */
  constantOf(name: string): TensorMessage | undefined;
}

/** Writes the gradients of a node's inputs, by input; undefined where there is none, or where `wants` does not ask. */
export type GradientRule = (node: NodeGradient) => readonly (string | undefined)[];

/** What a rule works with: a node, the gradients of its outputs, and a place to write to. */
export class NodeGradient {
  constructor(
    readonly node: NodeMessage,
    /** By output; undefined where the loss does not depend on it. */
    readonly gradients: readonly (string | undefined)[],
    readonly write: GraphWriter,
    private readonly context: GraphFacts & {
      readonly isWanted: (name: string) => boolean;
      /** Further values of the forward pass that a rewritten node kept. */
      readonly kept: ReadonlyMap<NodeMessage, Readonly<Record<string, string>>>;
    },
  ) {}

  /** Name of an input; empty where it is left out. */
  input(index: number): string {
    return this.node.input[index] ?? '';
  }

  /** Name of the first output. */
  get output(): string {
    return this.node.output[0]!;
  }

  /** Gradient of the first output. */
  get gradient(): string {
    return this.gradients[0]!;
  }

  /** Whether anybody asks for the gradient of an input. */
  wants(index: number): boolean {
    const name = this.input(index);
    return name !== '' && this.context.isWanted(name);
  }

  /** `make()` where the input's gradient is asked for. */
  ifWanted(index: number, make: () => string): string | undefined {
    return this.wants(index) ? make() : undefined;
  }

  /** A further output of the node, which the forward pass then computes too. */
  extraOutput(index: number): string {
    const { output } = this.node;
    while (output.length <= index) output.push('');
    if (output[index] === '') output[index] = this.write.makeName(`${output[0]!}_out${index}`);
    return output[index]!;
  }

  /** What a rewritten node kept of its forward pass. */
  get kept(): Readonly<Record<string, string>> | undefined {
    return this.context.kept.get(this.node);
  }

  dims(name: string): KnownDims | undefined {
    return this.context.dimsOf(name);
  }

  elementType(name: string): number | undefined {
    return this.context.typeOf(name);
  }

  /** @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED where it is not known */
  rank(name: string): number {
    return this.dims(name)?.length ?? this.refuse(`the number of dimensions of "${name}" is not known`);
  }

  /** Numbers of a constant input; undefined where it is left out. */
  wholeNumbers(index: number): number[] | undefined {
    const name = this.input(index);
    if (name === '') return undefined;
    const tensor = this.context.constantOf(name);
    return tensor === undefined ? undefined : readWholeNumbers(tensor);
  }

  int(name: string, absent: number): number {
    return intAttribute(this.node, name, absent);
  }

  ints(name: string): number[] | undefined {
    const values = attributeOf(this.node, name)?.ints;
    return values === undefined || values.length === 0 ? undefined : values.map(Number);
  }

  float(name: string, absent: number): number {
    return attributeOf(this.node, name)?.f ?? absent;
  }

  text(name: string): string | undefined {
    const bytes = attributeOf(this.node, name)?.s;
    return bytes === undefined ? undefined : Buffer.from(bytes).toString();
  }

  /** @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED, always */
  refuse(reason: string): never {
    throw unsupportedNode(this.node, reason);
  }

  /** Shorthands of what nearly every rule writes. */
  op(op: string, inputs: readonly string[], attributes?: NewAttributes): string {
    return this.write.node(op, inputs, attributes);
  }

  mul(a: string, b: string | number): string {
    return this.op('Mul', [a, typeof b === 'number' ? this.write.float(b) : b]);
  }

  add(a: string, b: string | number): string {
    return this.op('Add', [a, typeof b === 'number' ? this.write.float(b) : b]);
  }

  sub(a: string | number, b: string): string {
    return this.op('Sub', [typeof a === 'number' ? this.write.float(a) : a, b]);
  }

  div(a: string, b: string | number): string {
    return this.op('Div', [a, typeof b === 'number' ? this.write.float(b) : b]);
  }

  /** `value` where the condition holds, else zero. */
  where(condition: string, value: string): string {
    return this.op('Where', [condition, value, this.write.float(0)]);
  }

  shape(name: string): string {
    return this.op('Shape', [name]);
  }

  /** `value` with the elements of `like`'s shape. */
  reshapeLike(value: string, like: string): string {
    return this.op('Reshape', [value, this.shape(like)]);
  }
}

/** A node that cannot be differentiated. */
export function unsupportedNode(node: NodeMessage, reason: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_COMPRESS_UNSUPPORTED',
    `Node "${nodeLabel(node)}" (${node.opType}) cannot be trained through: ${reason}.`,
    {
      hint: 'Freeze the weights in front of it, or write the node in operators that have a gradient.',
      details: { node: nodeLabel(node), op: node.opType, reason },
    },
  );
}
