// SPDX-License-Identifier: Apache-2.0
// The models of the checks: each small enough to build in seconds, with a reference in float64 to compare with.
import { makeModel } from './onnx.mjs';
import { fromHalf, randomFloats, seededRandom, toHalf } from './numbers.mjs';

/**
 * Allowed ‖actual − expected‖ / ‖expected‖. float32: products may be computed in TF32, whose error is near 3e-4.
 * float16: sums of 128 products of numbers that have 11 bits.
 */
export const TOLERANCES = { exact: 0, sum: 1e-6, float32: 2e-3, float16: 1e-2 };

const value = (name, dims, type) => ({ name, dims, ...(type ? { type } : {}) });
const weight = (name, dims, seed, scale = 1) => ({
  name,
  dims,
  data: randomFloats(count(dims), seed).map((one) => one * scale),
});

/** x [rows, inner] times w [inner, columns], in float64. */
function multiply(x, w, rows, inner) {
  const columns = w.length / inner;
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const factor = x[row * inner + k];
      for (let column = 0; column < columns; column++) {
        out[row * columns + column] += factor * w[k * columns + column];
      }
    }
  }
  return out;
}

const relu = (list) => list.map((one) => Math.max(0, one));

function count(dims) {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** A random float32 tensor. */
export function randomTensor(dims, seed) {
  return { data: randomFloats(count(dims), seed), dims };
}

const LINEAR_WEIGHT = weight('w', [64, 32], 11, 0.25);
const MLP_WEIGHTS = [weight('w1', [64, 128], 21, 0.25), weight('w2', [128, 32], 22, 0.25)];
const BRANCH_WEIGHTS = [41, 42, 43].map((seed) => weight(`w${seed}`, [64, 32], seed, 0.25));
const CONV_WEIGHT = weight('kernel', [8, 3, 3, 3], 31, 0.3);

/** The weights of the models, for those who make their engines in other ways. */
export const WEIGHTS = {
  linear: [LINEAR_WEIGHT],
  mlp: MLP_WEIGHTS,
  conv: [CONV_WEIGHT],
  branches: BRANCH_WEIGHTS,
};

const asHalf = (tensor) => ({
  ...tensor,
  type: 'float16',
  data: Uint16Array.from(tensor.data, toHalf),
});

function mlpNodes() {
  return [
    { op: 'MatMul', inputs: ['x', 'w1'], outputs: ['hidden'] },
    { op: 'Relu', inputs: ['hidden'], outputs: ['active'] },
    { op: 'MatMul', inputs: ['active', 'w2'], outputs: ['y'] },
  ];
}

function mlp(x, batch, [w1, w2] = MLP_WEIGHTS.map(({ data }) => data)) {
  return multiply(relu(multiply(x, w1, batch, 64)), w2, batch, 128);
}

/** What the first product of `mlp` gives: the tensor `hidden` inside it. */
export function hiddenOfMlp(x) {
  return multiply(x.data, MLP_WEIGHTS[0].data, x.dims[0], 64);
}

/** 3x3 convolution with a padding of 1 on [batch, 3, 16, 16], then ReLU. */
function convolve(x, batch) {
  const size = 16;
  const out = new Float64Array(batch * 8 * size * size);
  const at = (image, channel, row, column) =>
    row < 0 || column < 0 || row >= size || column >= size
      ? 0
      : x[((image * 3 + channel) * size + row) * size + column];
  for (let index = 0; index < out.length; index++) {
    const column = index % size;
    const row = Math.floor(index / size) % size;
    const filter = Math.floor(index / size ** 2) % 8;
    const image = Math.floor(index / (size ** 2 * 8));
    for (let tap = 0; tap < 27; tap++) {
      const [channel, down, right] = [Math.floor(tap / 9), Math.floor(tap / 3) % 3, tap % 3];
      const pixel = at(image, channel, row + down - 1, column + right - 1);
      out[index] += pixel * CONV_WEIGHT.data[filter * 27 + tap];
    }
  }
  return relu(out);
}

/** The k largest of each row with their places. Inputs must not hold equal numbers. */
function topK(x, batch, k) {
  const width = x.length / batch;
  const places = Array.from({ length: batch }, (_, row) => {
    const order = Array.from({ length: width }, (_, column) => column);
    return order.sort((a, b) => x[row * width + b] - x[row * width + a]).slice(0, k);
  });
  return {
    values: places.flatMap((row, index) => row.map((column) => x[index * width + column])),
    indices: places.flat(),
  };
}

/** Numbers of which about a third are zero. */
function sparseFloats(length, seed) {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => (random() < 1 / 3 ? 0 : random() + 0.5));
}

/** A batch of rows: the feeds of a model whose only input is x [batch, width]. */
const rows = (width) => (batch, seed) => ({ x: randomTensor([batch, width], seed) });
const output = (dims, data, tolerance) => ({ dims, data, tolerance });
const batches = (min, opt, max) => ({ dynamicAxes: { batch: [min, opt, max] } });

/**
 * Name -> how to make the model, what to build it with, inputs for a size and a seed, and what must come out.
 * `sizes` are the sizes to run; a model of a fixed shape has one.
 */
export const MODELS = {
  add: {
    title: 'sum of two inputs with a dynamic batch',
    model: () =>
      makeModel({
        name: 'add',
        inputs: [value('a', ['batch', 16]), value('b', ['batch', 16])],
        outputs: [value('z', ['batch', 16])],
        nodes: [{ op: 'Add', inputs: ['a', 'b'], outputs: ['z'] }],
      }),
    build: batches(1, 4, 32),
    sizes: [1, 4, 7, 32],
    feeds: (batch, seed) => ({ a: randomTensor([batch, 16], seed), b: randomTensor([batch, 16], seed + 1) }),
    expected: ({ a, b }) => ({
      z: output(
        a.dims,
        a.data.map((one, i) => one + b.data[i]),
        TOLERANCES.sum,
      ),
    }),
  },
  linear: {
    title: 'matrix product with a weight',
    model: () => linearModel(LINEAR_WEIGHT.data),
    build: batches(1, 4, 32),
    sizes: [1, 4, 32],
    feeds: rows(64),
    expected: ({ x }) => ({
      y: output([x.dims[0], 32], multiply(x.data, LINEAR_WEIGHT.data, x.dims[0], 64), TOLERANCES.float32),
    }),
  },
  mlp: {
    title: 'matrix product, ReLU, matrix product',
    model: () =>
      makeModel({
        name: 'mlp',
        inputs: [value('x', ['batch', 64])],
        outputs: [value('y', ['batch', 32])],
        nodes: mlpNodes(),
        weights: MLP_WEIGHTS,
      }),
    build: batches(1, 8, 64),
    sizes: [1, 8, 33, 64],
    feeds: rows(64),
    expected: ({ x }) => ({ y: output([x.dims[0], 32], mlp(x.data, x.dims[0]), TOLERANCES.float32) }),
  },
  'mlp-fp16': {
    title: 'the same in half precision',
    model: () =>
      makeModel({
        name: 'mlp-fp16',
        inputs: [value('x', ['batch', 64], 'float16')],
        outputs: [value('y', ['batch', 32], 'float16')],
        nodes: mlpNodes(),
        weights: MLP_WEIGHTS.map(asHalf),
      }),
    build: batches(1, 8, 64),
    sizes: [1, 8, 64],
    feeds: (batch, seed) => ({ x: asHalf(randomTensor([batch, 64], seed)) }),
    expected: ({ x }) => {
      const weights = MLP_WEIGHTS.map((one) => Float64Array.from(asHalf(one).data, fromHalf));
      const y = mlp(Float64Array.from(x.data, fromHalf), x.dims[0], weights);
      return { y: output([x.dims[0], 32], y, TOLERANCES.float16) };
    },
  },
  conv: {
    title: 'convolution and ReLU of a fixed shape',
    model: () =>
      makeModel({
        name: 'conv',
        inputs: [value('x', [2, 3, 16, 16])],
        outputs: [value('y', [2, 8, 16, 16])],
        nodes: [
          {
            op: 'Conv',
            inputs: ['x', 'kernel'],
            outputs: ['sum'],
            ints: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
          },
          { op: 'Relu', inputs: ['sum'], outputs: ['y'] },
        ],
        weights: [CONV_WEIGHT],
      }),
    build: {},
    sizes: [2],
    feeds: (batch, seed) => ({ x: randomTensor([batch, 3, 16, 16], seed) }),
    expected: ({ x }) => ({ y: output([2, 8, 16, 16], convolve(x.data, 2), TOLERANCES.float32) }),
  },
  topk: {
    title: 'the five largest of each row, with int64 indices',
    model: () =>
      makeModel({
        name: 'topk',
        inputs: [value('x', ['batch', 32])],
        outputs: [value('values', ['batch', 5]), value('indices', ['batch', 5], 'int64')],
        nodes: [
          { op: 'TopK', inputs: ['x', 'k'], outputs: ['values', 'indices'], ints: { axis: -1, largest: 1 } },
        ],
        weights: [{ name: 'k', type: 'int64', dims: [1], data: BigInt64Array.of(5n) }],
      }),
    build: batches(1, 4, 16),
    sizes: [1, 4, 16],
    feeds: rows(32),
    expected: ({ x }) => {
      const { values, indices } = topK(x.data, x.dims[0], 5);
      const dims = [x.dims[0], 5];
      return {
        values: output(dims, values, TOLERANCES.exact),
        indices: output(dims, indices, TOLERANCES.exact),
      };
    },
  },
  reshape: {
    title: 'an output shape that comes from an input’s values',
    model: () =>
      makeModel({
        name: 'reshape',
        inputs: [value('x', [24]), value('shape', [2], 'int64')],
        outputs: [value('y', ['rows', 'columns'])],
        nodes: [{ op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
      }),
    build: { profiles: [{ shape: { values: { min: [1, 1], opt: [4, 6], max: [24, 24] } } }] },
    sizes: [1, 4, 24],
    feeds: (rowCount, seed) => ({
      x: randomTensor([24], seed),
      shape: { data: BigInt64Array.of(BigInt(rowCount), BigInt(24 / rowCount)), dims: [2] },
    }),
    expected: ({ x, shape }) => ({ y: output([...shape.data].map(Number), x.data, TOLERANCES.exact) }),
  },
  nonzero: {
    title: 'places of what is not zero: an output whose size only a run can tell',
    model: () =>
      makeModel({
        name: 'nonzero',
        inputs: [value('x', ['batch', 16])],
        outputs: [value('places', [2, 'found'], 'int64')],
        nodes: [{ op: 'NonZero', inputs: ['x'], outputs: ['places'] }],
      }),
    build: batches(1, 4, 16),
    sizes: [1, 4, 16],
    feeds: (batch, seed) => ({ x: { data: sparseFloats(batch * 16, seed), dims: [batch, 16] } }),
    expected: ({ x }) => {
      const found = [...x.data.keys()].filter((index) => x.data[index] !== 0);
      const places = [...found.map((index) => Math.floor(index / 16)), ...found.map((index) => index % 16)];
      return { places: output([2, found.length], places, TOLERANCES.exact) };
    },
  },
};

/** The model `linear` over other weights, as refitting takes it. */
export function linearModel(data) {
  return makeModel({
    name: 'linear',
    inputs: [value('x', ['batch', 64])],
    outputs: [value('y', ['batch', 32])],
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    weights: [{ ...LINEAR_WEIGHT, data }],
  });
}

/** Weights for {@link linearModel}, and what it then gives. */
export function otherLinear(seed) {
  const { data } = weight('w', [64, 32], seed, 0.25);
  return { model: linearModel(data), expected: (x) => multiply(x.data, data, x.dims[0], 64) };
}

/** Three matrix products that do not wait for each other, then their sum: work for auxiliary streams. */
function branchesModel() {
  const products = BRANCH_WEIGHTS.map(({ name }, index) => ({
    op: 'MatMul',
    inputs: ['x', name],
    outputs: [`p${index}`],
  }));
  return makeModel({
    name: 'branches',
    inputs: [value('x', ['batch', 64])],
    outputs: [value('y', ['batch', 32])],
    nodes: [
      ...products,
      { op: 'Add', inputs: ['p0', 'p1'], outputs: ['p01'] },
      { op: 'Add', inputs: ['p01', 'p2'], outputs: ['y'] },
    ],
    weights: BRANCH_WEIGHTS,
  });
}

/** What the engine `branches` gives for `x`. */
export function expectedOfBranches(x) {
  const products = BRANCH_WEIGHTS.map(({ data }) => multiply(x.data, data, x.dims[0], 64));
  return products[0].map((one, index) => one + products[1][index] + products[2][index]);
}

/** A chain of matrix products of some milliseconds, for what needs a run that takes time. */
function heavyModel() {
  const layers = Array.from({ length: 8 }, (_, index) => index);
  return makeModel({
    name: 'heavy',
    inputs: [value('x', ['batch', 1024])],
    outputs: [value('h8', ['batch', 1024])],
    nodes: layers.flatMap((index) => [
      { op: 'MatMul', inputs: [index === 0 ? 'x' : `h${index}`, `w${index}`], outputs: [`m${index}`] },
      { op: 'Relu', inputs: [`m${index}`], outputs: [`h${index + 1}`] },
    ]),
    weights: layers.map((index) => weight(`w${index}`, [1024, 1024], 100 + index, 0.05)),
  });
}

/** What is built once and used by many checks: a model with build options. */
export const ENGINES = {
  ...Object.fromEntries(Object.entries(MODELS).map(([name, { model, build }]) => [name, { model, build }])),
  'add-profiles': {
    model: MODELS.add.model,
    build: {
      profiles: [1, 8].map((factor) => {
        const range = { min: [factor, 16], opt: [2 * factor, 16], max: [4 * factor, 16] };
        return { a: range, b: range };
      }),
    },
  },
  'linear-refit': { model: MODELS.linear.model, build: { ...MODELS.linear.build, refit: 'all' } },
  'mlp-detailed': { model: MODELS.mlp.model, build: { ...MODELS.mlp.build, profilingVerbosity: 'detailed' } },
  branches: { model: branchesModel, build: { ...batches(1, 4, 32), maxAuxStreams: 2 } },
  heavy: { model: heavyModel, build: batches(1, 64, 512) },
  'heavy-streaming': { model: heavyModel, build: { ...batches(1, 64, 512), weightStreaming: true } },
  'add-compatible': { model: MODELS.add.model, build: { ...MODELS.add.build, versionCompatible: true } },
};
