// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EvaluateOptions } from '../../../../lib/evaluate';
import { evaluate } from '../../../../lib/evaluate';
import { fakeModel } from '../../evaluate/fake-model';
import { temporaryFolder } from '../../../temporary-folder';
import { runFake } from '../fake-cli';

/** Evaluates a made-up model on a file of JSON lines. */
function fakeEvaluate() {
  const calls: { model: unknown; options: EvaluateOptions }[] = [];
  const api = {
    evaluate: async (model: unknown, data: Parameters<typeof evaluate>[1], options: EvaluateOptions) => {
      calls.push({ model, options });
      const reference = options.reference === undefined ? {} : { reference: fakeModel().model };
      const names = { model: String(model), reference: String(options.reference) };
      const { session: _session, ...others } = options;
      return evaluate(fakeModel().model, data, { ...others, ...reference, names });
    },
  };
  return { api, calls };
}

function writeData(): string {
  const path = join(temporaryFolder(), 'data.jsonl');
  const lines = [
    [3, 1, 0],
    [0, 2, 1],
    [9, 1, 0],
  ].map((input, label) => JSON.stringify({ input, label }));
  writeFileSync(path, lines.join('\n'));
  return path;
}

describe('evaluate', () => {
  it('prints one document with --json', async () => {
    const { code, stdout, stderr } = await runFake(
      `evaluate m.onnx --data ${writeData()} --json`,
      fakeEvaluate(),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      kind: 'evaluation',
      model: 'm.onnx',
      samples: 3,
      confusion: expect.any(Array),
    });
    for (const name of ['accuracy', 'precision', 'recall', 'f1'])
      expect(document[name]).toEqual(expect.any(Number));
  });

  it('prints a table for people', async () => {
    const line = `evaluate m.onnx --data ${writeData()} --reference ref.onnx`;
    const { code, stdout } = await runFake(line, fakeEvaluate());
    expect(code).toBe(0);
    expect(stdout).toMatch(/accuracy\s+66\.67 %/);
    expect(stdout).toContain('Against ref.onnx');
    expect(stdout).toMatch(/SQNR\s+equal/);
    expect(stdout).toContain('2 taken for 0: 1');
  });

  it('passes its options on', async () => {
    const { api, calls } = fakeEvaluate();
    const line = `evaluate m.onnx --data ${writeData()} --batch 2 --contexts 3 --top-k 1,2 --device cpu --threads 1 --task classification --output y`;
    const { code, stderr } = await runFake(line, { api });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(calls[0]!.options).toMatchObject({
      batch: 2,
      concurrency: 3,
      topK: [1, 2],
      task: 'classification',
      output: 'y',
      session: { device: 'cpu', intraOpNumThreads: 1 },
    });
  });

  it('writes a report', async () => {
    const path = join(temporaryFolder(), 'report.html');
    await runFake(`evaluate m.onnx --data ${writeData()} --html ${path}`, fakeEvaluate());
    expect(readFileSync(path, 'utf8')).toContain('<title>m.onnx – evaluation</title>');
  });

  it('loads a decoder', async () => {
    const folder = temporaryFolder();
    const decoder = join(folder, 'decode.mjs');
    writeFileSync(decoder, 'export default () => ({ data: Float32Array.of(1, 2, 3), dims: [3] })');
    writeFileSync(join(folder, 'data.jsonl'), '{ "file": "a.png", "label": 2 }');
    const line = `evaluate m.onnx --data ${join(folder, 'data.jsonl')} --decode ${decoder} --json`;
    expect(JSON.parse((await runFake(line, fakeEvaluate())).stdout)).toMatchObject({ accuracy: 1 });
    writeFileSync(decoder.replace('decode', 'other'), 'export default 7');
    const wrong = await runFake(line.replace('decode.mjs', 'other.mjs'), fakeEvaluate());
    expect(wrong).toMatchObject({ code: 2, stdout: expect.stringContaining('ERR_TRT_ARG_USAGE') });
    const missing = await runFake(line.replace('decode.mjs', 'none.mjs'), fakeEvaluate());
    expect(missing).toMatchObject({ code: 1, stdout: expect.stringContaining('ERR_TRT_LOAD_FILE') });
  });

  it.each([
    ['evaluate m.onnx', '--data'],
    ['evaluate m.onnx --data x.npy --layers', '--reference'],
    ['evaluate m.onnx --data x.npy --threshold high', 'a number'],
    ['evaluate m.onnx --data x.npy --task guess', 'classification, regression, detection'],
  ])('refuses %s', async (line, said) => {
    const { code, stderr } = await runFake(line, fakeEvaluate());
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });

  it('ends with 1 and the name of the sample where data is bad, and writes no report', async () => {
    const path = join(temporaryFolder(), 'data.jsonl');
    writeFileSync(path, '{ "input": [1, 2, 3], "label": 9 }');
    const report = join(temporaryFolder(), 'report.html');
    const { code, stderr } = await runFake(`evaluate m.onnx --data ${path} --html ${report}`, fakeEvaluate());
    expect(code).toBe(1);
    expect(stderr).toContain(`${path}:1: label 9`);
    expect(existsSync(report)).toBe(false);
  });
});
