// SPDX-License-Identifier: Apache-2.0
import { NODE_SCHEMA, type AttributeMessage, type NodeMessage } from './onnx-messages';
import { emptyMessage } from './wire-message';

const INT = 2;

/** What a new node of ONNX's own domain is made of. */
export interface NewNode {
  /** The operator, e.g. `Relu`. */
  readonly op: string;
  /** Name of the node. */
  readonly name: string;
  /** Names; an empty one is an optional input left out. */
  readonly inputs: readonly string[];
  /** Names of what it makes. */
  readonly outputs: readonly string[];
  /** INT attributes. */
  readonly ints?: Readonly<Record<string, number>>;
}

/** A node. */
export function makeNode({ op, name, inputs, outputs, ints = {} }: NewNode): NodeMessage {
  const node = emptyMessage(NODE_SCHEMA) as NodeMessage;
  node.opType = op;
  node.name = name;
  node.input = [...inputs];
  node.output = [...outputs];
  node.attribute = Object.entries(ints).map(([key, value]) => intAttributeMessage(key, value));
  return node;
}

function intAttributeMessage(name: string, value: number): AttributeMessage {
  return { name, type: INT, i: BigInt(value), floats: [], ints: [], graphs: [] };
}
