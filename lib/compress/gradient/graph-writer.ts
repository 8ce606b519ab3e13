// SPDX-License-Identifier: Apache-2.0
import { UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { AttributeMessage, GraphMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor } from '../../onnx/graph/tensor-values';

/** Attributes of a new node: whole numbers, lists of them, texts, or `{ float }`. */
export type NewAttributes = Readonly<
  Record<string, number | string | readonly number[] | { readonly float: number }>
>;

const FLOAT = 1;
const INT = 2;
const STRING = 3;
const INTS = 7;

/** Oldest opset whose operators the writer uses: axes of reductions are inputs, scattering can add. */
export const WRITTEN_OPSET = 18;

/** Adds nodes and constants behind the last node of a graph. A value is its name. */
export class GraphWriter {
  private readonly names: UniqueNames;
  private readonly constants = new Map<string, string>();

  constructor(readonly graph: GraphMessage) {
    this.names = new UniqueNames(graph);
  }

  /** A node with one output. */
  node(op: string, inputs: readonly string[], attributes: NewAttributes = {}): string {
    return this.nodes(op, inputs, { count: 1, attributes })[0]!;
  }

  /** A node with several outputs. */
  nodes(
    op: string,
    inputs: readonly string[],
    { count, attributes = {} }: { readonly count: number; readonly attributes?: NewAttributes },
  ): string[] {
    const name = this.names.make(`gradient_${op}`);
    const outputs =
      count === 1 ? [name] : Array.from({ length: count }, () => this.names.make(`${name}_out`));
    const node = makeNode({ op, name, inputs, outputs });
    node.attribute = Object.entries(attributes).map(attributeMessage);
    this.graph.node.push(node);
    return outputs;
  }

  /** A name that nothing else has. */
  makeName(wanted: string): string {
    return this.names.make(wanted);
  }

  /** A scalar. */
  float(value: number): string {
    return this.constant(`float ${value}`, (name) => makeTensor(name, 'FLOAT', [], Float32Array.of(value)));
  }

  /** A list of whole numbers: axes, a shape. */
  ints(values: readonly number[]): string {
    return this.constant(`ints ${values.join(',')}`, (name) =>
      makeTensor(name, 'INT64', [values.length], BigInt64Array.from(values, BigInt)),
    );
  }

  /** A whole number without dims. */
  int(value: number): string {
    return this.constant(`int ${value}`, (name) =>
      makeTensor(name, 'INT64', [], BigInt64Array.of(BigInt(value))),
    );
  }

  /** A tensor that is everywhere the same. */
  filled(value: number, dims: readonly number[]): string {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return this.constant(`filled ${value} ${dims.join(',')}`, (name) =>
      makeTensor(name, 'FLOAT', dims, new Float32Array(count).fill(value)),
    );
  }

  private constant(key: string, make: (name: string) => ReturnType<typeof makeTensor>): string {
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = this.names.make('gradient_constant');
    this.graph.initializer.push(make(name));
    this.constants.set(key, name);
    return name;
  }
}

function attributeMessage([name, value]: [string, NewAttributes[string]]): AttributeMessage {
  const empty = { name, floats: [], ints: [], graphs: [] };
  if (typeof value === 'number') return { ...empty, type: INT, i: BigInt(value) };
  if (typeof value === 'string') return { ...empty, type: STRING, s: Buffer.from(value) };
  if (isList(value)) return { ...empty, type: INTS, ints: value.map(BigInt) };
  return { ...empty, type: FLOAT, f: value.float };
}

function isList(value: readonly number[] | { readonly float: number }): value is readonly number[] {
  return Array.isArray(value);
}
