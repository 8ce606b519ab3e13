// SPDX-License-Identifier: Apache-2.0
// The models of the CPU benchmark, written in code: protobuf with the few fields of ONNX that they need.

import { BinaryWriter } from '@bufbuild/protobuf/wire';

const FLOAT = 1;
const CHANNELS = 48;
const IMAGE = 96;

/** y = x + [1, 2, 3, 4]. */
export function addModel() {
  const bias = tensor('bias', [4], Float32Array.of(1, 2, 3, 4));
  return model([node('Add', ['x', 'bias'], 'y')], [bias], [4], [4]);
}

/** y = x, 4.7 MiB. */
export function identityModel() {
  const dims = [1, 3, 640, 640];
  return { bytes: model([node('Identity', ['x'], 'y')], [], dims, dims), dims };
}

/** `layers` 3x3 convolutions over 48 channels of 96x96. */
export function convolutionModel(layers) {
  const nodes = [];
  const weights = [];
  let from = 'x';
  for (let i = 0; i < layers; i++) {
    const dims = [CHANNELS, i === 0 ? 3 : CHANNELS, 3, 3];
    const values = Float32Array.from(
      { length: dims.reduce((a, b) => a * b) },
      (_, k) => (((k * 7) % 13) - 6) / 200,
    );
    weights.push(tensor(`w${i}`, dims, values));
    nodes.push(node('Conv', [from, `w${i}`], `c${i}`, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }));
    nodes.push(node('Relu', [`c${i}`], `r${i}`));
    from = `r${i}`;
  }
  nodes.push(node('GlobalAveragePool', [from], 'y'));
  const dims = [1, 3, IMAGE, IMAGE];
  return { bytes: model(nodes, weights, dims, [1, CHANNELS, 1, 1]), dims };
}

const bytesField = (writer, field, bytes) => writer.uint32((field << 3) | 2).bytes(bytes);
const textField = (writer, field, text) => writer.uint32((field << 3) | 2).string(text);
const numberField = (writer, field, value) => writer.uint32(field << 3).int64(value);

function model(nodes, initializers, inputDims, outputDims) {
  const graph = new BinaryWriter();
  for (const one of nodes) bytesField(graph, 1, one);
  textField(graph, 2, 'graph');
  for (const one of initializers) bytesField(graph, 5, one);
  bytesField(graph, 11, value('x', inputDims));
  bytesField(graph, 12, value('y', outputDims));
  const opset = numberField(new BinaryWriter(), 2, 17).finish();
  return bytesField(bytesField(numberField(new BinaryWriter(), 1, 8), 7, graph.finish()), 8, opset).finish();
}

function node(op, inputs, output, attributes = {}) {
  const writer = new BinaryWriter();
  for (const input of inputs) textField(writer, 1, input);
  textField(writer, 2, output);
  textField(writer, 4, op);
  for (const [name, values] of Object.entries(attributes)) {
    const attribute = numberField(textField(new BinaryWriter(), 1, name), 20, 7);
    for (const one of values) numberField(attribute, 8, one);
    bytesField(writer, 5, attribute.finish());
  }
  return writer.finish();
}

function tensor(name, dims, values) {
  const writer = new BinaryWriter();
  for (const dim of dims) numberField(writer, 1, dim);
  return bytesField(
    textField(numberField(writer, 2, FLOAT), 8, name),
    9,
    new Uint8Array(values.buffer),
  ).finish();
}

function value(name, dims) {
  const shape = new BinaryWriter();
  for (const dim of dims) bytesField(shape, 1, numberField(new BinaryWriter(), 1, dim).finish());
  const tensorType = bytesField(numberField(new BinaryWriter(), 1, FLOAT), 2, shape.finish()).finish();
  const type = bytesField(new BinaryWriter(), 1, tensorType).finish();
  return bytesField(textField(new BinaryWriter(), 1, name), 2, type).finish();
}
