// SPDX-License-Identifier: Apache-2.0
// The messages of onnx.proto that passes look into; everything else stays bytes.
// Source of the numbers: https://github.com/onnx/onnx/blob/v1.22.0/onnx/onnx.proto

import type { Field, FieldKind, LazyBytes, Message, MessageSchema } from './wire-message';

/** ModelProto. */
export interface ModelMessage extends Message {
  /** Version of the file format. */
  irVersion?: number;
  /** Versions of the operators, one for each domain. */
  opsetImport: OpsetMessage[];
  /** The main graph. */
  graph: GraphMessage;
  /** Operators that the model defines itself. */
  functions: FunctionMessage[];
}

/** FunctionProto. */
export interface FunctionMessage extends Message {
  /** The operator that it defines. */
  name: string;
  /** The operator's domain. */
  domain?: string;
  /** Which of several functions of one name it is. */
  overload?: string;
  /** Names of its inputs. */
  input: string[];
  /** Names of its outputs. */
  output: string[];
  /** Its nodes, each after those that it reads from. */
  node: NodeMessage[];
  /** Versions of the operators that its nodes use. */
  opsetImport: OpsetMessage[];
  /** Attributes that have a default value. */
  attributeProto: AttributeMessage[];
}

/** OperatorSetIdProto. */
export interface OpsetMessage extends Message {
  /** Empty for ONNX's own operators. */
  domain?: string;
  /** Version of the domain's operators. */
  version?: number;
}

/** GraphProto, of a model or of an attribute. */
export interface GraphMessage extends Message {
  /** Its nodes, each after those that it reads from. */
  node: NodeMessage[];
  /** Name of the graph. */
  name?: string;
  /** Constant tensors by name. */
  initializer: TensorMessage[];
  /** What it takes; initializers may be among them. */
  input: ValueMessage[];
  /** What it gives. */
  output: ValueMessage[];
  /** Types of values in between, where the writer told them. */
  valueInfo: ValueMessage[];
}

/** NodeProto. */
export interface NodeMessage extends Message {
  /** Names; an empty one is an optional input left out. */
  input: string[];
  /** Names; an empty one is an optional output left out. */
  output: string[];
  /** May be absent: ONNX does not ask for node names. */
  name?: string;
  /** The operator. */
  opType: string;
  /** Empty for ONNX's own operators. */
  domain?: string;
  /** The operator's settings. */
  attribute: AttributeMessage[];
  /** Which of several functions of one name is called. */
  overload?: string;
}

/** AttributeProto. */
export interface AttributeMessage extends Message {
  /** Name of the attribute. */
  name: string;
  /** AttributeType. */
  type?: number;
  /** A FLOAT. */
  f?: number;
  /** An INT. */
  i?: bigint;
  /** A STRING, as UTF-8. */
  s?: Uint8Array;
  /** A TENSOR. */
  t?: TensorMessage;
  /** A GRAPH: the body of a loop or of a branch. */
  g?: GraphMessage;
  /** FLOATS. */
  floats: number[];
  /** INTS. */
  ints: bigint[];
  /** GRAPHS. */
  graphs: GraphMessage[];
  /** In functions: the attribute of the call that this one is. */
  refAttrName?: string;
}

/** TensorProto. */
export interface TensorMessage extends Message {
  /** Its shape; empty for a scalar. */
  dims: number[];
  /** TensorProto.DataType. */
  dataType: number;
  /** Values of FLOAT and COMPLEX64. */
  floatData: number[];
  /** Values of all types of 32 bits or less but FLOAT, several in one number for those of 4 bits. */
  int32Data: number[];
  /** Values of STRING, as UTF-8. */
  stringData: Uint8Array[];
  /** Values of INT64. */
  int64Data: bigint[];
  /** Name of the tensor. */
  name?: string;
  /** Little-endian values. `tensor-values.ts` reads them, whichever of the two they are. */
  rawData?: Uint8Array | LazyBytes;
  /** Values of DOUBLE and COMPLEX128. */
  doubleData: number[];
  /** Values of UINT32 and UINT64. */
  uint64Data: bigint[];
  /** File, offset and length, where the bytes lie in another file. */
  externalData: EntryMessage[];
  /** 1 where the bytes lie in another file. */
  dataLocation?: number;
}

/** StringStringEntryProto. */
export interface EntryMessage extends Message {
  /** The key. */
  key: string;
  /** Its value. */
  value: string;
}

/** ValueInfoProto. */
export interface ValueMessage extends Message {
  /** Name of the value. */
  name: string;
  /** Its type and shape, as far as they are told. */
  type?: TypeMessage;
}

/** TypeProto; `tensorType` is absent for sequences, maps and the like. */
export interface TypeMessage extends Message {
  /** Of a tensor. */
  tensorType?: TensorTypeMessage;
}

/** TypeProto.Tensor. */
export interface TensorTypeMessage extends Message {
  /** TensorProto.DataType. */
  elemType?: number;
  /** Absent where not even the rank is known. */
  shape?: ShapeMessage;
}

/** TensorShapeProto. */
export interface ShapeMessage extends Message {
  /** One for each axis. */
  dim: DimensionMessage[];
}

/** TensorShapeProto.Dimension: a size, a symbol, or neither. */
export interface DimensionMessage extends Message {
  /** The size. */
  dimValue?: number;
  /** The symbol: equal ones are equal sizes. */
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
