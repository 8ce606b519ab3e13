// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { validate, type ValidateOptions } from '../../../../lib/evaluate';
import { fakeModel } from '../../evaluate/fake-model';
import { runFake } from '../fake-cli';

function fakeValidate(error = 0) {
  const calls: ValidateOptions[] = [];
  const api = {
    validate: async (candidate: string, source: string, options: ValidateOptions) => {
      calls.push(options);
      const other = fakeModel({ score: ([a, b, c]) => [a!, b! + error, c!] }).model;
      const found = await validate(other, fakeModel().model, { ...options, names: { candidate, source } });
      const first = { tensor: 't', node: 'conv', op: 'Conv', ...found.outputs[0]! };
      return found.passed ? found : { ...found, divergence: { first, lastGood: null, tensors: 4, run: 0 } };
    },
  };
  return { api, calls };
}

describe('validate', () => {
  it('ends with 0 where all outputs are within the tolerance', async () => {
    const { code, stdout } = await runFake('validate a.onnx b.onnx --runs 2', fakeValidate());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^passed {2}a\.onnx against b\.onnx/);
    expect(stdout).toContain('0 of 6');
  });

  it('ends with 1 where they are not, and says where the two part', async () => {
    const { code, stdout } = await runFake('validate a.onnx b.onnx', fakeValidate(1));
    expect(code).toBe(1);
    expect(stdout).toContain("The two part at conv (Conv), tensor 't'");
    const json = await runFake('validate a.onnx b.onnx --json', fakeValidate(1));
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ kind: 'validation', passed: false });
  });

  it('passes its options on', async () => {
    const { api, calls } = fakeValidate();
    const line =
      'validate a.engine b.onnx --runs 1 --seed 7 --atol 0.1 --rtol 0.2 --shapes x:2x3 --precision fp16 --no-search --device cuda:0';
    expect(await runFake(line, { api })).toMatchObject({ code: 0, stderr: '' });
    expect(calls[0]).toMatchObject({
      runs: 1,
      seed: 7,
      atol: 0.1,
      rtol: 0.2,
      shapes: { x: [2, 3] },
      precision: 'fp16',
      findDivergence: false,
      session: { device: 'cuda:0' },
      sourceSession: { device: 'cpu' },
    });
  });

  it('makes inputs as run does', async () => {
    const { code, stdout } = await runFake('validate a.onnx b.onnx --input x=ones:5x3', fakeValidate());
    expect(code).toBe(0);
    expect(stdout).toContain('0 of 15');
  });

  it('refuses a tolerance below zero', async () => {
    const { code, stderr } = await runFake('validate a.onnx b.onnx --atol -1', fakeValidate());
    expect(code).toBe(2);
    expect(stderr).toContain('--atol');
  });
});
