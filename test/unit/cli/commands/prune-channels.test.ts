// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PruneChannelsOptions } from '../../../../lib/compress/channels/prune-channels-options';
import type { PruneChannelsReport } from '../../../../lib/compress/channels/prune-channels-report';
import type { ToolApi } from '../../../../lib/cli/tool-api';
import type { LossSensitivityOptions } from '../../../../lib/compress/channels/loss-sensitivity';
import type { ChannelSensitivity } from '../../../../lib/compress/channels/rank-units';
import type { TrainingData } from '../../../../lib/compress';
import { writeNpy } from '../../../../lib/tensor/npy';
import type { Feeds } from '../../../../lib/index';
import { referenceNumerics } from '../../../../lib/numerics/reference';
import { temporaryFolder } from '../../../temporary-folder';
import { runFake } from '../fake-cli';
import { fakeMeasures } from '../fake-compression';

const report: PruneChannelsReport = {
  criterion: 'norm',
  changed: [{ node: 'conv1', group: 0 }],
  kept: [{ node: 'head', reason: 'its outputs are outputs of the model' }],
  groups: [
    { nodes: ['conv1'], readers: ['conv2'], before: 32, after: 24, width: 1 },
    { nodes: ['q', 'k', 'v'], readers: ['out'], before: 4, after: 3, width: 16 },
  ],
  channels: { before: 96, after: 72 },
  parameters: { before: 1000, after: 600 },
  multiplyAdds: { before: 20_000, after: 11_000 },
  inputs: { x: [1, 4] },
  fitted: [],
  warnings: ['something is odd'],
};

function fakePruner() {
  const calls: [string, PruneChannelsOptions<Feeds>][] = [];
  const api: Partial<ToolApi> = {
    pruneChannels: async (path, options) => {
      calls.push([String(path), options]);
      options.onProgress?.('ranking channels');
      return { model: { save: (file: string) => writeFile(file, 'narrow') } as never, report };
    },
    nativeNumerics: async () => referenceNumerics,
    ...fakeMeasures,
    readModelInfo: async () =>
      ({ inputs: [{ name: 'x', type: 'float32', dims: ['n', 4] }], externalFiles: [] }) as never,
    openInputs: async () => async function* () {},
    sessionRunner: async () => async function* () {} as never,
  };
  return { api, calls };
}

function modelFile(): string {
  const path = join(temporaryFolder(), 'm.onnx');
  writeFileSync(path, 'a model of some length');
  return path;
}

describe('prune-channels', () => {
  it('writes beside the model unless told where, and hands options on', async () => {
    const { api, calls } = fakePruner();
    const model = modelFile();
    const { code } = await runFake(
      `prune-channels ${model} --calibration x.npy --target flops=0.5,parameters=70% --scope global --criterion activation --multiple-of 16 --minimum 8 --seed 3 --no-reconstruct --exclude head --json`,
      { api },
    );
    expect(code).toBe(0);
    expect(readFileSync(model.replace('.onnx', '-narrow.onnx'), 'utf8')).toBe('narrow');
    const [path, { onProgress: _progress, signal: _signal, calibration, runner, ...options }] = calls[0]!;
    expect(path).toBe(model);
    expect([typeof calibration, typeof runner]).toEqual(['function', 'function']);
    expect(options).toEqual({
      target: { flops: 0.5, parameters: 0.7 },
      scope: 'global',
      criterion: 'activation',
      multipleOf: 16,
      minimum: 8,
      seed: 3,
      recover: 'none',
      exclude: { names: ['head'], patterns: [], ops: [] },
      numerics: referenceNumerics,
    });
  });

  it('goes by the loss of labelled data', async () => {
    const labels = join(temporaryFolder(), 'labels.npy');
    await writeNpy(labels, { type: 'uint8', data: Uint8Array.of(1, 0), dims: [2] });
    const { api, calls } = fakePruner();
    const asked: [TrainingData, LossSensitivityOptions][] = [];
    const sensitivity: ChannelSensitivity = () => Promise.resolve([]);
    const { code, stderr } = await runFake(
      `prune-channels ${modelFile()} --ratio 30% --criterion taylor --calibration x.npy --labels ${labels} --seed 2`,
      {
        api: {
          ...api,
          openInputs: async () =>
            async function* () {
              yield { x: { data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), dims: [2, 4] } };
            },
          sessionTrainer: async () => () => Promise.reject(new Error('unused')),
          lossSensitivity: async (data, options) => {
            asked.push([data, options]);
            return sensitivity;
          },
        },
      },
    );
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    const [[data, options]] = asked as [(typeof asked)[0]];
    expect(data.inputs['x']!.dims).toEqual([2, 4]);
    expect(data.labels).toEqual({ data: Int32Array.of(1, 0), dims: [2] });
    expect(options.seed).toBe(2);
    expect(calls[0]![1]).toMatchObject({ criterion: 'taylor', sensitivity });
  });

  it('needs no data', async () => {
    const { api, calls } = fakePruner();
    await runFake(`prune-channels ${modelFile()} --ratio 30%`, { api });
    const { onProgress: _progress, signal: _signal, ...options } = calls[0]![1];
    expect(options).toEqual({ ratio: 0.3 });
  });

  it('tells people what was removed, what stayed and why', async () => {
    const { api } = fakePruner();
    const { stdout, stderr } = await runFake(`prune-channels ${modelFile()} --ratio 30%`, { api });
    for (const text of [
      '96 → 72 (75.0 %), chosen by norm',
      'multiply-adds',
      'not measured: no data',
      'q, k, v',
      '3 x 16',
      'its outputs are outputs of the model',
      'something is odd',
    ])
      expect(stdout).toContain(text);
    expect(stderr).toContain('ranking channels');
  });

  it('prints one document', async () => {
    const { api } = fakePruner();
    const model = modelFile();
    const { stdout, stderr } = await runFake(`prune-channels ${model} --ratio 30% --json`, { api });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      input: model,
      bytes: { before: 22, after: 6 },
      criterion: 'norm',
    });
  });

  it.each([
    ['', 'Add --ratio 30% or --target flops=0.5'],
    ['--ratio 30% --target flops=0.5', 'either --ratio or --target'],
    ['--target speed=0.5', 'flops=0.5 or parameters=0.5'],
    ['--target flops=1.5', 'from 0 to 1'],
    ['--ratio 3', 'Write 3% if you mean percent'],
    ['--ratio 30% --criterion size', 'reconstruction, activation, taylor, norm'],
    ['--ratio 30% --criterion taylor', '--criterion taylor needs data'],
    ['--ratio 30% --labels y.npy', '--labels is for --criterion taylor'],
  ])('refuses %s', async (text, advice) => {
    const { api, calls } = fakePruner();
    const { code, stderr } = await runFake(`prune-channels m.onnx ${text}`, { api });
    expect(code).toBe(2);
    expect(stderr).toContain(advice);
    expect(calls).toEqual([]);
  });
});
