// SPDX-License-Identifier: Apache-2.0
// The parts of onnx.proto that are read, as wire tags: field number << 3 | wire type.
// Source of the numbers: https://github.com/onnx/onnx/blob/v1.22.0/onnx/onnx.proto

const varint = (field: number) => field << 3;
const bytes = (field: number) => (field << 3) | 2;
const fixed32 = (field: number) => (field << 3) | 5;
const fixed64 = (field: number) => (field << 3) | 1;

export const MODEL = {
  irVersion: varint(1),
  producerName: bytes(2),
  producerVersion: bytes(3),
  graph: bytes(7),
  opsetImport: bytes(8),
  functions: bytes(25),
};
export const OPSET = { domain: bytes(1), version: varint(2) };
export const GRAPH = {
  node: bytes(1),
  name: bytes(2),
  initializer: bytes(5),
  input: bytes(11),
  output: bytes(12),
  valueInfo: bytes(13),
  sparseInitializer: bytes(15),
};
export const NODE = {
  input: bytes(1),
  output: bytes(2),
  name: bytes(3),
  opType: bytes(4),
  attribute: bytes(5),
  domain: bytes(7),
};
export const ATTRIBUTE = {
  name: bytes(1),
  int: varint(3),
  tensor: bytes(5),
  graph: bytes(6),
  tensors: bytes(10),
  graphs: bytes(11),
  type: varint(20),
  sparseTensor: bytes(22),
};
/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { FLOAT: 1, INT: 2, STRING: 3, FLOATS: 6, INTS: 7, STRINGS: 8 };
export const FUNCTION = { name: bytes(1), node: bytes(7), domain: bytes(10) };
export const TENSOR = {
  dim: varint(1),
  dims: bytes(1),
  dataType: varint(2),
  floatData: fixed32(4),
  floatsData: bytes(4),
  int32Data: varint(5),
  int32sData: bytes(5),
  stringData: bytes(6),
  int64Data: varint(7),
  int64sData: bytes(7),
  name: bytes(8),
  rawData: bytes(9),
  doubleData: fixed64(10),
  doublesData: bytes(10),
  uint64Data: varint(11),
  uint64sData: bytes(11),
  externalData: bytes(13),
  dataLocation: varint(14),
};
export const SPARSE_TENSOR = { values: bytes(1), indices: bytes(2), dim: varint(3), dims: bytes(3) };
export const ENTRY = { key: bytes(1), value: bytes(2) };
export const VALUE_INFO = { name: bytes(1), type: bytes(2) };
export const TYPE = {
  tensor: bytes(1),
  sequence: bytes(4),
  map: bytes(5),
  opaque: bytes(7),
  sparseTensor: bytes(8),
  optional: bytes(9),
};
export const TENSOR_TYPE = { elementType: varint(1), shape: bytes(2) };
export const SHAPE = { dim: bytes(1) };
export const DIMENSION = { value: varint(1), symbol: bytes(2) };
