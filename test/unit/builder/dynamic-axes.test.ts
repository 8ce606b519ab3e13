// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { profileFromAxes, type DynamicAxes } from '../../../lib/builder/dynamic-axes';
import { resolveProfiles } from '../../../lib/builder/profiles';
import { readModelInfo } from '../../../lib/onnx';
import { makeModel } from '../../onnx-builder';
import { addModel, dynamicModel } from '../../onnx-models';

const image = await readModelInfo(dynamicModel());
const mixed = await readModelInfo(dynamicModel(['batch', 3, -1]));
const two = await readModelInfo(
  makeModel({
    inputs: [
      { name: 'ids', type: 'INT64', dims: ['batch', 'sequence length'] },
      { name: 'mask', dims: ['batch', 1] },
      { name: 'fixed', dims: [7] },
    ],
    outputs: [{ name: 'mask', dims: ['batch', 1] }],
  }),
);

const AXES = { batch: [1, 8, 32], height: 224, width: [64, 224, 224] } as const;

describe('dynamicAxes', () => {
  it('makes one profile of the names of dimensions', () => {
    expect(resolveProfiles(image, { dynamicAxes: AXES })).toEqual([
      [{ input: 'x', isValues: false, min: [1, 3, 224, 64], opt: [8, 3, 224, 224], max: [32, 3, 224, 224] }],
    ]);
  });

  it('covers every input that has the symbol, and leaves fixed inputs out', () => {
    const profile = profileFromAxes(two, { batch: [1, 2, 4], 'sequence length': 128 });
    expect(Object.keys(profile)).toEqual(['ids', 'mask']);
    expect(profile['ids']).toEqual({ min: [1, 128], opt: [2, 128], max: [4, 128] });
  });

  it('fills in what profiles leave out', () => {
    const ids = [2, 64];
    const [ranges] = resolveProfiles(two, { profiles: [{ ids }], dynamicAxes: { batch: 2 } });
    expect(ranges!.map(({ input, max }) => [input, max])).toEqual([
      ['ids', [2, 64]],
      ['mask', [2, 1]],
    ]);
  });

  const WRONG: readonly (readonly [DynamicAxes, string, string])[] = [
    [{ ...AXES, batchs: 1 }, 'ERR_TRT_ARG_PROFILE_INPUT', 'Did you mean "batch"?'],
    [{ batch: 1, width: 8 }, 'ERR_TRT_ARG_PROFILE_MISSING', 'gives no range for "height"'],
    [{ ...AXES, batch: [8, 1, 32] }, 'ERR_TRT_ARG_PROFILE_RANGE', 'not [8,1,32]'],
    [{ ...AXES, batch: [1, 8] as never }, 'ERR_TRT_ARG_PROFILE_RANGE', '[min, opt, max]'],
    [{ ...AXES, batch: '1' as never }, 'ERR_TRT_ARG_PROFILE_RANGE', '"batch"'],
    [{ ...AXES, batch: 0 }, 'ERR_TRT_ARG_PROFILE_RANGE', '"batch"'],
    [{ ...AXES, batch: 1.5 }, 'ERR_TRT_ARG_PROFILE_RANGE', '"batch"'],
  ];
  it.each(WRONG)('refuses %j', (axes, code, message) => {
    const run = () => resolveProfiles(image, { dynamicAxes: axes });
    expect(run).toThrow(expect.objectContaining({ code }));
    expect(run).toThrow(message);
  });

  it('says which dimensions have no name and cannot be set that way', () => {
    const run = () => resolveProfiles(mixed, { dynamicAxes: { batch: 1 } });
    expect(run).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_PROFILE_MISSING' }));
    expect(run).toThrow('cannot set dimension 2 of "x", which has no name');
  });

  it('is refused for a fixed model with advice that works', async () => {
    const model = await readModelInfo(addModel());
    expect(() => resolveProfiles(model, { dynamicAxes: { batch: 1 } })).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_ARG_PROFILE_INPUT',
        message: expect.stringContaining("the model's shapes are all fixed") as string,
        hint: expect.stringMatching(/^Leave `dynamicAxes` out/) as string,
      }),
    );
  });

  it('says so when a model has no names at all', async () => {
    const model = await readModelInfo(dynamicModel([-1, 3]));
    expect(() => resolveProfiles(model, { dynamicAxes: { batch: 1 } })).toThrow(
      'its dynamic dimensions have no names',
    );
  });
});
