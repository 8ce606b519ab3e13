// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ClusterOptions, ClusterReport } from '../../../../lib/compress/cluster';
import type { FactorizeOptions, FactorizeReport } from '../../../../lib/compress/factorize';
import type { ToolApi } from '../../../../lib/cli/tool-api';
import { TensorRTError } from '../../../../lib/errors';
import type { Feeds } from '../../../../lib/index';
import { temporaryFolder } from '../../../temporary-folder';
import { runFake } from '../fake-cli';
import { fakeMeasures } from '../fake-compression';

const score = { sqnrDb: 28.2, cosine: 0.9997, top1Agreement: 0.995, answers: 400 };
const kept = [{ node: 'head', op: 'Gemm', reason: 'its 80 weights are too few' }];
const clusterReport: ClusterReport = {
  changed: [],
  kept,
  clusters: 16,
  scope: { group: 8 },
  form: 'values',
  weightBytes: { before: 4096, packed: 600 },
  dataRuns: 25,
  score,
  numerics: 'native',
  warnings: ['something is odd'],
};
const factorizeReport: FactorizeReport = {
  changed: [
    {
      node: 'block.a',
      op: 'Conv',
      form: 'tucker',
      ranks: [8, 6],
      parameters: { before: 2304, after: 1200 },
      multiplyAdds: { before: 9000, after: 4000 },
      error: 0.151,
    },
  ],
  kept,
  parameters: { before: 4000, after: 2000 },
  multiplyAdds: { before: 9000, after: 4000 },
  dataRuns: 25,
  score,
  numerics: 'native',
  warnings: ['something is odd'],
};

function fakeApi() {
  const calls: [string, unknown][] = [];
  const model = { save: (path: string) => writeFile(path, 'compressed') } as never;
  const numerics = { name: 'native' } as never;
  const api: Partial<ToolApi> = {
    cluster: async (path, options: ClusterOptions<Feeds>) => {
      calls.push([path, options]);
      options.onProgress?.('clustering w: 1 of 2');
      return { model, report: clusterReport };
    },
    factorize: async (path, options: FactorizeOptions<Feeds>) => {
      calls.push([path, options]);
      options.onProgress?.('factorising block.a: 1 of 2');
      return { model, report: factorizeReport };
    },
    saveCompact: async (_, path) => {
      writeFileSync(path, 'zip');
      return { bytes: 3, expandedBytes: 9, tables: [] };
    },
    loadCompact: async () => model,
    ...fakeMeasures,
    nativeNumerics: async () => numerics,
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

describe('cluster', () => {
  it('writes beside the model unless told where, and hands options on', async () => {
    const { api, calls } = fakeApi();
    const model = modelFile();
    const { code } = await runFake(
      `cluster ${model} --clusters 64 --scope group=8 --form gather --no-compensation --seed 3 --exclude head,b*.2 --calibration x.npy --json`,
      { api },
    );
    expect(code).toBe(0);
    expect(readFileSync(model.replace('.onnx', '-clustered.onnx'), 'utf8')).toBe('compressed');
    const [path, { onProgress: _p, signal, calibration, runner, numerics, ...options }] = calls[0] as [
      string,
      ClusterOptions<Feeds>,
    ];
    expect(path).toBe(model);
    expect([typeof calibration, typeof runner, numerics?.name]).toEqual(['function', 'function', 'native']);
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(options).toEqual({
      clusters: 64,
      scope: { group: 8 },
      form: 'gather',
      compensate: false,
      seed: 3,
      exclude: { names: ['head'], patterns: ['b*.2'], ops: [] },
    });
  });

  it('tells the sizes of all forms, as a document and to people', async () => {
    const { api } = fakeApi();
    const model = modelFile();
    const compact = model.replace('.onnx', '.onnx.gz');
    const { stdout, stderr } = await runFake(`cluster ${model} --compact ${compact} --json`, { api });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      input: model,
      bytes: { before: 22, after: 10, zipped: 7, compact: 3 },
      compact,
      weightBytes: { before: 4096, packed: 600 },
    });
    const shown = await runFake(`cluster ${model} --compact ${compact}`, { api });
    for (const text of [
      '16 values for each group of 8 channels',
      'an engine holds them whole',
      '28.2 dB, cosine 0.99970',
      'Gemm: its 80 weights are too few',
      'something is odd',
    ])
      expect(shown.stdout).toContain(text);
    expect(shown.stderr).toContain('clustering w: 1 of 2');
  });

  it('expands a compact file', async () => {
    const { api, calls } = fakeApi();
    const model = modelFile();
    const output = model.replace('.onnx', '-again.onnx');
    const { stdout, code } = await runFake(`cluster ${model} --expand -o ${output} --json`, { api });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ input: model, output, bytes: { before: 22, after: 10 } });
    expect(calls).toEqual([]);
  });

  it.each([
    ['cluster m.onnx --scope rows', 'group=<n>'],
    ['cluster m.onnx --clusters 1', 'from 2 to 65536'],
    ['cluster m.onnx --form zip', 'values, gather'],
    ['cluster m.onnx.gz --expand', 'Add -o model.onnx'],
    ['factorize m.onnx --target size=0.5', 'parameters=, flops= or error='],
    ['factorize m.onnx --target parameters=5', '0.5 or 50%'],
    ['factorize m.onnx --rank a=b', '<node>=16'],
    ['factorize m.onnx --rank 4 --rank a=4', 'either one number'],
    ['factorize m.onnx --form svd', 'tucker'],
  ])('refuses %s', async (line, advice) => {
    const { api, calls } = fakeApi();
    const { code, stderr } = await runFake(line, { api });
    expect(code).toBe(2);
    expect(stderr).toContain(advice);
    expect(calls).toEqual([]);
  });
});

describe('factorize', () => {
  it.each([
    ['--target parameters=0.5', { target: { parameters: 0.5 } }],
    ['--target flops=60% --form spatial', { target: { flops: 0.6 }, form: 'spatial' }],
    ['--ratio 0.3', { ratio: 0.3 }],
    ['--rank 16', { rank: 16 }],
    ['--rank a=4 --rank b.c=8', { rank: { a: 4, 'b.c': 8 } }],
  ])('hands %s on', async (text, expected) => {
    const { api, calls } = fakeApi();
    const model = modelFile();
    expect((await runFake(`factorize ${model} ${text}`, { api })).code).toBe(0);
    const [, { onProgress: _p, signal: _s, numerics: _n, ...options }] = calls[0] as [
      string,
      FactorizeOptions<Feeds>,
    ];
    expect(options).toEqual(expected);
    expect(readFileSync(model.replace('.onnx', '-low-rank.onnx'), 'utf8')).toBe('compressed');
  });

  it('tells what came apart and what stayed, as a document and to people', async () => {
    const { api } = fakeApi();
    const model = modelFile();
    const { stdout } = await runFake(`factorize ${model} --json`, { api });
    expect(JSON.parse(stdout)).toMatchObject({
      bytes: { before: 22, after: 10 },
      changed: [{ ranks: [8, 6] }],
    });
    const shown = await runFake(`factorize ${model}`, { api });
    for (const text of [
      'TensorRT gains much from it.',
      '8 x 6',
      '2,304 → 1,200',
      '15.1 %',
      'too few',
      'something is odd',
    ])
      expect(shown.stdout).toContain(text);
    expect(shown.stderr).toContain('factorising block.a');
  });

  it('ends with the code of an interrupt, and writes nothing', async () => {
    const { api } = fakeApi();
    const model = modelFile();
    let interrupt: () => void = () => undefined;
    const { code } = await runFake(`factorize ${model} -o ${model}.out`, {
      onInterrupt: (handler) => {
        interrupt = handler;
        return () => undefined;
      },
      api: {
        ...api,
        factorize: async (_, { signal }) => {
          interrupt();
          expect(signal!.aborted).toBe(true);
          throw new TensorRTError('ERR_TRT_RUN_ABORTED', 'withdrawn', { cause: signal!.reason });
        },
      },
    });
    expect(code).not.toBe(0);
    expect(() => readFileSync(`${model}.out`)).toThrow();
  });
});
