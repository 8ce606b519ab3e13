// SPDX-License-Identifier: Apache-2.0
// Training on ONNX Runtime's CPU: what it changes, what it keeps, and that an interruption leaves no trace.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  finetune,
  quantize,
  type FinetuneOptions,
  type Trainer,
  type TrainingData,
} from '../../lib/compress';
import { createSession, sessionRunner, sessionTrainer, TensorRTError } from '../../lib/index';
import { loadModel, readFloats, readNumbers, type OnnxModel } from '../../lib/onnx';
import { makeModel } from '../onnx-builder';
import { temporaryFolder } from '../temporary-folder';
import { networkPath, readSamples } from '../training-samples';

const trainer: Trainer = sessionTrainer({ device: 'cpu', intraOpNumThreads: 1 });

async function accuracyOf(model: OnnxModel, { inputs, labels }: TrainingData): Promise<number> {
  await using session = await createSession(model.toBytes(), { device: 'cpu', intraOpNumThreads: 1 });
  const { logits } = await session.run(inputs);
  const scores = logits!.data as Float32Array;
  const count = labels!.dims[0]!;
  const classes = scores.length / count;
  let right = 0;
  for (let row = 0; row < count; row++) {
    const part = scores.subarray(row * classes, (row + 1) * classes);
    if (part.indexOf(Math.max(...part)) === labels!.data[row]) right++;
  }
  return right / count;
}

function valuesOf({ graph }: OnnxModel, name: string): Float32Array {
  return readFloats(graph.initializer.find((tensor) => tensor.name === name)!);
}

function setValues(
  { graph }: OnnxModel,
  name: string,
  change: (value: number, index: number) => number,
): void {
  const tensor = graph.initializer.find((one) => one.name === name)!;
  tensor.rawData = new Uint8Array(readFloats(tensor).map(change).buffer);
  tensor.floatData = [];
}

describe('finetune', () => {
  test('brings a network back whose weights were damaged', async () => {
    const [train, held] = [await readSamples('clusters', 'train'), await readSamples('clusters', 'test')];
    const model = await loadModel(networkPath('mlp'));
    const before = await accuracyOf(model, held);
    setValues(model, 'three.weight', (value, index) => (index % 3 !== 0 ? 0 : value));
    const damaged = await accuracyOf(model, held);
    expect(damaged).toBeLessThan(before - 0.05);
    const { model: tuned, report } = await finetune(model, train, { trainer, epochs: 2, validation: held });
    expect(await accuracyOf(tuned, held)).toBeGreaterThan(before - 0.02);
    expect(report.validation?.accuracy).toBeCloseTo(await accuracyOf(tuned, held), 6);
    expect(report.before?.accuracy).toBeCloseTo(damaged, 6);
    expect(report.changed.map(({ parameter }) => parameter)).toContain('three.weight');
    expect(report.steps).toBe(2 * Math.floor(2000 / 32));
    // The source is as it was.
    expect(await accuracyOf(model, held)).toBe(damaged);
  });

  test('keeps the zeros of a pruned model where it is told to', async () => {
    const train = await readSamples('clusters', 'train', 320);
    const model = await loadModel(networkPath('mlp'));
    setValues(model, 'two.weight', (value, index) => (index % 2 === 0 ? 0 : value));
    const isZero = (values: Float32Array) =>
      values.filter((_, index) => index % 2 === 0).every((one) => one === 0);
    const options = { trainer, epochs: 1, optimizer: 'adamw', weightDecay: 0.1 } as const;
    const kept = await finetune(model, train, { ...options, keepZeros: true });
    const free = await finetune(model, train, options);
    expect(isZero(valuesOf(kept.model, 'two.weight'))).toBe(true);
    expect(isZero(valuesOf(free.model, 'two.weight'))).toBe(false);
    expect(valuesOf(kept.model, 'two.weight')).not.toEqual(valuesOf(model, 'two.weight'));
  });

  test('leaves excluded nodes alone, and frozen normalisations their statistics', async () => {
    const train = await readSamples('clusters', 'train', 320);
    const model = await loadModel(networkPath('mlp'));
    const exclude = { names: ['one'] };
    const frozen = await finetune(model, train, {
      trainer,
      epochs: 1,
      exclude,
      batchNormalization: 'frozen',
    });
    const moving = await finetune(model, train, { trainer, epochs: 1 });
    expect(valuesOf(frozen.model, 'one.weight')).toEqual(valuesOf(model, 'one.weight'));
    expect(valuesOf(frozen.model, 'one.bn.mean')).toEqual(valuesOf(model, 'one.bn.mean'));
    expect(valuesOf(moving.model, 'one.bn.mean')).not.toEqual(valuesOf(model, 'one.bn.mean'));
    expect(frozen.report.kept).toContainEqual({
      node: 'one',
      parameter: 'one.weight',
      reason: 'node "one" is excluded',
    });
  });

  test('trains a quantised model through its rounding', async () => {
    const [train, held] = [await readSamples('digits', 'train'), await readSamples('digits', 'test')];
    const size = 8 * 64;
    const calibration = Array.from({ length: 8 }, (_, run) => ({
      input: {
        data: (train.inputs.input!.data as Float32Array).slice(run * size, (run + 1) * size),
        dims: [8, 1, 8, 8],
      },
    }));
    const runner = sessionRunner({ device: 'cpu', intraOpNumThreads: 1 });
    const { model } = await quantize(networkPath('cnn'), {
      calibration,
      runner,
      equalize: 'off',
      method: 'max',
    });
    const stored = model.graph.initializer.filter(({ dataType }) => dataType === 3);
    expect(stored.length).toBeGreaterThan(5);
    const { model: tuned, report } = await finetune(model, train, { trainer, epochs: 1, learningRate: 3e-4 });
    const after = tuned.graph.initializer.filter(({ dataType }) => dataType === 3);
    expect(after.map(({ name, dims }) => [name, dims])).toEqual(stored.map(({ name, dims }) => [name, dims]));
    const moved = after.filter(
      (tensor, at) => String(readNumbers(tensor)) !== String(readNumbers(stored[at]!)),
    );
    expect(moved.length).toBeGreaterThan(0);
    expect(report.changed.length).toBeGreaterThan(5);
    expect(tuned.graph.node.map(({ opType }) => opType)).toEqual(
      model.graph.node.map(({ opType }) => opType),
    );
    expect(await accuracyOf(tuned, held)).toBeGreaterThan((await accuracyOf(model, held)) - 0.01);
  });

  test('fits targets by squared distance', async () => {
    const model = makeModel({
      inputs: [{ name: 'x', dims: ['n', 2] }],
      outputs: [{ name: 'y', dims: ['n', 1] }],
      nodes: [{ op: 'Gemm', name: 'line', inputs: ['x', 'w', 'b'], outputs: ['y'] }],
      initializers: [
        { name: 'w', dims: [2, 1], data: [0, 0] },
        { name: 'b', dims: [1], data: [0] },
      ],
    });
    const x = Float32Array.from({ length: 400 }, (_, index) => Math.sin(index * 1.7));
    const y = Float32Array.from({ length: 200 }, (_, row) => 3 * x[2 * row]! - 2 * x[2 * row + 1]! + 0.5);
    const data = { inputs: { x: { data: x, dims: [200, 2] } }, targets: { data: y, dims: [200, 1] } };
    const { model: fitted } = await finetune(model, data, {
      trainer,
      loss: 'mse',
      optimizer: 'sgd',
      learningRate: 0.1,
      epochs: 30,
    });
    expect([...valuesOf(fitted, 'w')].map((value) => value.toFixed(3))).toEqual(['3.000', '-2.000']);
    expect(valuesOf(fitted, 'b')[0]).toBeCloseTo(0.5, 3);
  });
});

describe('an interrupted training', () => {
  const options: FinetuneOptions = {
    trainer,
    epochs: 3,
    batchSize: 16,
    seed: 5,
    validation: 0.2,
    learningRate: 2e-3,
  };

  async function bytesOf(further: Partial<FinetuneOptions> = {}): Promise<Buffer> {
    const data = await readSamples('clusters', 'train', 200);
    const { model } = await finetune(networkPath('mlp'), data, { ...options, ...further });
    return Buffer.from(model.toBytes());
  }

  test.each([3, 10, 17, 20])('goes on as if nothing had been, after step %i', async (stop) => {
    const expected = await bytesOf();
    const checkpoint = join(temporaryFolder(), 'state');
    const controller = new AbortController();
    const onProgress: FinetuneOptions['onProgress'] = ({ step }) => {
      if (step === stop) controller.abort();
    };
    await expect(bytesOf({ checkpoint, signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
    const steps: number[] = [];
    const resumed = await bytesOf({ checkpoint, onProgress: ({ step }) => void steps.push(step) });
    expect(steps[0]).toBe(stop + 1);
    expect(resumed.equals(expected)).toBe(true);
  });

  test('goes on from its last checkpoint when it died', async () => {
    const expected = await bytesOf();
    const checkpoint = join(temporaryFolder(), 'state');
    const onProgress: FinetuneOptions['onProgress'] = ({ step }) => {
      if (step === 17) throw new Error('the power is gone');
    };
    await expect(bytesOf({ checkpoint, checkpointSteps: 4, onProgress })).rejects.toThrow('power');
    const steps: number[] = [];
    const resumed = await bytesOf({ checkpoint, onProgress: ({ step }) => void steps.push(step) });
    expect(steps[0]).toBe(17);
    expect(resumed.equals(expected)).toBe(true);
  });

  test('refuses the checkpoint of another training, and a damaged one', async () => {
    const checkpoint = join(temporaryFolder(), 'state');
    await bytesOf({ checkpoint, epochs: 1 });
    expect(existsSync(checkpoint)).toBe(true);
    await expect(bytesOf({ checkpoint, epochs: 1, seed: 6 })).rejects.toThrow(
      /another model, other data or other options/,
    );
    writeFileSync(checkpoint, readFileSync(checkpoint).subarray(0, -100));
    await expect(bytesOf({ checkpoint, epochs: 1 })).rejects.toThrow(/its end is missing/);
  });

  test('ends when the time is over, with the weights it has', async () => {
    const data = await readSamples('clusters', 'train', 200);
    const { report } = await finetune(networkPath('mlp'), data, {
      ...options,
      epochs: 100_000,
      timeLimit: 0.2,
    });
    expect(report.end).toBe('time');
    expect(report.warnings.join()).toContain('The time was over');
  });

  test('ends without a better measure, with the best weights', async () => {
    const data = await readSamples('clusters', 'train', 200);
    const { report } = await finetune(networkPath('mlp'), data, {
      ...options,
      epochs: 500,
      learningRate: 1,
      schedule: 'constant',
      patience: 2,
    });
    expect(report.end).toBe('patience');
    expect(report.epochs.length).toBe(report.bestEpoch! + 2);
  });
});

describe('what cannot be trained', () => {
  const data = (): Promise<TrainingData> => readSamples('clusters', 'train', 64);

  test('a loss that is no number, with the step', async () => {
    const given = { ...(await data()) };
    const bad = new Float32Array(given.inputs.input!.data as Float32Array);
    bad.fill(NaN, 48 * 40);
    const inputs = { input: { data: bad, dims: given.inputs.input!.dims } };
    const failed = finetune(networkPath('mlp'), { ...given, inputs }, { trainer, epochs: 2, batchSize: 8 });
    await expect(failed).rejects.toThrow(/became NaN at step \d+; the learning rate is 0.001/);
    await expect(failed).rejects.toHaveProperty(
      'hint',
      expect.stringContaining('a tenth of the learning rate'),
    );
  });

  test('an operator without a gradient, with its node', async () => {
    const model = makeModel({
      inputs: [{ name: 'input', dims: ['n', 48] }],
      outputs: [{ name: 'y', dims: ['n', 8] }],
      nodes: [
        { op: 'Gemm', inputs: ['input', 'w'], outputs: ['a'] },
        { op: 'Einsum', name: 'turn', inputs: ['a'], outputs: ['y'], attributes: { equation: 'ij->ij' } },
      ],
      initializers: [{ name: 'w', dims: [48, 8], data: new Float32Array(384) }],
    });
    await expect(finetune(model, await data(), { trainer })).rejects.toMatchObject({
      code: 'ERR_TRT_COMPRESS_UNSUPPORTED',
      details: { node: 'turn', op: 'Einsum' },
    });
  });

  test.each<[string, (given: TrainingData) => TrainingData, Partial<FinetuneOptions>, RegExp]>([
    ['labels that are missing', ({ inputs }) => ({ inputs }), {}, /The data has no labels/],
    [
      'labels of other samples',
      (given) => ({ ...given, labels: { data: new Int32Array(3), dims: [3] } }),
      {},
      /3 samples/,
    ],
    [
      'labels that are no classes',
      (given) => ({ ...given, labels: { data: new Float32Array(64).fill(0.5), dims: [64] } }),
      {},
      /whole numbers/,
    ],
    [
      'an input without data',
      ({ labels, inputs }) => ({ labels, inputs: { other: inputs.input! } }),
      {},
      /nothing for input "input"/,
    ],
    ['an option that there is not', (given) => given, { epoch: 3 } as never, /no option "epoch"/],
    ['a learning rate of nothing', (given) => given, { learningRate: 0 }, /learningRate/],
    ['an output that there is not', (given) => given, { output: 'scores' }, /no output "scores"/],
  ])('%s', async (_, change, further, message) => {
    const failed = finetune(networkPath('mlp'), change(await data()), { trainer, epochs: 1, ...further });
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toBeInstanceOf(TensorRTError);
  });
});
