// SPDX-License-Identifier: Apache-2.0
// The messages of onnx.proto that passes look into; everything else stays bytes.
// Source of the numbers: https://github.com/onnx/onnx/blob/v1.22.0/onnx/onnx.proto

import type { Field, FieldKind, LazyBytes, Message, MessageSchema } from './wire-message';

/** ModelProto. */
export interface ModelMessage extends Message {
  irVersion?: number;
  opsetImport: OpsetMessage[];
  graph: GraphMessage;
  /** Operators that the model defines itself. */
  functions: FunctionMessage[];
}

/** FunctionProto. */
export interface FunctionMessage extends Message {
  name: string;
  domain?: string;
  overload?: string;
  input: string[];
  output: string[];
  node: NodeMessage[];
  opsetImport: OpsetMessage[];
  /** Attributes that have a default value. */
  attributeProto: AttributeMessage[];
}

/** OperatorSetIdProto. */
export interface OpsetMessage extends Message {
  domain?: string;
  version?: number;
}

/** GraphProto, of a model or of an attribute. */
export interface GraphMessage extends Message {
  node: NodeMessage[];
  name?: string;
  initializer: TensorMessage[];
  input: ValueMessage[];
  output: ValueMessage[];
  valueInfo: ValueMessage[];
}

/** NodeProto. */
export interface NodeMessage extends Message {
  /** Names; an empty one is an optional input left out. */
  input: string[];
  output: string[];
  name?: string;
  opType: string;
  domain?: string;
  attribute: AttributeMessage[];
  /** Which of several functions of one name is called. */
  overload?: string;
}

/** AttributeProto. */
export interface AttributeMessage extends Message {
  name: string;
  /** AttributeType. */
  type?: number;
  f?: number;
  i?: bigint;
  s?: Uint8Array;
  t?: TensorMessage;
  g?: GraphMessage;
  floats: number[];
  ints: bigint[];
  graphs: GraphMessage[];
  /** In functions: the attribute of the call that this one is. */
  refAttrName?: string;
}

/** TensorProto. */
export interface TensorMessage extends Message {
  dims: number[];
  dataType: number;
  floatData: number[];
  int32Data: number[];
  stringData: Uint8Array[];
  int64Data: bigint[];
  name?: string;
  /** Little-endian values. `tensor-values.ts` reads them, whichever of the two they are. */
  rawData?: Uint8Array | LazyBytes;
  doubleData: number[];
  uint64Data: bigint[];
  externalData: EntryMessage[];
  dataLocation?: number;
}

/** StringStringEntryProto. */
export interface EntryMessage extends Message {
  key: string;
  value: string;
}

/** ValueInfoProto. */
export interface ValueMessage extends Message {
  name: string;
  type?: TypeMessage;
}

/** TypeProto; `tensorType` is absent for sequences, maps and the like. */
export interface TypeMessage extends Message {
  tensorType?: TensorTypeMessage;
}

/** TypeProto.Tensor. */
export interface TensorTypeMessage extends Message {
  elemType?: number;
  shape?: ShapeMessage;
}

/** TensorShapeProto. */
export interface ShapeMessage extends Message {
  dim: DimensionMessage[];
}

/** TensorShapeProto.Dimension: a size, a symbol, or neither. */
export interface DimensionMessage extends Message {
  dimValue?: number;
  dimParam?: string;
}

type Fields = Readonly<Record<string, Field>>;

const one = (number: number, kind: FieldKind | MessageSchema): Field => ({ number, kind });
const needed = (number: number, kind: FieldKind, absent: string | number): Field => ({
  number,
  kind,
  absent,
});
const many = (number: number, kind: FieldKind | MessageSchema): Field => ({ number, kind, repeated: true });
const packed = (number: number, kind: FieldKind): Field => ({ number, kind, repeated: true, packed: true });

const opsetFields: Fields = { domain: one(1, 'string'), version: one(2, 'whole') };
const entryFields: Fields = { key: needed(1, 'string', ''), value: needed(2, 'string', '') };
const dimensionFields: Fields = { dimValue: one(1, 'whole'), dimParam: one(2, 'string') };
const shapeFields: Fields = { dim: many(1, () => dimensionFields) };
const tensorTypeFields: Fields = { elemType: one(1, 'int32'), shape: one(2, () => shapeFields) };
const typeFields: Fields = { tensorType: one(1, () => tensorTypeFields) };
const valueFields: Fields = { name: needed(1, 'string', ''), type: one(2, () => typeFields) };
const tensorFields: Fields = {
  dims: many(1, 'whole'),
  dataType: needed(2, 'int32', 0),
  floatData: packed(4, 'float'),
  int32Data: packed(5, 'int32'),
  stringData: many(6, 'bytes'),
  int64Data: packed(7, 'int64'),
  name: one(8, 'string'),
  rawData: one(9, 'bytes'),
  doubleData: packed(10, 'double'),
  uint64Data: packed(11, 'uint64'),
  externalData: many(13, () => entryFields),
  dataLocation: one(14, 'int32'),
};
const tensorSchema: MessageSchema = () => tensorFields;
const valueSchema: MessageSchema = () => valueFields;
const attributeFields: Fields = {
  name: needed(1, 'string', ''),
  f: one(2, 'float'),
  i: one(3, 'int64'),
  s: one(4, 'bytes'),
  t: one(5, tensorSchema),
  g: one(6, () => graphFields),
  floats: many(7, 'float'),
  ints: many(8, 'int64'),
  graphs: many(11, () => graphFields),
  type: one(20, 'int32'),
  refAttrName: one(21, 'string'),
};
const nodeFields: Fields = {
  input: many(1, 'string'),
  output: many(2, 'string'),
  name: one(3, 'string'),
  opType: needed(4, 'string', ''),
  attribute: many(5, () => attributeFields),
  domain: one(7, 'string'),
  overload: one(8, 'string'),
};
const graphFields: Fields = {
  node: many(1, () => nodeFields),
  name: one(2, 'string'),
  initializer: many(5, tensorSchema),
  input: many(11, valueSchema),
  output: many(12, valueSchema),
  valueInfo: many(13, valueSchema),
};
const graphSchema: MessageSchema = () => graphFields;
const functionFields: Fields = {
  name: needed(1, 'string', ''),
  input: many(4, 'string'),
  output: many(5, 'string'),
  node: many(7, () => nodeFields),
  opsetImport: many(9, () => opsetFields),
  domain: one(10, 'string'),
  attributeProto: many(11, () => attributeFields),
  overload: one(13, 'string'),
};
const modelFields: Fields = {
  irVersion: one(1, 'whole'),
  graph: one(7, graphSchema),
  opsetImport: many(8, () => opsetFields),
  functions: many(25, () => functionFields),
};

/** Schemas by the names of onnx.proto. */
export const MODEL_SCHEMA: MessageSchema = () => modelFields;
export const NODE_SCHEMA: MessageSchema = () => nodeFields;
export const TENSOR_SCHEMA: MessageSchema = () => tensorFields;
