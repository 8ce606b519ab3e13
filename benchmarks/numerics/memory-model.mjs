// SPDX-License-Identifier: Apache-2.0
// A model of large layers and data for it: a convolution, and products of which one is the largest layer.

import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DIST =
  process.env.TENSORRT_NODE_DIST ?? fileURLToPath(new URL('../../build/javascript', import.meta.url));

/** Rows and columns of the largest layer. */
export const WIDE = 1536;
export const CHANNELS = 128;
const EDGE = 4;
const PLANE = EDGE * EDGE;
/** Numbers that the channels of a pixel come from, besides noise. */
const FACTORS = 64;
const CLASSES = 16;
export const BATCH = 16;
export const BATCHES = 8;

/** Uniform numbers of variance 1, the same in every run. */
function uniformNumbers(count, seed) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * Math.sqrt(12);
  });
}

/** Weights that keep the size of what goes through them and a Relu. */
function weights(dims, inputs, seed) {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return uniformNumbers(count, seed).map((value) => value * Math.sqrt(2 / inputs));
}

/** Writes all images; neighbouring channels are alike, as in networks. */
function writeImages(path) {
  const mix = uniformNumbers(CHANNELS * FACTORS, 7);
  const hidden = uniformNumbers(BATCH * BATCHES * FACTORS * PLANE, 100);
  const values = uniformNumbers(BATCH * BATCHES * CHANNELS * PLANE, 1000);
  for (let image = 0; image < BATCH * BATCHES; image++)
    for (let channel = 0; channel < CHANNELS; channel++)
      for (let k = 0; k < FACTORS; k++) {
        const scale = mix[channel * FACTORS + k] / Math.sqrt(FACTORS);
        const [to, from] = [(image * CHANNELS + channel) * PLANE, (image * FACTORS + k) * PLANE];
        for (let at = 0; at < PLANE; at++) values[to + at] += scale * hidden[from + at];
      }
  for (let at = 0; at < values.length; at++) values[at] = Math.max(0, values[at]);
  writeFileSync(path, values);
}

/** The images in batches, read one by one. */
export async function* inputBatches(path) {
  const file = openSync(path, 'r');
  try {
    for (let batch = 0; batch < BATCHES; batch++) {
      const x = new Float32Array(BATCH * CHANNELS * PLANE);
      readSync(file, x, 0, x.byteLength, batch * x.byteLength);
      yield { x };
    }
  } finally {
    closeSync(file);
  }
}

/** Writes the model, and images beside it. Returns the bytes of its largest layer and of all weights. */
export async function writeMemoryModel(path) {
  const load = (file) => import(`${DIST}/${file}`);
  const { makeNode } = await load('onnx/graph/make-node.js');
  const { makeTensor } = await load('onnx/graph/tensor-values.js');
  const { OnnxModel } = await load('onnx/graph/onnx-model.js');
  const { emptyMessage } = await load('onnx/graph/wire-message.js');
  const { MODEL_SCHEMA } = await load('onnx/graph/onnx-messages.js');
  const layers = {
    kernel: { dims: [CHANNELS, CHANNELS, 3, 3], inputs: 9 * CHANNELS },
    widen: { dims: [CHANNELS, WIDE], inputs: CHANNELS },
    square: { dims: [WIDE, WIDE], inputs: WIDE },
    narrow: { dims: [WIDE, WIDE / 4], inputs: WIDE },
    head: { dims: [WIDE / 4, CLASSES], inputs: WIDE / 4 },
  };
  const biases = { b0: CHANNELS, b1: WIDE, b3: WIDE / 4, b4: CLASSES };
  const node = (op, inputs, output, ints) => makeNode({ op, name: output, inputs, outputs: [output], ints });
  const message = emptyMessage(MODEL_SCHEMA);
  const graph = { name: 'memory', valueInfo: [] };
  graph.node = [
    node('Conv', ['x', 'kernel', 'b0'], 'c'),
    node('Relu', ['c'], 'cr'),
    node('GlobalAveragePool', ['cr'], 'p'),
    node('Flatten', ['p'], 'f'),
    node('Gemm', ['f', 'widen', 'b1'], 'w'),
    node('Relu', ['w'], 'wr'),
    node('MatMul', ['wr', 'square'], 's'),
    node('Relu', ['s'], 'sr'),
    node('Gemm', ['sr', 'narrow', 'b3'], 't'),
    node('Relu', ['t'], 'tr'),
    node('Gemm', ['tr', 'head', 'b4'], 'y'),
  ];
  graph.node[0].attribute = [{ name: 'pads', type: 7, ints: [1n, 1n, 1n, 1n], floats: [], graphs: [] }];
  const value = (name, dims) => ({
    name,
    type: {
      tensorType: {
        elemType: 1,
        shape: { dim: dims.map((dim) => (typeof dim === 'string' ? { dimParam: dim } : { dimValue: dim })) },
      },
    },
  });
  graph.input = [value('x', ['batch', CHANNELS, EDGE, EDGE])];
  graph.output = [value('y', ['batch', CLASSES])];
  graph.initializer = [
    ...Object.entries(layers).map(([name, { dims, inputs }], index) =>
      makeTensor(name, 'FLOAT', dims, weights(dims, inputs, index + 1)),
    ),
    ...Object.entries(biases).map(([name, size]) =>
      makeTensor(name, 'FLOAT', [size], new Float32Array(size)),
    ),
  ];
  Object.assign(message, { irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph });
  await new OnnxModel(message).save(path);
  writeImages(`${path}.images`);
  const bytes = Object.values(layers).map(({ dims }) => 4 * dims.reduce((product, dim) => product * dim, 1));
  return { largestBytes: Math.max(...bytes), weightBytes: bytes.reduce((sum, one) => sum + one, 0) };
}
