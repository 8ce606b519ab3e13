// SPDX-License-Identifier: Apache-2.0
// Writes the few kinds of ONNX model that the checks need, so that nothing has to be carried to the host.
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** TensorProto.DataType of the element types that occur here. */
const DATA_TYPES = { float32: 1, int64: 7, float16: 10 };

/**
 * The bytes of a model.
 *
 * @param {object} spec
 * @param {string} spec.name
 * @param {{name: string, type?: string, dims: (number | string)[]}[]} spec.inputs a string is a named dynamic dimension
 * @param {{name: string, type?: string, dims: (number | string)[]}[]} spec.outputs
 * @param {{op: string, inputs: string[], outputs: string[], ints?: Record<string, number | number[]>}[]} spec.nodes
 * @param {{name: string, type?: string, dims: number[], data: ArrayBufferView}[]} [spec.weights]
 * @returns {Uint8Array}
 */
export function makeModel({ name, inputs, outputs, nodes, weights = [] }) {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(8);
  message(writer, 7, (graph) => {
    for (const node of nodes) message(graph, 1, (inner) => writeNode(inner, node));
    text(graph, 2, name);
    for (const weight of weights) message(graph, 5, (inner) => writeTensor(inner, weight));
    for (const value of inputs) message(graph, 11, (inner) => writeValue(inner, value));
    for (const value of outputs) message(graph, 12, (inner) => writeValue(inner, value));
  });
  message(writer, 8, (opset) => opset.tag(2, WireType.Varint).int64(17));
  return writer.finish();
}

function message(writer, field, write) {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

function text(writer, field, value) {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function writeNode(writer, { op, inputs, outputs, ints = {} }) {
  for (const input of inputs) text(writer, 1, input);
  for (const output of outputs) text(writer, 2, output);
  text(writer, 3, `${op}:${outputs[0]}`);
  text(writer, 4, op);
  for (const [name, value] of Object.entries(ints)) {
    message(writer, 5, (attribute) => writeIntegers(attribute, name, value));
  }
}

/** A number is an INT attribute, a list an INTS one. */
function writeIntegers(writer, name, value) {
  text(writer, 1, name);
  if (typeof value === 'number') writer.tag(3, WireType.Varint).int64(value);
  else for (const one of value) writer.tag(8, WireType.Varint).int64(one);
  writer.tag(20, WireType.Varint).int32(typeof value === 'number' ? 2 : 7);
}

function writeTensor(writer, { name, type = 'float32', dims, data }) {
  for (const dim of dims) writer.tag(1, WireType.Varint).int64(dim);
  writer.tag(2, WireType.Varint).int32(DATA_TYPES[type]);
  text(writer, 8, name);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  writer.tag(9, WireType.LengthDelimited).bytes(bytes);
}

function writeValue(writer, { name, type = 'float32', dims }) {
  text(writer, 1, name);
  message(writer, 2, (typeProto) => {
    message(typeProto, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(DATA_TYPES[type]);
      message(tensor, 2, (shape) => {
        for (const dim of dims) message(shape, 1, (one) => writeDimension(one, dim));
      });
    });
  });
}

function writeDimension(writer, dim) {
  if (typeof dim === 'number') writer.tag(1, WireType.Varint).int64(dim);
  else text(writer, 2, dim);
}
