// SPDX-License-Identifier: Apache-2.0
// What came out of other steps is trained by the same loop, and stays what it is: zeros, patterns, shared values, integers.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  cluster,
  distill,
  factorize,
  finetune,
  prune,
  quantize,
  type FinetuneOptions,
  type Trainer,
} from '../../lib/compress';
import { sessionTrainer, type TensorRTError } from '../../lib/index';
import { loadModel, readFloats, readNumbers, type OnnxModel } from '../../lib/onnx';
import { temporaryFolder } from '../temporary-folder';
import { networkPath, readSamples } from '../training-samples';

const trainer: Trainer = sessionTrainer({ device: 'cpu', intraOpNumThreads: 1 });
const SGD = { trainer, epochs: 1, optimizer: 'sgd', learningRate: 0.01 } as const;
const ADAMW = { trainer, epochs: 1, optimizer: 'adamw', weightDecay: 0.1 } as const;

function matricesOf({ graph }: OnnxModel): Map<string, Float32Array> {
  const matrices = graph.initializer.filter(({ dims, dataType }) => dims.length > 1 && dataType === 1);
  return new Map(matrices.map((tensor) => [tensor.name!, readFloats(tensor)]));
}

/** For each weight the first one that has the same value. */
function partition(values: Float32Array): number[] {
  const first = new Map<number, number>();
  return Array.from(values, (value, index) => {
    if (!first.has(value)) first.set(value, index);
    return first.get(value)!;
  });
}

describe('a model that was', () => {
  test.each([
    ['pruned, anywhere', { sparsity: 0.6 }],
    ['pruned to 2:4', { pattern: '2:4', ends: 'prune' }],
    ['pruned by blocks', { sparsity: 0.5, pattern: { block: [4, 4] } }],
  ] as const)('%s keeps its zeros, and only those', async (_, options) => {
    const data = await readSamples('clusters', 'train', 320);
    const { model } = await prune(networkPath('mlp'), options);
    const tuned = await finetune(model, data, { ...ADAMW, keepZeros: true });
    const after = matricesOf(tuned.model);
    let zeros = 0;
    for (const [name, before] of matricesOf(model)) {
      zeros += before.filter((value) => value === 0).length;
      expect(after.get(name)!.map((value) => Number(value === 0))).toEqual(
        before.map((value) => Number(value === 0)),
      );
      expect(after.get(name)).not.toEqual(before);
    }
    expect(zeros).toBeGreaterThan(10_000);
  });

  test.each([SGD, ADAMW])('clustered keeps its shared values: $optimizer', async (options) => {
    const data = await readSamples('clusters', 'train', 320);
    const { model } = await cluster(networkPath('mlp'), { clusters: 16 });
    const [kept, free] = [
      await finetune(model, data, { ...options, keepShared: true }),
      await finetune(model, data, options),
    ];
    const [after, apart] = [matricesOf(kept.model), matricesOf(free.model)];
    for (const [name, before] of matricesOf(model)) {
      expect(new Set(before).size).toBeLessThanOrEqual(16);
      expect(partition(after.get(name)!)).toEqual(partition(before));
      expect(after.get(name)).not.toEqual(before);
      expect(new Set(apart.get(name)).size).toBeGreaterThan(100);
    }
  });

  test('clustered with its table in the graph has the table trained', async () => {
    const data = await readSamples('clusters', 'train', 640);
    const { model } = await cluster(networkPath('mlp'), { clusters: 4, form: 'gather' });
    const tables = model.graph.node.filter(({ opType }) => opType === 'Gather').map(({ input }) => input[0]!);
    expect(tables.length).toBeGreaterThan(2);
    const { model: tuned, report } = await finetune(model, data, { trainer, epochs: 4 });
    const moved = report.changed.filter(({ change }) => change > 0).map(({ parameter }) => parameter);
    expect(moved).toEqual(expect.arrayContaining(tables));
    expect(report.epochs.at(-1)!.loss).toBeLessThan(0.8 * report.epochs[0]!.loss);
    expect(tuned.graph.node.map(({ opType }) => opType)).toEqual(
      model.graph.node.map(({ opType }) => opType),
    );
  });

  test('factorised has both factors trained', async () => {
    const data = await readSamples('clusters', 'train', 640);
    const { model, report: made } = await factorize(networkPath('mlp'), { target: { parameters: 0.3 } });
    const { report } = await finetune(model, data, { trainer, epochs: 2, validation: 0.2 });
    expect(made.changed.length).toBeGreaterThan(0);
    expect(report.validation!.loss).toBeLessThan(report.before!.loss);
    const trained = new Set(report.changed.map(({ parameter }) => parameter));
    for (const name of matricesOf(model).keys()) expect(trained).toContain(name);
  });

  test('pruned and quantised keeps its zeros as integers', async () => {
    const data = await readSamples('clusters', 'train', 320);
    const pruned = await prune(networkPath('mlp'), { pattern: '2:4' });
    const { model } = await quantize(pruned.model, { weightOnly: true });
    const tuned = await finetune(model, data, { ...ADAMW, learningRate: 1e-2, keepZeros: true });
    const stored = model.graph.initializer.filter(({ dataType, dims }) => dataType === 3 && dims.length > 1);
    expect(stored.length).toBeGreaterThan(2);
    let moved = 0;
    for (const tensor of stored) {
      const after = readNumbers(tuned.model.graph.initializer.find(({ name }) => name === tensor.name)!);
      for (const [at, value] of readNumbers(tensor).entries()) {
        if (value === 0) expect(after[at]).toBe(0);
        if (after[at] !== value) moved++;
      }
    }
    expect(moved).toBeGreaterThan(100);
  });

  test('quantised by blocks is left as it is, and the report says why', async () => {
    const data = await readSamples('clusters', 'train', 96);
    const { model } = await quantize(networkPath('mlp'), { type: 'int4', weightOnly: true, blockSize: 16 });
    const { report } = await finetune(model, data, { trainer, epochs: 1 });
    expect(report.kept.map(({ reason }) => reason)).toContain('weights in INT4 are not trained');
    expect(report.changed.length).toBeGreaterThan(0);
  });
});

describe('a training that goes astray', () => {
  const astray: FinetuneOptions = {
    trainer,
    epochs: 6,
    optimizer: 'sgd',
    schedule: 'constant',
    batchSize: 16,
    validation: 0.2,
    seed: 3,
  };
  const data = () => readSamples('clusters', 'train', 200);

  test('names its last checkpoint, from which it goes on with a smaller learning rate', async () => {
    const checkpoint = join(temporaryFolder(), 'state');
    // A rate that all is well with at first, until what is fed has no end.
    const good = await data();
    let runs = 0;
    const spoiled: Trainer = async (model) => {
      const session = await trainer(model);
      return {
        close: () => session.close(),
        run: (feeds) => {
          const isTraining = 'training_labels' in feeds && feeds['training_labels'].dims[0] === 16;
          if (isTraining) runs++;
          if (runs < 25) return session.run(feeds);
          const data = (feeds['input']!.data as Float32Array).map(() => 3e38);
          return session.run({ ...feeds, input: { ...feeds['input']!, data } });
        },
      };
    };
    const failed = finetune(networkPath('mlp'), good, {
      ...astray,
      trainer: spoiled,
      learningRate: 0.05,
      checkpoint,
      checkpointSteps: 4,
    });
    const error = await failed.catch((one: unknown) => one as TensorRTError);
    expect(error).toMatchObject({
      code: 'ERR_TRT_COMPRESS_DIVERGED',
      details: { checkpoint, checkpointStep: expect.any(Number), learningRate: 0.05 },
    });
    const { checkpointStep } = (error as TensorRTError).details as { checkpointStep: number };
    expect((error as TensorRTError).message).toContain(
      `The checkpoint "${checkpoint}" holds the state after step ${checkpointStep}.`,
    );
    expect(checkpointStep).toBeGreaterThan(0);
    const steps: number[] = [];
    const { report } = await finetune(networkPath('mlp'), good, {
      ...astray,
      learningRate: 0.005,
      clipNorm: 1,
      checkpoint,
      onProgress: ({ step }) => void steps.push(step),
    });
    expect(steps[0]).toBe(checkpointStep + 1);
    expect(report.end).toBe('epochs');
  });

  test('keeps what is no number out of checkpoints, and out of models', async () => {
    const checkpoint = join(temporaryFolder(), 'state');
    const failed = finetune(networkPath('mlp'), await data(), { ...astray, learningRate: 1e30, checkpoint });
    await expect(failed).rejects.toMatchObject({ code: 'ERR_TRT_COMPRESS_DIVERGED' });
    if (existsSync(checkpoint)) expect(readFileSync(checkpoint).includes('null')).toBe(false);
    const last = finetune(networkPath('mlp'), await data(), {
      trainer,
      optimizer: 'sgd',
      learningRate: 1e300,
      epochs: 1,
      batchSize: 200,
    });
    await expect(last).rejects.toThrow(/weights became -?Infinity at step 1; the learning rate is 1e\+300/);
  });

  test('ends a distillation with the same error', async () => {
    const teacher = await loadModel(networkPath('mlp'));
    const { inputs } = await data();
    const failed = distill(teacher, (copy) => copy, { inputs }, { ...astray, learningRate: 1e30 });
    await expect(failed).rejects.toMatchObject({ code: 'ERR_TRT_COMPRESS_DIVERGED' });
  });
});
