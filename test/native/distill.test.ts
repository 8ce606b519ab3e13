// SPDX-License-Identifier: Apache-2.0
// A student learns from a teacher on ONNX Runtime's CPU: by soft labels, by labels, by inner tensors.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { distill, softLabels, writeSoftLabels, type DistillOptions, type Trainer } from '../../lib/compress';
import { checkOnnxModel, loadModel } from '../../lib/onnx';
import { createSession, sessionTrainer } from '../../lib/index';
import { readNpy } from '../../lib/tensor/npy';
import { readNpz } from '../../lib/tensor/npz';
import { makeModel } from '../onnx-builder';
import { temporaryFolder } from '../temporary-folder';
import { networkPath, readSamples } from '../training-samples';

const trainer: Trainer = sessionTrainer({ device: 'cpu', intraOpNumThreads: 1 });
const TEACHER = networkPath('mlp');

/** One hidden layer; `softmax` ends in probabilities. */
function student(width = 24, { softmax = false } = {}): Uint8Array {
  const nodes = [
    { op: 'Gemm', name: 'hidden', inputs: ['input', 'w1', 'b1'], outputs: ['h'] },
    { op: 'Relu', inputs: ['h'], outputs: ['r'] },
    { op: 'Gemm', name: 'last', inputs: ['r', 'w2', 'b2'], outputs: ['scores'] },
    ...(softmax ? [{ op: 'Softmax', inputs: ['scores'], outputs: ['p'], attributes: { axis: -1 } }] : []),
  ];
  return makeModel({
    inputs: [{ name: 'input', dims: ['batch', 48] }],
    outputs: [{ name: softmax ? 'p' : 'scores', dims: ['batch', 8] }],
    nodes,
    initializers: [
      { name: 'w1', dims: [48, width], data: new Float32Array(48 * width) },
      { name: 'b1', dims: [width], data: new Float32Array(width) },
      { name: 'w2', dims: [width, 8], data: new Float32Array(8 * width) },
      { name: 'b2', dims: [8], data: new Float32Array(8) },
    ],
  });
}

const learn: DistillOptions = { trainer, epochs: 4, initialize: 'random', learningRate: 5e-3, seed: 1 };

describe('distill', () => {
  test('teaches a small network to answer as the teacher does, without labels', async () => {
    const [{ inputs }, held] = [
      await readSamples('clusters', 'train'),
      await readSamples('clusters', 'test'),
    ];
    const { model, report } = await distill(
      TEACHER,
      student(),
      { inputs },
      { ...learn, epochs: 8, validation: held },
    );
    expect(checkOnnxModel(model)).toEqual([]);
    expect(report.alpha).toBe(1);
    expect(report.before!.agreement).toBeLessThan(0.4);
    expect(report.validation!.agreement).toBeGreaterThan(0.6);
    expect(report.validation!.accuracy).toBeGreaterThan(0.6);
    expect(report.validation!.parts['soft']).toBeLessThan(report.before!.parts['soft']! / 2);
    expect(report.parameters.after).toBe(48 * 24 + 24 + 24 * 8 + 8);
    expect(report.teacherParameters).toBe(32_584);
  });

  test('takes what a softmax takes, and keeps the softmax', async () => {
    const { inputs } = await readSamples('clusters', 'train', 320);
    const plain = await distill(TEACHER, student(8), { inputs }, learn);
    const ended = await distill(TEACHER, student(8, { softmax: true }), { inputs }, learn);
    expect(ended.model.graph.node.at(-1)!.opType).toBe('Softmax');
    const bytesOf = ({ model }: typeof plain) => model.graph.initializer.map(({ rawData }) => rawData);
    expect(bytesOf(ended)).toEqual(bytesOf(plain));
  });

  test('is the same with soft labels from before', async () => {
    const { inputs } = await readSamples('clusters', 'train', 320);
    const known = await softLabels(TEACHER, inputs, { trainer, temperature: 4 });
    const asked = await distill(TEACHER, student(8), { inputs }, learn);
    const told = await distill(TEACHER, student(8), { inputs }, { ...learn, softLabels: known });
    expect(told.report.epochs.at(-1)!.loss).toBeCloseTo(asked.report.epochs.at(-1)!.loss, 3);
  });

  test('counts samples without a label in the soft part alone', async () => {
    const given = await readSamples('clusters', 'train', 320);
    const labels = {
      data: Int32Array.from(given.labels.data as Float32Array, (label, at) => (at < 80 ? label : -1)),
      dims: [320],
    };
    const none = { data: new Int32Array(320).fill(-1), dims: [320] };
    const options = { ...learn, alpha: 0.5, validation: { ...given, labels: none } };
    const { report } = await distill(TEACHER, student(8), { ...given, labels }, options);
    expect(report.validation!.accuracy).toBeUndefined();
    expect(report.validation!.parts['hard']).toBe(0);
    expect(report.validation!.parts['soft']).toBeGreaterThan(0);
  });

  test.each([
    ['as wide as the teacher', 64],
    ['narrower, through a map that is trained along', 16],
  ])('brings inner tensors together: %s', async (_, width) => {
    const given = await readSamples('clusters', 'train', 640);
    const teacher = await loadModel(TEACHER);
    const inner = teacher.graph.node.filter(({ opType }) => opType === 'Relu').at(-1)!.output[0]!;
    const { model, report } = await distill(TEACHER, student(width), given, {
      ...learn,
      alpha: 0,
      features: [{ teacher: inner, student: 'r', weight: 2 }],
      validation: given,
    });
    expect(report.validation!.parts['feature0']).toBeLessThan(0.7 * report.before!.parts['feature0']!);
    expect(model.graph.initializer.map(({ name }) => name)).toEqual(['w1', 'b1', 'w2', 'b2']);
  });

  test('brings feature maps of convolutions together', async () => {
    const given = await readSamples('digits', 'train', 96);
    const teacher = await loadModel(networkPath('cnn'));
    const inner = teacher.graph.node.find(({ opType }) => opType === 'Relu')!.output[0]!;
    const small = makeModel({
      inputs: [{ name: 'input', dims: ['batch', 1, 8, 8] }],
      outputs: [{ name: 'y', dims: ['batch', 10] }],
      nodes: [
        { op: 'Conv', inputs: ['input', 'w', 'b'], outputs: ['c'], attributes: { pads: [1, 1, 1, 1] } },
        { op: 'Relu', inputs: ['c'], outputs: ['r'] },
        { op: 'GlobalAveragePool', inputs: ['r'], outputs: ['g'] },
        { op: 'Flatten', inputs: ['g'], outputs: ['f'] },
        { op: 'Gemm', inputs: ['f', 'v'], outputs: ['y'] },
      ],
      initializers: [
        { name: 'w', dims: [6, 1, 3, 3], data: new Float32Array(54) },
        { name: 'b', dims: [6], data: new Float32Array(6) },
        { name: 'v', dims: [6, 10], data: new Float32Array(60) },
      ],
    });
    const features = [{ teacher: inner, student: 'r' }];
    const { report } = await distill(teacher, small, given, { ...learn, features, validation: given });
    expect(report.validation!.parts['feature0']).toBeLessThan(report.before!.parts['feature0']!);
  });

  test('fills up what a model of a fixed batch takes', async () => {
    const { inputs } = await readSamples('clusters', 'train', 50);
    const fixed = async (samples: number) => {
      const model = await loadModel(TEACHER);
      for (const value of [...model.graph.input, ...model.graph.output])
        value.type!.tensorType!.shape!.dim[0] = { dimValue: samples };
      return model;
    };
    const free = await softLabels(TEACHER, inputs, { trainer });
    const filled = await softLabels(await fixed(16), inputs, { trainer });
    expect(filled.probabilities.dims).toEqual([50, 8]);
    for (const [at, value] of free.probabilities.data.entries())
      expect(filled.probabilities.data[at]).toBeCloseTo(value, 5);
    const { report } = await distill(
      await fixed(16),
      await fixed(8),
      { inputs },
      { trainer, epochs: 1, validation: 0.4 },
    );
    expect(report.steps).toBe(Math.floor(30 / 8));
    const other = { trainer, epochs: 1, batchSize: 10 };
    await expect(distill(TEACHER, await fixed(8), { inputs }, other)).rejects.toThrow(
      /takes 8 samples, no more and no fewer/,
    );
  });

  test('takes a student that a function makes from the teacher', async () => {
    const { inputs } = await readSamples('clusters', 'train', 64);
    const { report } = await distill(TEACHER, (teacher) => teacher, { inputs }, { trainer, epochs: 1 });
    expect(report.epochs[0]!.loss).toBeLessThan(1);
  });

  test.each<[string, Partial<DistillOptions>, RegExp]>([
    ['alpha without labels', { alpha: 0.5 }, /alpha 0.5 leaves a share to labels; the data has none/],
    ['tensors that the teacher lacks', { features: [{ teacher: 'nowhere', student: 'r' }] }, /nowhere/],
    [
      'tensors that the student lacks',
      { features: [{ teacher: 'logits', student: 'nowhere' }] },
      /cannot learn from "logits"/,
    ],
    ['an option that there is not', { heat: 3 } as never, /no option "heat"/],
    [
      'soft labels that are no probabilities',
      {
        softLabels: { probabilities: { data: new Float32Array(512).fill(7), dims: [64, 8] }, temperature: 4 },
      },
      /probabilities/,
    ],
  ])('refuses %s', async (_, further, message) => {
    const { inputs } = await readSamples('clusters', 'train', 64);
    await expect(
      distill(TEACHER, student(8), { inputs }, { trainer, epochs: 1, ...further }),
    ).rejects.toThrow(message);
  });
});

describe('soft labels', () => {
  test('are softmax(scores / temperature), in files that NumPy reads', async () => {
    const { inputs } = await readSamples('clusters', 'train', 50);
    const labels = await softLabels(TEACHER, inputs, { trainer, temperature: 3, batchSize: 16 });
    await using session = await createSession(TEACHER, { device: 'cpu', intraOpNumThreads: 1 });
    const { logits } = await session.run(inputs);
    const scores = logits!.data as Float32Array;
    const powers = [...scores.subarray(8, 16)].map((score) => Math.exp(score / 3));
    const sum = powers.reduce((total, power) => total + power, 0);
    for (const [at, power] of powers.entries())
      expect(labels.probabilities.data[8 + at]).toBeCloseTo(power / sum, 5);
    const folder = temporaryFolder();
    await writeSoftLabels(join(folder, 'soft.npy'), labels);
    await writeSoftLabels(join(folder, 'soft.npz'), labels);
    expect((await readNpy(join(folder, 'soft.npy'))).data).toEqual(labels.probabilities.data);
    expect((await readNpz(join(folder, 'soft.npz'), 'probabilities')).dims).toEqual([50, 8]);
    expect((await readNpz(join(folder, 'soft.npz'), 'temperature')).data[0]).toBe(3);
    await expect(writeSoftLabels(join(folder, 'soft.csv'), labels)).rejects.toThrow(
      /ends in .npy, .npz or .parquet/,
    );
  });
});
