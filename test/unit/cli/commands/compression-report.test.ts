// SPDX-License-Identifier: Apache-2.0
// What all commands have that make another model from one: where files go, the report, Ctrl-C.
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ToolApi } from '../../../../lib/cli/tool-api';
import { TensorRTError } from '../../../../lib/errors';
import { temporaryFolder } from '../../../temporary-folder';
import { runFake, type FakeWorld } from '../fake-cli';
import { fakeMeasures } from '../fake-compression';

const LINES = {
  prune: '--sparsity 50%',
  'prune-channels': '--ratio 30%',
  cluster: '',
  factorize: '',
  compress: '--calibration x.npy',
  quantize: '--weight-only',
  cast: '',
} as const;
type Name = keyof typeof LINES;
const NAMES = Object.keys(LINES) as Name[];
const METHODS: Readonly<Record<Name, keyof ToolApi>> = {
  prune: 'prune',
  'prune-channels': 'pruneChannels',
  cluster: 'cluster',
  factorize: 'factorize',
  compress: 'compress',
  quantize: 'quantize',
  cast: 'cast',
};

/** A machine on which every step makes the same small file. */
function fakeSteps(work: (signal: AbortSignal) => Promise<unknown> = () => Promise.resolve()) {
  const started: string[] = [];
  const step = (name: Name) => async (_: string, options: { signal: AbortSignal }) => {
    started.push(name);
    await work(options.signal);
    return { model: { save: (path: string) => writeFile(path, 'small') }, report: { warnings: [] } };
  };
  const api = {
    ...Object.fromEntries(NAMES.map((name) => [METHODS[name], step(name)])),
    ...fakeMeasures,
    nativeNumerics: async () => ({ name: 'native' }),
    readModelInfo: async () => ({
      inputs: [{ name: 'x', type: 'float32', dims: ['n', 4] }],
      externalFiles: [],
    }),
    openInputs: async () =>
      async function* () {
        yield { x: { data: Float32Array.from({ length: 12 }, (_v, at) => at), dims: [3, 4] } };
      },
    sessionRunner: async () => async function* () {},
  } as unknown as Partial<ToolApi>;
  return { api, started };
}

function modelFile(): string {
  const path = join(temporaryFolder(), 'm.onnx');
  writeFileSync(path, 'a model of some length');
  return path;
}

const runJson = async (line: string, world: FakeWorld) => {
  const { code, stdout } = await runFake(`${line} --json`, world);
  return { code, document: JSON.parse(stdout) as Record<string, never> };
};

describe.each(NAMES)('%s', (name) => {
  it('has the new model beside the source in its document', async () => {
    const { api } = fakeSteps();
    const model = modelFile();
    const output = join(dirname(model), 'out.onnx');
    const { code, document } = await runJson(`${name} ${model} -o ${output} ${LINES[name]}`, { api });
    expect(code).toBe(0);
    expect(document).toMatchObject({
      input: model,
      output,
      bytes: { before: 22, after: 5 },
      compression: {
        before: { bytes: 22, parameters: 1000 },
        after: { bytes: 5, zippedBytes: 2 },
        changed: [{ node: 'up' }],
        gains: ['TensorRT gains much from it.'],
        notMeasured: {
          evaluation: expect.stringContaining('--evaluate-data') as string,
          latency: expect.stringContaining('--latency') as string,
          engine: expect.stringContaining('--engine') as string,
        },
      },
    });
  });

  it('refuses its source as output under every name, before any work', async () => {
    const { api, started } = fakeSteps();
    const model = modelFile();
    const folder = dirname(model);
    symlinkSync(model, join(folder, 'link.onnx'));
    linkSync(model, join(folder, 'hard.onnx'));
    for (const output of [
      model,
      `${folder}/./m.onnx`,
      join(folder, 'link.onnx'),
      join(folder, 'hard.onnx'),
    ]) {
      const { code, document } = await runJson(`${name} ${model} -o ${output} ${LINES[name]}`, { api });
      expect(document['error']).toMatchObject({
        code: 'ERR_TRT_ONNX_WRITE',
        message: expect.stringContaining('would replace what is read') as string,
      });
      expect(code).toBe(1);
    }
    expect(readFileSync(model, 'utf8')).toBe('a model of some length');
    expect(started).toEqual([]);
  });

  it('refuses a folder that is not there, and a folder as a file, before any work', async () => {
    const { api, started } = fakeSteps();
    const model = modelFile();
    mkdirSync(join(dirname(model), 'sub'));
    for (const [output, reason] of [
      [join(dirname(model), 'none', 'out.onnx'), 'its folder does not exist'],
      [join(model, 'out.onnx'), 'its folder is a file'],
      [join(dirname(model), 'sub'), 'it is a folder'],
    ]) {
      const { document } = await runJson(`${name} ${model} -o ${output} ${LINES[name]}`, { api });
      expect(document['error']).toMatchObject({
        code: 'ERR_TRT_ONNX_WRITE',
        message: expect.stringContaining(reason!) as string,
      });
    }
    expect(started).toEqual([]);
  });

  it('refuses a name whose file of weights is one of the source', async () => {
    const { api, started } = fakeSteps();
    const model = modelFile();
    const folder = dirname(model);
    writeFileSync(join(folder, 'weights.bin'), 'weights');
    symlinkSync(join(folder, 'weights.bin'), join(folder, 'out.onnx.data'));
    const { document } = await runJson(`${name} ${model} -o ${join(folder, 'out.onnx')} ${LINES[name]}`, {
      api: { ...api, readModelInfo: async () => ({ inputs: [], externalFiles: ['weights.bin'] }) as never },
    });
    expect(document['error']).toMatchObject({
      code: 'ERR_TRT_ONNX_WRITE',
      message: expect.stringContaining('would replace what is read') as string,
    });
    expect(started).toEqual([]);
    expect(readFileSync(join(folder, 'weights.bin'), 'utf8')).toBe('weights');
  });

  it('replaces a file that is there and is not its source', async () => {
    const { api } = fakeSteps();
    const model = modelFile();
    const output = join(dirname(model), 'out.onnx');
    writeFileSync(output, 'an older model');
    const { code } = await runJson(`${name} ${model} -o ${output} ${LINES[name]}`, { api });
    expect(code).toBe(0);
    expect(readFileSync(output, 'utf8')).toBe('small');
  });

  it('writes nothing where Ctrl-C comes before the end of the work, heard or not', async () => {
    const model = modelFile();
    const output = join(dirname(model), 'out.onnx');
    let interrupt: () => void = () => undefined;
    const { api } = fakeSteps(async () => interrupt());
    const { code, document } = await runJson(`${name} ${model} -o ${output} ${LINES[name]}`, {
      api,
      onInterrupt: (listener) => {
        interrupt = listener;
        return () => undefined;
      },
    });
    expect(code).toBe(130);
    expect(document['error']).toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    expect(existsSync(output)).toBe(false);
  });
});

describe('the report of a new model', () => {
  const evaluation = {
    task: 'classification',
    accuracy: 0.97,
    topK: { 1: 0.97, 5: 1 },
    precision: 0.9,
    recall: 0.8,
    f1: 0.85,
    averages: { weighted: { f1: 0.86 } },
    rocAuc: null,
  };

  it('has accuracy, latency and engine where they are asked for, for one sample', async () => {
    const { api } = fakeSteps();
    const model = modelFile();
    const seen: unknown[] = [];
    const { document } = await runJson(
      `prune ${model} --sparsity 50% --calibration x.npy --evaluate-data v.npy --evaluate-labels y.npy --latency --engine`,
      {
        api: {
          ...api,
          evaluate: async (path, files, { reference }) => {
            seen.push([path, files, reference]);
            return evaluation as never;
          },
          measureLatency: async (_, { feeds }) => {
            seen.push(feeds);
            return [2, 1];
          },
          buildEngine: async (_, { profiles, sparseWeights }) => {
            seen.push({ profiles, sparseWeights });
            return { report: () => ({ family: 'tensorrt-rtx', version: '1.7', bytes: 77 }) } as never;
          },
        },
      },
    );
    const range = { min: [1, 4], opt: [1, 4], max: [1, 4] };
    const output = model.replace('.onnx', '-pruned.onnx');
    const files = { path: 'v.npy', labels: 'y.npy' };
    expect(seen).toEqual([
      { x: { data: Float32Array.of(0, 1, 2, 3), dims: [1, 4] } },
      [model, files, undefined],
      { profiles: [{ x: range }], sparseWeights: true },
      [output, files, model],
      { profiles: [{ x: range }], sparseWeights: true },
    ]);
    expect(document['compression']).toMatchObject({
      before: { latencyMs: 2, engineBytes: 77, evaluation: { accuracy: 0.97 } },
      after: { latencyMs: 1, engineBytes: 77, evaluation: { accuracy: 0.97 } },
      latencyDevice: 'cpu',
      engineRuntime: 'tensorrt-rtx 1.7',
      inputs: { x: [1, 4] },
      notMeasured: {},
    });
  });

  it('says why something could not be measured, and keeps the model', async () => {
    const { api } = fakeSteps();
    const model = modelFile();
    const { code, document } = await runJson(`cluster ${model} --engine`, {
      api: {
        ...api,
        buildEngine: () =>
          Promise.reject(
            new TensorRTError('ERR_TRT_LOAD_TENSORRT_NOT_FOUND', 'No TensorRT library is found.'),
          ),
      },
    });
    expect(code).toBe(0);
    expect(document['compression']).toMatchObject({
      notMeasured: { engine: 'No TensorRT library is found.' },
    });
    expect(existsSync(model.replace('.onnx', '-clustered.onnx'))).toBe(true);
  });

  it('fits 80 columns', async () => {
    const { api } = fakeSteps();
    const { stdout } = await runFake(`cast ${modelFile()} --latency --evaluate-data v.npy`, {
      columns: 80,
      api: {
        ...api,
        cast: async () =>
          ({
            model: { save: (path: string) => writeFile(path, 'small') },
            report: { precision: 'fp16', reduced: 7, kept: [], casts: 2, dataRuns: 0 },
          }) as never,
        measureLatency: async () => [1.2345, 0.6],
        evaluate: async (_, __, { reference }) =>
          ({
            ...evaluation,
            ...(reference === undefined ? {} : { reference: { model: 'm', device: 'cpu' }, sqnrDb: 31 }),
          }) as never,
      },
    });
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.length > 80 && !line.includes('.onnx'))).toEqual([]);
    for (const expected of [
      /on disk\s+22 B\s+5 B\s+22\.7 %/,
      /latency on cpu\s+1\.23 ms\s+0\.600 ms\s+48\.6 %/,
      /accuracy\s+97\.00 %\s+97\.00 %/,
      /SQNR\s+31\.0 dB/,
      /layers\s+4\s+4\s+1 changed/,
      /engine not measured: not asked for: --engine/,
      /TensorRT gains much from it\./,
    ])
      expect(stdout).toMatch(expected);
  });

  it('is stopped by Ctrl-C while it measures, which leaves the model', async () => {
    let interrupt: () => void = () => undefined;
    const { api } = fakeSteps();
    const model = modelFile();
    const { code, stderr } = await runFake(`prune ${model} --sparsity 50% --latency`, {
      onInterrupt: (listener) => {
        interrupt = listener;
        return () => undefined;
      },
      api: {
        ...api,
        measureLatency: async (_, { signal }) => {
          interrupt();
          throw new TensorRTError('ERR_TRT_RUN_ABORTED', 'withdrawn', { cause: signal?.reason });
        },
      },
    });
    expect(code).toBe(130);
    expect(stderr).toContain('-pruned.onnx is written');
    expect(existsSync(model.replace('.onnx', '-pruned.onnx'))).toBe(true);
  });

  it('refuses labels without data', async () => {
    const { api, started } = fakeSteps();
    const { code, stderr } = await runFake(`cast ${modelFile()} --evaluate-labels y.npy`, { api });
    expect([code, started]).toEqual([2, []]);
    expect(stderr).toContain('--evaluate-data');
  });

  it('does not let another result take the place of the source either', async () => {
    const { api, started } = fakeSteps();
    const model = modelFile();
    for (const line of [
      `cluster ${model} --compact ${model}`,
      `compress ${model} --calibration x.npy --picture ${model}`,
      `quantize ${model} --weight-only --calibration-cache ${model}`,
      `cluster ${model} --expand -o ${model}`,
    ]) {
      const { document } = await runJson(line, { api });
      expect(document['error']).toMatchObject({ code: 'ERR_TRT_ONNX_WRITE' });
    }
    const { code } = await runFake(`cluster ${model} -o a.onnx --compact a.onnx`, { api });
    expect([code, started]).toEqual([2, []]);
  });
});
