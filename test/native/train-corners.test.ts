// SPDX-License-Identifier: Apache-2.0
// Data, models and interruptions that a training must not take for something else.
import { describe, expect, test } from 'vitest';
import { join } from 'node:path';
import {
  cast,
  compress,
  distill,
  finetune,
  quantize,
  softLabels,
  type Trainer,
  type TrainingData,
} from '../../lib/compress';

import { makeGradientModel } from '../../lib/compress/gradient/gradient-model';
import { createSession, sessionRunner, sessionTrainer } from '../../lib/index';
import { loadModel, readFloats, type OnnxModel } from '../../lib/onnx';
import { makeModel, type NodeSpec } from '../onnx-builder';
import { temporaryFolder } from '../temporary-folder';

const trainer: Trainer = sessionTrainer({ device: 'cpu', intraOpNumThreads: 1 });
const runner = sessionRunner({ device: 'cpu', intraOpNumThreads: 1 });
const COUNT = 40;

function numbers(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const inputs = { x: { dims: [COUNT, 6], data: numbers(COUNT * 6, 5) } };
const labels = { dims: [COUNT], data: Int32Array.from({ length: COUNT }, (_, index) => index % 4) };
const data: TrainingData = { inputs, labels };

const NORMALIZATION: NodeSpec = {
  op: 'BatchNormalization',
  name: 'norm',
  inputs: ['h', 'scale', 'shift', 'mean', 'variance'],
  outputs: ['n'],
};

/** Two layers with a batch normalisation between them. */
function network(batch: number | string = 'n'): Uint8Array {
  const vector = (name: string) => ({ name, dims: [8], data: new Float32Array(8).fill(1) });
  return makeModel({
    opset: 18,
    inputs: [{ name: 'x', dims: [batch, 6] }],
    outputs: [{ name: 'y', dims: [batch, 4] }],
    nodes: [
      { op: 'Gemm', name: 'one', inputs: ['x', 'w1'], outputs: ['h'] },
      NORMALIZATION,
      { op: 'Relu', inputs: ['n'], outputs: ['r'] },
      { op: 'Gemm', name: 'two', inputs: ['r', 'w2'], outputs: ['y'] },
    ],
    initializers: [
      { name: 'w1', dims: [6, 8], data: numbers(48, 1) },
      { name: 'w2', dims: [8, 4], data: numbers(32, 2) },
      ...['scale', 'shift', 'mean', 'variance'].map(vector),
    ],
  });
}

const valuesOf = ({ graph }: OnnxModel, name: string): Float32Array =>
  readFloats(graph.initializer.find((tensor) => tensor.name === name)!);

describe('data that does not fit', () => {
  test('labels of other dims and classes that there are not are refused', async () => {
    const column = { ...labels, dims: [COUNT, 1] };
    const fromOne = { ...labels, data: labels.data.map((value) => value + 1) };
    await expect(finetune(network(), { inputs, labels: column }, { trainer })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      details: { labels: [COUNT, 1] },
    });
    await expect(finetune(network(), { inputs, labels: fromOne }, { trainer })).rejects.toThrow(
      /Label 4 came; the model has 4 classes/,
    );
  });

  test('a fixed batch needs as many samples to measure on', async () => {
    const options = { trainer, epochs: 1 };
    await expect(finetune(network(8), data, { ...options, validation: 5 / COUNT })).rejects.toThrow(
      /5 samples to measure on; the model takes 8/,
    );
    const { report } = await finetune(network(8), data, { ...options, validation: 0.25 });
    expect(report.validation?.loss).toBeGreaterThan(0);
  });

  test('outputs of a teacher in FP16 are not taken for numbers', async () => {
    const { model } = await cast(network(), { to: 'fp16', keepIo: false });
    const half = { x: { dims: [COUNT, 6], data: new Uint16Array(COUNT * 6) } };
    await expect(softLabels(model, half, { trainer })).rejects.toThrow(/Uint16Array|FP16/);
  });
});

describe('what is not trained', () => {
  test('an excluded normalisation keeps its statistics', async () => {
    const { model } = await finetune(network(), data, { trainer, epochs: 1, exclude: { names: ['norm'] } });
    for (const name of ['scale', 'shift', 'mean', 'variance'])
      expect(valuesOf(model, name)).toEqual(new Float32Array(8).fill(1));
    expect(valuesOf(model, 'w1')).not.toEqual(numbers(48, 1));
  });

  test('an input with a default value takes it', async () => {
    const model = await loadModel(
      makeModel({
        opset: 18,
        inputs: [
          { name: 'x', dims: ['n', 6] },
          { name: 'shape', type: 'INT64', dims: [2] },
        ],
        outputs: [{ name: 'y', dims: ['n', 4] }],
        nodes: [
          { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['flat'] },
          { op: 'Gemm', inputs: ['flat', 'w'], outputs: ['y'] },
        ],
        initializers: [
          { name: 'w', dims: [6, 4], data: numbers(24, 1) },
          { name: 'shape', type: 'INT64', dims: [2], data: [-1, 6] },
        ],
      }),
    );
    const { report } = await finetune(model, data, { trainer, epochs: 1 });
    expect(report.changed.map(({ parameter }) => parameter)).toEqual(['w']);
  });

  test('of a quantised model the scales are not: what was measured is what is written', async () => {
    const calibration = [{ x: inputs.x }];
    const settings = { equalize: 'off', method: 'max', smallLayers: 'quantize' } as const;
    const { model } = await quantize(network(), { calibration, runner, ...settings });
    const { model: tuned, report } = await finetune(model, data, {
      trainer,
      epochs: 20,
      learningRate: 0.02,
      validation: data,
    });
    expect(report.changed.map(({ parameter }) => parameter).filter((name) => /scale/.test(name))).toEqual([]);
    await using session = await createSession(tuned.toBytes(), { device: 'cpu', intraOpNumThreads: 1 });
    const { y } = await session.run(inputs);
    let loss = 0;
    for (let row = 0; row < COUNT; row++) {
      const scores = Array.from((y!.data as Float32Array).subarray(4 * row, 4 * row + 4));
      loss += Math.log(scores.reduce((sum, one) => sum + Math.exp(one), 0)) - scores[row % 4]!;
    }
    expect(report.bestEpoch).toBeGreaterThan(0);
    expect(loss / COUNT).toBeCloseTo(report.validation!.loss, 4);
  });
});

describe('a checkpoint', () => {
  test('is of the frozen weights too', async () => {
    const checkpoint = join(temporaryFolder(), 'state');
    const options = { trainer, epochs: 1, exclude: { names: ['one'] }, checkpoint };
    await finetune(network(), data, options);
    const other = await loadModel(network());
    const tensor = other.graph.initializer.find(({ name }) => name === 'w1')!;
    tensor.rawData = new Uint8Array(numbers(48, 9).buffer);
    await expect(finetune(other, data, options)).rejects.toThrow(/another model/);
  });

  test('of before the first step counts no epoch', async () => {
    const checkpoint = join(temporaryFolder(), 'state');
    const options = { trainer, epochs: 6, patience: 2, validation: 0.25, learningRate: 0.5 } as const;
    const whole = await finetune(network(), data, { ...options, optimizer: 'sgd' });
    const stop = new AbortController();
    const stopping: Trainer = async (model) => {
      const session = await trainer(model);
      stop.abort();
      return session;
    };
    const { signal } = stop;
    const stopped = { ...options, optimizer: 'sgd', checkpoint } as const;
    await expect(finetune(network(), data, { ...stopped, trainer: stopping, signal })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
    const resumed = await finetune(network(), data, stopped);
    expect(resumed.report.epochs).toEqual(whole.report.epochs);
    expect(resumed.model.toBytes()).toEqual(whole.model.toBytes());
  });
});

test('a matrix that is turned before it is multiplied starts from random values, not from zero', async () => {
  const student = makeModel({
    opset: 18,
    inputs: [{ name: 'x', dims: ['n', 6] }],
    outputs: [{ name: 'y', dims: ['n', 4] }],
    nodes: [
      { op: 'Transpose', inputs: ['w'], outputs: ['turned'], attributes: { perm: [1, 0] } },
      { op: 'MatMul', inputs: ['x', 'turned'], outputs: ['y'] },
    ],
    initializers: [{ name: 'w', dims: [4, 6], data: numbers(24, 1) }],
  });
  const { model } = await distill(
    network(),
    student,
    { inputs },
    {
      trainer,
      epochs: 1,
      learningRate: 1e-9,
      initialize: 'random',
    },
  );
  const values = valuesOf(model, 'w');
  expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(0.1);
});

describe('a search whose score is no number', () => {
  const calibration = Array.from({ length: 8 }, (_, run) => ({
    x: { dims: [4, 6], data: numbers(24, run + 1) },
  }));

  test('of the source is refused, that of a trial is a trial that failed', async () => {
    const options = { calibration, runner, trials: 3 };
    await expect(compress(network(), { ...options, score: async () => NaN })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
    let asked = 0;
    const score = async () => (asked++ === 2 ? NaN : 0.5);
    const { report } = await compress(network(), { ...options, score });
    expect(report.failed.map(({ reason }) => reason)).toContainEqual(expect.stringContaining('NaN'));
    expect(report.trials.every(({ drop }) => Number.isFinite(drop))).toBe(true);
  });

  test('is not taken from a state of another score', async () => {
    const state = join(temporaryFolder(), 'search.json');
    const options = { calibration, runner, trials: 2, state };
    await compress(network(), { ...options, score: async () => 0.5 });
    await expect(compress(network(), { ...options, score: async () => 0.9 })).rejects.toThrow(/0\.5.*0\.9/);
  });
});

test('a power of whole numbers and the length of a zero vector have the slopes that PyTorch gives them', async () => {
  const source = await loadModel(
    makeModel({
      opset: 18,
      inputs: [{ name: 'x', dims: [2, 2] }],
      outputs: [{ name: 'y', dims: [2, 1] }],
      nodes: [
        { op: 'Pow', inputs: ['x', 'three'], outputs: ['p'] },
        { op: 'ReduceL2', inputs: ['p', 'axes'], outputs: ['y'] },
      ],
      initializers: [
        { name: 'three', type: 'INT64', dims: [], data: [3] },
        { name: 'axes', type: 'INT64', dims: [1], data: [1] },
      ],
    }),
  );
  const { model, gradients } = makeGradientModel(source, {
    parameters: [],
    inputs: ['x'],
    writeLoss: (write) => ({
      loss: write.node('ReduceSum', ['y'], { keepdims: 0 }),
      inputs: [],
      parts: {},
      parameters: [],
    }),
  });
  await using session = await createSession(model.toBytes(), { device: 'cpu', intraOpNumThreads: 1 });
  const outputs = await session.run({ x: { dims: [2, 2], data: Float32Array.of(0, 0, 1, 2) } });
  // |x^3| has the slope 3 x^5 / |x^3|.
  const expected = [0, 0, 3 / Math.sqrt(65), 96 / Math.sqrt(65)];
  const found = Array.from(outputs[gradients.get('x')!]!.data as Float32Array);
  for (const [at, value] of found.entries()) expect(value).toBeCloseTo(expected[at]!, 4);
});
