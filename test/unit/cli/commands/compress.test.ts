// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CompressOptions, CompressReport } from '../../../../lib/compress/compress';
import { nameChoice, UNCHANGED, type Choice } from '../../../../lib/compress/search/choice';
import type { CompressionTrial } from '../../../../lib/compress/search/trial';
import { referenceNumerics } from '../../../../lib/numerics/reference';
import { TensorRTError } from '../../../../lib/errors';
import type { ToolApi } from '../../../../lib/cli/tool-api';
import type { Feeds } from '../../../../lib/index';
import { temporaryFolder } from '../../../temporary-folder';
import { runFake } from '../fake-cli';
import { fakeMeasures } from '../fake-compression';

function trial(choice: Choice, bytes: number, drop: number): CompressionTrial {
  const name = nameChoice(choice);
  return { choice, name, bytes, zippedBytes: bytes / 2, parameters: 99, multiplyAdds: 640, drop, sqnrDb: 30 };
}

const source = trial(UNCHANGED, 4000, 0);
const chosen = trial({ ...UNCHANGED, storage: 'int8' }, 1000, 0.005);
const report: CompressReport = {
  source,
  chosen,
  pareto: [chosen, source],
  trials: [source, chosen],
  failed: [{ choice: UNCHANGED, name: 'channels -15%', reason: 'no channel can be removed' }],
  sensitivity: ['head', 'body'],
  end: 'all tried',
  dataRuns: { fit: 12, judge: 4, shared: false },
  numerics: 'reference',
  warnings: ['something is odd'],
};

function fakeCompressor() {
  const calls: [string, CompressOptions<Feeds>][] = [];
  const api: Partial<ToolApi> = {
    compress: async (path, options) => {
      calls.push([path, options]);
      options.onProgress?.('trying int8');
      return { model: { save: (file: string) => writeFile(file, 'small') } as never, report };
    },
    drawPareto: async (trials) => `<svg>${trials.length}</svg>`,
    nativeNumerics: async () => referenceNumerics,
    ...fakeMeasures,
    readModelInfo: async () =>
      ({ inputs: [{ name: 'x', type: 'float32', dims: ['n', 4] }], externalFiles: [] }) as never,
    openInputs: async () => async function* () {},
    sessionRunner: async () => async function* () {} as never,
    evaluate: async () => ({ task: 'classification', accuracy: 0.75 }) as never,
  };
  return { api, calls };
}

function modelFile(): string {
  const path = join(temporaryFolder(), 'm.onnx');
  writeFileSync(path, 'a model');
  return path;
}

describe('compress', () => {
  it('writes beside the model unless told where, and hands options on', async () => {
    const { api, calls } = fakeCompressor();
    const model = modelFile();
    const picture = join(temporaryFolder(), 'search.svg');
    const { code } = await runFake(
      `compress ${model} --calibration x.npy --target size=25% --max-drop 1% --steps channels,int8 --trials 9 --time-limit 2m --state s.json --picture ${picture} --exclude head --json`,
      { api },
    );
    expect(code).toBe(0);
    expect(readFileSync(model.replace('.onnx', '-compressed.onnx'), 'utf8')).toBe('small');
    expect(readFileSync(picture, 'utf8')).toBe('<svg>2</svg>');
    const [path, { onProgress: _progress, signal: _signal, calibration, runner, ...options }] = calls[0]!;
    expect(path).toBe(model);
    expect([typeof calibration, typeof runner]).toEqual(['function', 'function']);
    expect(options).toEqual({
      target: { size: 0.25 },
      maxDrop: 0.01,
      steps: ['channels', 'int8'],
      trials: 9,
      timeLimit: 120,
      state: 's.json',
      exclude: { names: ['head'], patterns: [], ops: [] },
      numerics: referenceNumerics,
    });
  });

  it('tells people what was chosen, what is possible and what is not', async () => {
    const { api } = fakeCompressor();
    const { stdout, stderr } = await runFake(`compress ${modelFile()} --calibration x.npy`, { api });
    for (const text of [
      'int8',
      'TensorRT gains much from it.',
      '0.5 % of best classes differ',
      '2 models; the search ended: all tried',
      '12 runs to fit on, 4 kept back to measure on',
      'no channel can be removed',
      'something is odd',
    ])
      expect(stdout).toContain(text);
    expect(stderr).toContain('trying int8');
  });

  it('prints one document', async () => {
    const { api } = fakeCompressor();
    const model = modelFile();
    const { stdout, stderr } = await runFake(`compress ${model} --calibration x.npy --json`, { api });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ input: model, picture: null, chosen: { bytes: 1000 } });
  });

  it('measures a drop of accuracy where there are labels', async () => {
    const { api, calls } = fakeCompressor();
    const labels = join(temporaryFolder(), 'y.npy');
    const keys: unknown[] = [];
    for (const text of ['some labels', 'others', 'some labels']) {
      writeFileSync(labels, text);
      await runFake(`compress ${modelFile()} --calibration x.npy --labels ${labels}`, { api });
      keys.push(calls.at(-1)![1].scoreKey);
    }
    expect(await calls[0]![1].score!('candidate.onnx')).toBe(0.75);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect([keys[1] === keys[0], keys[2] === keys[0]]).toEqual([false, true]);
  });

  it.each([
    ['', 'with --state'],
    ['--state s.json', 'is in s.json, and the same command goes on from there'],
  ])('tells what is left of a search that Ctrl-C ended: %s', async (text, said) => {
    const { api } = fakeCompressor();
    const compress = () => Promise.reject(new TensorRTError('ERR_TRT_RUN_ABORTED', 'withdrawn'));
    const line = `compress ${modelFile()} --calibration x.npy ${text}`;
    const { code, stderr } = await runFake(line, { api: { ...api, compress } });
    expect(code).toBe(130);
    expect(stderr).toContain(said);
  });

  it.each([
    ['', 'Add --calibration'],
    ['--calibration x.npy --target 0.25', 'size=0.25'],
    ['--calibration x.npy --target size=0', 'size=0.25'],
    ['--calibration x.npy --max-drop 5', 'Write 5% if you mean percent'],
    ['--calibration x.npy --steps int9', 'channels, factorize, cluster, int8, fp16'],
    ['--calibration x.npy --trials 1', '2'],
  ])('refuses %s', async (text, advice) => {
    const { api, calls } = fakeCompressor();
    const { code, stderr } = await runFake(`compress m.onnx ${text}`, { api });
    expect(code).toBe(2);
    expect(stderr).toContain(advice);
    expect(calls).toEqual([]);
  });
});
