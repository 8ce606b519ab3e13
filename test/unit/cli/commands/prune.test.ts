// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ToolApi } from '../../../../lib/cli/tool-api';
import type { PruneOptions, PruneReport } from '../../../../lib/compress/prune';
import { TensorRTError, type Feeds } from '../../../../lib/index';
import { temporaryFolder } from '../../../temporary-folder';
import { runFake } from '../fake-cli';
import { fakeMeasures } from '../fake-compression';

const report: PruneReport = {
  pattern: '2:4',
  criterion: 'hessian',
  scope: 'layer',
  reconstructed: true,
  changed: [
    {
      node: 'up',
      op: 'Gemm',
      weights: 4096,
      zeros: 2048,
      share: 0.5,
      error: { before: 0.123, after: 0.045 },
      damping: 0.1,
    },
  ],
  kept: [{ node: 'stem', op: 'Conv', reason: 'its 3 input channels do not divide by 4' }],
  parameters: { before: 5000, after: 5000 },
  zeros: { weights: 4200, zeros: 2048, share: 2048 / 4200 },
  normalizations: [],
  dataRuns: 16,
  numerics: 'native',
  score: { sqnrDb: 18.2, cosine: 0.99, top1Agreement: 0.98, answers: 400 },
  gains: ['TensorRT has kernels for 2:4.'],
  warnings: ['something is odd'],
};

/** A pruner that hands out the report, and keeps what it was given. */
function fakePruner() {
  const calls: [string, PruneOptions<Feeds>][] = [];
  const data: unknown[] = [];
  const model = { save: (path: string) => writeFile(path, 'pruned') };
  const numerics = { name: 'native' } as never;
  const api: Partial<ToolApi> = {
    prune: async (path, options) => {
      calls.push([path, options]);
      options.onProgress?.('pruning up (1 of 1)');
      return { model: model as never, report };
    },
    ...fakeMeasures,
    readModelInfo: async () =>
      ({ inputs: [{ name: 'x', type: 'float32', dims: ['n', 4] }], externalFiles: [] }) as never,
    openInputs: async (files) => {
      data.push(files);
      return async function* () {};
    },
    sessionRunner: async (options) => {
      data.push(options);
      return async function* () {} as never;
    },
    nativeNumerics: async () => numerics,
  };
  return { api, calls, data, numerics };
}

function modelFile(): string {
  const path = join(temporaryFolder(), 'm.onnx');
  writeFileSync(path, 'a model of some length');
  return path;
}

describe('prune', () => {
  it('writes beside the model unless told where, and hands options on', async () => {
    const { api, calls, data, numerics } = fakePruner();
    const model = modelFile();
    const { code } = await runFake(
      `prune ${model} --sparsity 60% --pattern block=4x1 --criterion activation --scope global --l2 0.1 --ends keep --seed 7 --exclude head,block*.2 --calibration x.npy --batch 8 --samples 99 --json`,
      { api },
    );
    expect(code).toBe(0);
    expect(readFileSync(model.replace('.onnx', '-pruned.onnx'), 'utf8')).toBe('pruned');
    const [path, { onProgress: _progress, signal, calibration, runner, ...options }] = calls[0]!;
    expect(path).toBe(model);
    expect([typeof calibration, typeof runner, signal instanceof AbortSignal]).toEqual([
      'function',
      'function',
      true,
    ]);
    expect(options).toEqual({
      sparsity: 0.6,
      pattern: { block: [4, 1] },
      criterion: 'activation',
      scope: 'global',
      shrinkage: { l2: 0.1 },
      ends: 'keep',
      seed: 7,
      exclude: { names: ['head'], patterns: ['block*.2'], ops: [] },
      numerics,
    });
    expect(data).toEqual([
      expect.objectContaining({ path: 'x.npy', batch: 8, samples: 99 }),
      { device: 'cpu' },
    ]);
  });

  it('needs no data', async () => {
    const { api, calls } = fakePruner();
    await runFake(`prune ${modelFile()} --threshold 0.01 --no-reconstruct`, { api });
    const [, { onProgress: _progress, signal: _signal, ...options }] = calls[0]!;
    expect(options).toEqual({ threshold: 0.01, reconstruct: false });
  });

  it('prints one document with the sizes of both files', async () => {
    const { api } = fakePruner();
    const model = modelFile();
    const { stdout, stderr } = await runFake(`prune ${model} --pattern 2:4 --json`, { api });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      input: model,
      bytes: { before: 22, after: 6 },
      pattern: '2:4',
      zeros: { zeros: 2048 },
      changed: [{ node: 'up', error: { before: 0.123 } }],
    });
  });

  it('tells people what was pruned, what it lost, and what TensorRT makes of it', async () => {
    const { api } = fakePruner();
    const { stdout, stderr } = await runFake(`prune ${modelFile()} --pattern 2:4`, { api });
    for (const text of [
      '1 layer by 2:4, chosen by hessian',
      '2,048 of 4,200 weights (48.8 %)',
      '18.2 dB, cosine 0.99000, same answer for 98.00 % of 400',
      '16 runs, to fit and to measure on',
      '12.3 %',
      '4.5 %',
      'Conv: its 3 input channels do not divide by 4',
      'TensorRT gains much from it.',
      'something is odd',
    ])
      expect(stdout).toContain(text);
    expect(stderr).toContain('pruning up (1 of 1)');
  });

  it('stops at Ctrl-C', async () => {
    const { api } = fakePruner();
    const prune: ToolApi['prune'] = (_path, { signal }) => {
      expect(signal!.aborted).toBe(false);
      return Promise.reject(new TensorRTError('ERR_TRT_RUN_ABORTED', 'Interrupted.'));
    };
    const model = modelFile();
    const { code, stderr } = await runFake(`prune ${model} --sparsity 50%`, { api: { ...api, prune } });
    expect(code).not.toBe(0);
    expect(stderr).toContain('Interrupted.');
  });

  it.each([
    ['--sparsity 0.5', 'Write 0.5% if you mean percent'],
    ['--sparsity half', 'share such as 0.5%'],
    ['--threshold -1', '0 or more'],
    ['--pattern 1:4', 'block=<rows>x<columns>'],
    ['--pattern block=0x4', 'block=<rows>x<columns>'],
    ['--criterion random', 'magnitude, activation, hessian'],
    ['--l1 2', 'from 0 to 1'],
    ['--sparsty 50%', '--sparsity'],
  ])('refuses %s', async (text, advice) => {
    const { api, calls } = fakePruner();
    const { code, stderr } = await runFake(`prune m.onnx ${text}`, { api });
    expect(code).toBe(2);
    expect(stderr).toContain(advice);
    expect(calls).toEqual([]);
  });
});
