// SPDX-License-Identifier: Apache-2.0
// Writes small ONNX models in code, so that no test needs a binary file. Only what tests use is covered.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** TensorProto.DataType by ONNX's own names. */
export const ONNX_TYPES = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E5M2: 19,
  UINT4: 21,
  INT4: 22,
  FLOAT4E2M1: 23,
} as const;
export type OnnxTypeName = keyof typeof ONNX_TYPES;

/** A graph input or output. A string is a symbol, -1 an unnamed dynamic dimension; no dims: unknown rank. */
export interface ValueSpec {
  name: string;
  type?: OnnxTypeName;
  dims?: readonly (number | string)[];
  /** A sequence of such tensors. */
  isSequence?: boolean;
}

/** A tensor: `data` is written as raw_data; `external` writes a reference instead. */
export interface TensorSpec {
  name: string;
  type?: OnnxTypeName;
  dims: readonly number[];
  data?: ArrayBufferView | readonly number[];
  /** For STRING tensors. */
  strings?: readonly string[];
  external?: { location: string; offset?: number; length?: number };
}

/** Integers are written as INT(S), strings as STRING; the rest is said by its key. */
export type AttributeSpec =
  | number
  | string
  | readonly number[]
  | { float: number }
  | { floats: readonly number[] }
  | { strings: readonly string[] }
  | { tensor: TensorSpec }
  | { graph: GraphSpec }
  /** In functions: the attribute of the call. */
  | { reference: string; type: number };

export interface NodeSpec {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  name?: string;
  domain?: string;
  attributes?: Record<string, AttributeSpec>;
}

export interface GraphSpec {
  name?: string;
  inputs?: readonly ValueSpec[];
  outputs?: readonly ValueSpec[];
  nodes?: readonly NodeSpec[];
  initializers?: readonly TensorSpec[];
  valueInfo?: readonly ValueSpec[];
}

export interface FunctionSpec {
  name: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  nodes: readonly NodeSpec[];
}

export interface ModelSpec extends GraphSpec {
  /** Of the default domain, or per domain. Default 17. */
  opset?: number | Record<string, number>;
  /** Default 8. */
  irVersion?: number;
  producer?: string;
  functions?: readonly FunctionSpec[];
}

/** The bytes of an ONNX model. */
export function makeModel(spec: ModelSpec): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(spec.irVersion ?? 8);
  writer.tag(2, WireType.LengthDelimited).string(spec.producer ?? 'onnx-builder');
  message(writer, 7, (graph) => writeGraph(graph, spec));
  const opsets = typeof spec.opset === 'object' ? spec.opset : { '': spec.opset ?? 17 };
  for (const [domain, version] of Object.entries(opsets)) {
    message(writer, 8, (opset) => {
      if (domain !== '') opset.tag(1, WireType.LengthDelimited).string(domain);
      opset.tag(2, WireType.Varint).int64(version);
    });
  }
  for (const one of spec.functions ?? []) message(writer, 25, (body) => writeFunction(body, one));
  return writer.finish();
}

function message(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

function text(writer: BinaryWriter, field: number, values: readonly string[]): void {
  for (const value of values) writer.tag(field, WireType.LengthDelimited).string(value);
}

function writeGraph(writer: BinaryWriter, spec: GraphSpec): void {
  for (const node of spec.nodes ?? []) message(writer, 1, (inner) => writeNode(inner, node));
  writer.tag(2, WireType.LengthDelimited).string(spec.name ?? 'graph');
  for (const tensor of spec.initializers ?? []) message(writer, 5, (inner) => writeTensor(inner, tensor));
  for (const value of spec.inputs ?? []) message(writer, 11, (inner) => writeValue(inner, value));
  for (const value of spec.outputs ?? []) message(writer, 12, (inner) => writeValue(inner, value));
  for (const value of spec.valueInfo ?? []) message(writer, 13, (inner) => writeValue(inner, value));
}

function writeFunction(writer: BinaryWriter, spec: FunctionSpec): void {
  text(writer, 1, [spec.name]);
  text(writer, 4, spec.inputs);
  text(writer, 5, spec.outputs);
  for (const node of spec.nodes) message(writer, 7, (inner) => writeNode(inner, node));
  message(writer, 9, (opset) => opset.tag(2, WireType.Varint).int64(17));
  for (const domain of new Set(spec.nodes.flatMap((node) => node.domain ?? []))) {
    message(writer, 9, (opset) => {
      text(opset, 1, [domain]);
      opset.tag(2, WireType.Varint).int64(1);
    });
  }
  text(writer, 10, [spec.domain]);
}

function writeNode(writer: BinaryWriter, spec: NodeSpec): void {
  text(writer, 1, spec.inputs);
  text(writer, 2, spec.outputs);
  text(writer, 3, [spec.name ?? `${spec.op}:${spec.outputs[0] ?? ''}`]);
  text(writer, 4, [spec.op]);
  for (const [name, value] of Object.entries(spec.attributes ?? {})) {
    message(writer, 5, (inner) => writeAttribute(inner, name, value));
  }
  if (spec.domain !== undefined) text(writer, 7, [spec.domain]);
}

function writeAttribute(writer: BinaryWriter, name: string, value: AttributeSpec): void {
  text(writer, 1, [name]);
  writer.tag(20, WireType.Varint);
  if (typeof value === 'object' && 'reference' in value) {
    text(writer.int32(value.type), 21, [value.reference]);
  } else if (typeof value === 'number') {
    writer.int32(2).tag(3, WireType.Varint).int64(value);
  } else if (typeof value === 'string') {
    text(writer.int32(3), 4, [value]);
  } else if ('float' in value) {
    writer.int32(1).tag(2, WireType.Bit32).float(value.float);
  } else if ('floats' in value) {
    writer.int32(6);
    for (const one of value.floats) writer.tag(7, WireType.Bit32).float(one);
  } else if ('strings' in value) {
    text(writer.int32(8), 9, value.strings);
  } else if ('tensor' in value) {
    message(writer.int32(4), 5, (inner) => writeTensor(inner, value.tensor));
  } else if ('graph' in value) {
    message(writer.int32(5), 6, (inner) => writeGraph(inner, value.graph));
  } else {
    writer.int32(7);
    for (const one of value) writer.tag(8, WireType.Varint).int64(one);
  }
}

function writeTensor(writer: BinaryWriter, spec: TensorSpec): void {
  const type = spec.type ?? 'FLOAT';
  message(writer, 1, (dims) => spec.dims.forEach((dim) => dims.int64(dim)));
  writer.tag(2, WireType.Varint).int32(ONNX_TYPES[type]);
  text(writer, 6, spec.strings ?? []);
  text(writer, 8, [spec.name]);
  if (spec.external !== undefined) {
    for (const [key, value] of Object.entries(spec.external)) {
      message(writer, 13, (entry) => {
        text(entry, 1, [key]);
        text(entry, 2, [String(value)]);
      });
    }
    writer.tag(14, WireType.Varint).int32(1);
  } else if (spec.strings === undefined) {
    writer.tag(9, WireType.LengthDelimited).bytes(rawData(spec, type));
  }
}

function rawData(spec: TensorSpec, type: OnnxTypeName): Uint8Array {
  const count = spec.dims.reduce((product, dim) => product * dim, 1);
  const data = spec.data ?? Array.from({ length: count }, (_, index) => ((index * 7) % 13) / 13 - 0.5);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return packNumbers(data, type);
}

function packNumbers(values: readonly number[], type: OnnxTypeName): Uint8Array {
  const whole = values.map((value) => Math.trunc(value));
  switch (type) {
    case 'FLOAT':
      return new Uint8Array(Float32Array.from(values).buffer);
    case 'DOUBLE':
      return new Uint8Array(Float64Array.from(values).buffer);
    case 'FLOAT16':
      return new Uint8Array(Uint16Array.from(values, toFloat16).buffer);
    case 'BFLOAT16':
      return new Uint8Array(Uint16Array.from(values, (v) => float32Bits(v) >>> 16).buffer);
    case 'INT64':
    case 'UINT64':
      return new Uint8Array(BigInt64Array.from(whole, BigInt).buffer);
    case 'INT32':
    case 'UINT32':
      return new Uint8Array(Int32Array.from(whole).buffer);
    case 'INT16':
    case 'UINT16':
      return new Uint8Array(Int16Array.from(whole).buffer);
    case 'INT4':
    case 'UINT4':
    case 'FLOAT4E2M1':
      return packNibbles(whole);
    default:
      return new Uint8Array(Int8Array.from(whole).buffer);
  }
}

function packNibbles(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 2));
  values.forEach((value, index) => (bytes[index >> 1]! |= (value & 15) << (index % 2 === 0 ? 0 : 4)));
  return bytes;
}

function float32Bits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}

/** Rounds towards zero and knows no subnormal: enough for weights of tests. */
function toFloat16(value: number): number {
  const bits = float32Bits(value);
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent <= 0) return (bits >>> 16) & 0x8000;
  return ((bits >>> 16) & 0x8000) | (Math.min(exponent, 30) << 10) | ((bits >>> 13) & 0x3ff);
}

function writeValue(writer: BinaryWriter, spec: ValueSpec): void {
  text(writer, 1, [spec.name]);
  const writeTensor = (type: BinaryWriter) =>
    message(type, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(ONNX_TYPES[spec.type ?? 'FLOAT']);
      if (spec.dims !== undefined) message(tensor, 2, (shape) => writeShape(shape, spec.dims!));
    });
  message(writer, 2, (type) => {
    if (!spec.isSequence) return writeTensor(type);
    message(type, 4, (sequence) => message(sequence, 1, writeTensor));
  });
}

function writeShape(writer: BinaryWriter, dims: readonly (number | string)[]): void {
  for (const dim of dims) {
    message(writer, 1, (inner) => {
      if (typeof dim === 'string') text(inner, 2, [dim]);
      else if (dim >= 0) inner.tag(1, WireType.Varint).int64(dim);
    });
  }
}
