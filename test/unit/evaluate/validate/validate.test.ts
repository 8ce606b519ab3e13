// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { validate } from '../../../../lib/evaluate';
import { rejection } from '../../../temporary-folder';
import { fakeModel } from '../fake-model';

describe('validate', () => {
  it('passes a session that computes the same, within the tolerance', async () => {
    const candidate = fakeModel({ score: (sample) => sample.map((value) => value * (1 + 1e-6)) }).model;
    const found = await validate(candidate, fakeModel().model, { runs: 3, shapes: { x: [4, 3] } });
    expect(found).toMatchObject({
      kind: 'validation',
      passed: true,
      runs: 3,
      precision: 'fp32',
      divergence: null,
    });
    expect(found.outputs).toMatchObject([{ output: 'y', elements: 36, outside: 0 }]);
  });

  it('fails one that does not, and says why no inner tensor can be looked at', async () => {
    const candidate = fakeModel({ score: ([a, b, c]) => [a!, b! + 1, c!] }).model;
    const found = await validate(candidate, fakeModel().model);
    expect(found).toMatchObject({ passed: false, runs: 8, divergence: null });
    expect(found.divergenceNote).toMatch(/no ONNX model/);
    expect(found.outputs[0]).toMatchObject({ passed: false, outside: 8, worst: { index: 1 } });
  });

  it('takes the defaults of the precision that is named', async () => {
    const candidate = fakeModel({ score: (sample) => sample.map((value) => value * 1.005) }).model;
    expect((await validate(candidate, fakeModel().model)).passed).toBe(false);
    expect((await validate(candidate, fakeModel().model, { precision: 'fp16' })).passed).toBe(true);
  });

  it('runs on given inputs alone unless random ones are asked for', async () => {
    const { model, seen } = fakeModel();
    const inputs = () => [{ x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] } }];
    await validate(model, fakeModel().model, { inputs });
    expect(seen.batches).toEqual([[1, 3]]);
  });

  it('refuses models whose outputs differ, and a validation of nothing', async () => {
    const other = fakeModel({ outputs: ['z'] }).model;
    expect(await rejection(validate(other, fakeModel().model))).toMatchObject({
      code: 'ERR_TRT_EVAL_OUTPUT',
    });
    const shorter = fakeModel({ score: ([a]) => [a!] }).model;
    expect(await rejection(validate(shorter, fakeModel().model))).toMatchObject({
      code: 'ERR_TRT_EVAL_OUTPUT',
    });
    const nothing = validate(fakeModel().model, fakeModel().model, { runs: 0 });
    expect(await rejection(nothing)).toMatchObject({ code: 'ERR_TRT_EVAL_DATA' });
  });
});
