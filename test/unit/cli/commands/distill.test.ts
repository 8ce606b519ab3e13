// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DistillOptions, DistillReport, MakeStudent, TrainingData } from '../../../../lib/compress';
import type { ToolApi } from '../../../../lib/cli/tool-api';
import { writeNpy } from '../../../../lib/tensor/npy';
import { temporaryFolder } from '../../../temporary-folder';
import { runFake } from '../fake-cli';
import { fakeMeasures } from '../fake-compression';
import { referenceNumerics } from '../../../../lib/numerics/reference';
import type { PruneChannelsOptions } from '../../../../lib/compress';
import type { Feeds } from '../../../../lib/index';

const report: DistillReport = {
  changed: [{ node: 'fc', parameter: 'w', change: 0.5 }],
  kept: [{ node: 'a', parameter: 'table', reason: 'the loss does not depend on it' }],
  parameters: { before: 2099, after: 2099 },
  warnings: ['There are 60 samples to train on: the weights may fit them alone.'],
  epochs: [{ epoch: 1, loss: 0.5, learningRate: 0.001, validation: { loss: 0.4, accuracy: 0.9, parts: {} } }],
  steps: 31,
  end: 'epochs',
  bestEpoch: 1,
  before: { loss: 2.3, accuracy: 0.1, agreement: 0.1, parts: {} },
  validation: { loss: 0.4, accuracy: 0.9, agreement: 0.95, parts: {} },
  temperature: 4,
  alpha: 0.9,
  teacherParameters: 29_338,
};

interface Call {
  readonly models: readonly (string | MakeStudent)[];
  readonly data: TrainingData;
  readonly options: DistillOptions;
}

async function run(line: string, isJson = false) {
  const folder = temporaryFolder();
  const [big, small] = [join(folder, 'big.onnx'), join(folder, 'small.onnx')];
  await writeFile(big, 'a large model of some length');
  await writeFile(small, 'a small model');
  const labels = join(folder, 'labels.npy');
  await writeNpy(labels, { type: 'uint8', data: Uint8Array.of(3, 1, 2), dims: [3] });
  const calls: Call[] = [];
  const saved: string[] = [];
  const written: string[] = [];
  const pruned: PruneChannelsOptions<Feeds>[] = [];
  const narrow = { isNarrow: true };
  const api: Partial<ToolApi> = {
    readModelInfo: async () =>
      ({ inputs: [{ name: 'x', dims: ['n', 2], type: 'float32' }], externalFiles: [] }) as never,
    openInputs: async () =>
      async function* () {
        yield { x: { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] } };
        yield { x: { data: Float32Array.of(5, 6), dims: [1, 2] } };
      },
    sessionTrainer: async (options) => Object.assign(() => Promise.reject(new Error('unused')), { options }),
    writeSoftLabels: async (path) => {
      written.push(basename(path));
      return { probabilities: { data: new Float32Array(3), dims: [3, 1] }, temperature: 4 };
    },
    distill: async (teacher, student, data, options) => {
      calls.push({ models: [teacher, student], data, options });
      const save = async (path: string): Promise<void> => {
        saved.push(basename(path));
        await writeFile(path, 'taught');
      };
      return { model: { save } as never, report };
    },
    ...fakeMeasures,
    pruneChannels: async (_, options) => {
      pruned.push(options);
      return { model: narrow, report: { channels: { before: 64, after: 40 } } } as never;
    },
    sessionRunner: async () => async function* () {} as never,
    nativeNumerics: async () => referenceNumerics,
  };
  const given = line
    .replaceAll('LABELS', labels)
    .replaceAll('big.onnx', big)
    .replaceAll('small.onnx', small)
    .replaceAll('OUT', join(folder, 'out.onnx'));
  const result = await runFake(isJson ? `${given} --json` : given, { api });
  return { ...result, calls, saved, written, pruned, narrow };
}

describe('distill', () => {
  it('reads all samples, trains and saves', async () => {
    const { code, stdout, calls, saved } = await run(
      'distill big.onnx small.onnx --data x.npy --labels LABELS --alpha 0.5 --epochs 3 --random --threads 1 --feature a=b*0.5',
    );
    expect(code).toBe(0);
    expect(saved).toEqual(['small-distilled.onnx']);
    const [{ models, data, options }] = calls as [Call];
    expect(models.map((path) => basename(path as string))).toEqual(['big.onnx', 'small.onnx']);
    expect(data.inputs).toEqual({ x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [3, 2] } });
    expect(data.labels).toEqual({ data: Int32Array.of(3, 1, 2), dims: [3] });
    expect(options).toMatchObject({
      alpha: 0.5,
      epochs: 3,
      initialize: 'random',
      features: [{ teacher: 'a', student: 'b', weight: 0.5 }],
    });
    expect(options.temperature).toBeUndefined();
    expect(options.trainer).toHaveProperty('options', { device: 'cpu', intraOpNumThreads: 1 });
    expect(stdout).toContain("2,099, 7.2 % of the teacher's 29,338");
    expect(stdout).toContain('accuracy 90.00 %, as the teacher 95.00 %, loss 0.4000 (epoch 1)');
    expect(stdout).toContain('the loss does not depend on it');
    expect(stdout).toContain('There are 60 samples');
  });

  it('makes the student from the teacher by removing channels', async () => {
    const { calls, saved, pruned, narrow, stdout } = await run(
      'distill big.onnx --student-channels 70% --data x.npy --seed 4 --keep-shared',
    );
    expect(saved).toEqual(['big-distilled.onnx']);
    const [{ models, options }] = calls as [Call];
    const make = models[1] as MakeStudent;
    const input = { name: 'x', type: { tensorType: { shape: { dim: [{}, { dimValue: 2 }] } } } };
    expect(await make({ graph: { input: [input], initializer: [] } } as never)).toBe(narrow);
    const [{ ratio, calibration, seed }] = pruned as [(typeof pruned)[0]];
    expect(ratio).toBeCloseTo(0.3, 12);
    expect(seed).toBe(4);
    expect(calibration).toEqual([{ x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [3, 2] } }]);
    expect(options).toMatchObject({ keepShared: true, seed: 4 });
    expect(stdout).toContain('distilled');
  });

  it('writes soft labels, and learns from them', async () => {
    const { written, calls, stdout } = await run(
      'distill big.onnx small.onnx -o OUT --data x.npy --soft-labels OUT.npz',
      true,
    );
    expect(written).toEqual(['out.onnx.npz']);
    expect(calls[0]!.options.softLabels?.temperature).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({
      output: expect.stringMatching(/out\.onnx$/),
      softLabels: expect.stringMatching(/out\.onnx\.npz$/),
      compression: { before: { bytes: 28 }, after: { bytes: 6 } },
      report: { alpha: 0.9 },
    });
  });

  it.each([
    ['distill big.onnx small.onnx', '--data is missing'],
    ['distill big.onnx --data x.npy', 'needs the model that learns'],
    ['distill big.onnx small.onnx --student-channels 70% --data x.npy', 'a student is given too'],
    ['distill big.onnx --student-channels 100% --data x.npy', 'less than 100 %'],
    ['distill big.onnx small.onnx -o small.onnx --data x.npy', 'would replace what is read'],
    ['distill big.onnx small.onnx -o big.onnx --data x.npy', 'would replace what is read'],
    ['distill big.onnx small.onnx --data x.npy --feature one', 'teacher-tensor=student-tensor'],
    ['distill big.onnx small.onnx --data x.npy --alpha 2', 'from 0 to 1'],
    ['distill big.onnx small.onnx --data x.npy --optimizer lion', 'lion'],
  ])('refuses %s', async (line, message) => {
    const { code, stderr } = await run(line);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
