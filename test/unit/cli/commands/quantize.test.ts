// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { QuantizeOptions } from '../../../../lib/compress/quantize-options';
import type { QuantizationReport } from '../../../../lib/compress/quantize-report';
import type { ToolApi } from '../../../../lib/cli/tool-api';
import type { Feeds } from '../../../../lib/index';
import { temporaryFolder } from '../../../temporary-folder';
import { runFake } from '../fake-cli';
import { fakeMeasures } from '../fake-compression';

const report: QuantizationReport = {
  type: 'int8',
  weightOnly: false,
  rest: 'fp16',
  quantized: [{ node: 'a', op: 'Conv', what: 'weights and activations', type: 'int8' } as never],
  kept: [{ node: 'head', op: 'Gemm', reason: 'its weights are [8, 8]' }],
  scales: {},
  weightBytes: { before: 4000, after: 1000 },
  decisions: {
    exponent: 0.5,
    multiplications: false,
    smallLayers: false,
    channelMaxima: {},
    ranges: { x: { min: -1, max: 2, amplitude: 2 } },
    method: 'mse',
    keptForBound: ['b'],
  },
  dataRuns: { fit: 12, judge: 4, shared: false },
  equalization: [
    { choice: 'none', sqnrDb: 17.9 },
    { choice: '0.5', sqnrDb: 32.2 },
  ],
  methods: [
    { choice: 'mse', sqnrDb: 32.2 },
    { choice: 'max', sqnrDb: 30 },
  ],
  smallLayers: [],
  corrections: [],
  rounding: 'nearest',
  bound: { asked: { maxDrop: 0.005 }, reached: { drop: 0.0022, cosine: 0.999, sqnrDb: 33, answers: 450 } },
  keptForBound: [{ node: 'b', reason: 'quantised alone, the outputs are at 12.0 dB' }],
  score: { sqnrDb: 32.2, cosine: 0.9997, top1Agreement: 0.995, answers: 400 },
  warnings: ['something is odd'],
};

/** A quantiser that hands out the report, and keeps what it was given. */
function fakeQuantizer() {
  const calls: [string, QuantizeOptions<Feeds>][] = [];
  const data: unknown[] = [];
  const model = { save: (path: string) => writeFile(path, 'quantised') };
  const api: Partial<ToolApi> = {
    quantize: async (path, options) => {
      calls.push([path, options]);
      options.onProgress?.('measuring ranges by mse');
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
    evaluate: async (path, files, options) => {
      data.push([path, files, options]);
      return { task: 'classification', accuracy: 0.75 } as never;
    },
    writeCalibrationCache: async (ranges) => `TRT-cache ${Object.keys(ranges).join()}`,
  };
  return { api, calls, data };
}

function modelFile(): string {
  const path = join(temporaryFolder(), 'm.onnx');
  writeFileSync(path, 'a model of some length');
  return path;
}

describe('quantize', () => {
  it('writes beside the model unless told where, and hands options on', async () => {
    const { api, calls, data } = fakeQuantizer();
    const model = modelFile();
    const { code } = await runFake(
      `quantize ${model} --calibration x.npy --batch 8 --samples 99 --type fp8 --method percentile --percentile 99.9 --rest fp16 --exclude head,block*.2 --exclude-op Gemm --max-drop 0.5% --min-cosine 0.99 --float-residual --bias-correction --json`,
      { api },
    );
    expect(code).toBe(0);
    expect(readFileSync(model.replace('.onnx', '-fp8.onnx'), 'utf8')).toBe('quantised');
    const [path, { onProgress: _progress, signal: _signal, calibration, runner, ...options }] = calls[0]!;
    expect(path).toBe(model);
    expect([typeof calibration, typeof runner]).toEqual(['function', 'function']);
    expect(options).toEqual({
      type: 'fp8',
      method: 'percentile',
      percentile: 99.9,
      rest: 'fp16',
      exclude: { names: ['head'], patterns: ['block*.2'], ops: ['Gemm'] },
      bound: { maxDrop: 0.005, minCosine: 0.99 },
      residual: false,
      biasCorrection: true,
    });
    expect(data[0]).toMatchObject({ path: 'x.npy', batch: 8, samples: 99 });
    expect(data[1]).toEqual({ device: 'cpu' });
  });

  it('prints one document with the sizes of both files', async () => {
    const { api } = fakeQuantizer();
    const model = modelFile();
    const { stdout, stderr } = await runFake(`quantize ${model} --type int4 --json`, { api });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      input: model,
      bytes: { before: 22, after: 9 },
      type: 'int8',
      score: { sqnrDb: 32.2 },
      decisions: { method: 'mse' },
    });
  });

  it('tells people what was chosen, what it measured and which layers were kept', async () => {
    const { api } = fakeQuantizer();
    const { stdout, stderr } = await runFake(`quantize ${modelFile()} --type int4`, { api });
    for (const text of [
      'mse  (mse 32.2 dB, max 30.0 dB)',
      'by 0.5  (none 17.9 dB, 0.5 32.2 dB)',
      '32.2 dB, cosine 0.99970, same answer for 99.50 % of 400',
      '12 runs for ranges, 4 for choices',
      'drop 0.22 % of 450 answers (at most 0.50 %)',
      'quantised alone, the outputs are at 12.0 dB',
      'Gemm: its weights are [8, 8]',
      'something is odd',
    ])
      expect(stdout).toContain(text);
    expect(stderr).toContain('measuring ranges by mse');
  });

  it('measures a drop of accuracy where there are labels', async () => {
    const { api, calls, data } = fakeQuantizer();
    await runFake(`quantize ${modelFile()} --calibration x.npy --labels y.npy --max-drop 0.01`, { api });
    expect(await calls[0]![1].bound!.score!('candidate.onnx')).toBe(0.75);
    expect(data.at(-1)).toEqual([
      'candidate.onnx',
      { path: 'x.npy', labels: 'y.npy' },
      { session: { device: 'cpu' }, task: 'classification' },
    ]);
  });

  it("writes TensorRT 10's cache where asked to", async () => {
    const { api } = fakeQuantizer();
    const cache = join(temporaryFolder(), 'calibration.cache');
    await runFake(`quantize ${modelFile()} --type int4 --calibration-cache ${cache}`, { api });
    expect(readFileSync(cache, 'utf8')).toBe('TRT-cache x');
  });

  it.each([
    ['--max-drop 5', 'Write 5% if you mean percent'],
    ['--max-drop x', 'share such as 0.5%'],
    ['--min-cosine 2', 'from -1 to 1'],
    ['--labels y.npy', 'Add --max-drop'],
    ['--type int3', 'int8, fp8, int4'],
    ['--percentile 10', 'from 50 to 100'],
  ])('refuses %s', async (text, advice) => {
    const { api, calls } = fakeQuantizer();
    const { code, stderr } = await runFake(`quantize m.onnx ${text}`, { api });
    expect(code).toBe(2);
    expect(stderr).toContain(advice);
    expect(calls).toEqual([]);
  });
});

describe('cast', () => {
  it('hands options on and tells what stayed', async () => {
    const model = modelFile();
    const calls: unknown[] = [];
    const { api } = fakeQuantizer();
    const cast = async (path: string, options: object) => {
      calls.push([path, options]);
      const kept = [{ node: 'softmax', op: 'Softmax', reason: 'by rule' }];
      const facts = { precision: 'bf16', reduced: 7, kept, casts: 2, dataRuns: 0 };
      return { model: { save: (to: string) => writeFile(to, 'cast') }, report: facts } as never;
    };
    const { stdout } = await runFake(`cast ${model} --to bf16 --cast-io --exclude head`, {
      api: { ...api, cast },
    });
    expect(calls).toEqual([
      [
        model,
        {
          to: 'bf16',
          keepIo: false,
          exclude: { names: ['head'], patterns: [], ops: [] },
          signal: expect.any(AbortSignal) as unknown,
        },
      ],
    ]);
    expect(readFileSync(model.replace('.onnx', '-bf16.onnx'), 'utf8')).toBe('cast');
    expect(stdout).toContain('7 nodes in bf16, 1 kept in fp32');
    expect(stdout).toContain('Softmax: by rule');
  });
});
