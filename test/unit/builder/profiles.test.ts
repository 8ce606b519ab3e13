// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { resolveProfiles, type ProfileSpec } from '../../../lib/builder/profiles';
import { TensorRTError, type TensorRTErrorCode } from '../../../lib/errors';
import { readModelInfo } from '../../../lib/onnx';
import { makeModel } from '../../onnx-builder';
import * as models from '../../onnx-models';

const image = await readModelInfo(models.dynamicModel());
const unnamed = await readModelInfo(models.dynamicModel([-1, 3]));
const reshape = await readModelInfo(models.reshapeModel());
const fixed = await readModelInfo(models.addModel());

const GOOD = { min: [1, 3, 64, 64], opt: [8, 3, 128, 128], max: [16, 3, 256, 256] };

function refusal(model: typeof image, profiles: unknown): TensorRTError {
  try {
    resolveProfiles(model, { profiles: profiles as ProfileSpec[] });
  } catch (error) {
    expect(error).toBeInstanceOf(TensorRTError);
    return error as TensorRTError;
  }
  throw new Error('the profiles were accepted');
}

describe('resolveProfiles', () => {
  it('brings profiles into the form of native code', () => {
    const other = { min: [1, 3, 8, 8], opt: [1, 3, 8, 8], max: [1, 3, 8, 8] };
    expect(resolveProfiles(image, { profiles: [{ x: GOOD }, { x: [1, 3, 8, 8] }] })).toEqual([
      [{ input: 'x', isValues: false, ...GOOD }],
      [{ input: 'x', isValues: false, ...other }],
    ]);
  });

  it('looks through the shape inputs once, however many a model has', () => {
    const [input] = reshape.inputs;
    const names = Array.from({ length: 300 }, (_, index) => `s${index}`);
    let reads = 0;
    const shapeInputs = new Proxy(names, {
      get(target, key, receiver): unknown {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
        return Reflect.get(target, key, receiver);
      },
    });
    const inputs = names.map((name) => ({ ...input!, name }));
    expect(() => resolveProfiles({ ...reshape, inputs, shapeInputs }, {})).toThrow('(its values)');
    expect(reads).toBeLessThan(5 * names.length);
  });

  it('asks nothing of a model with fixed inputs, and drops ranges that change nothing', () => {
    expect(resolveProfiles(fixed, {})).toEqual([]);
    expect(resolveProfiles(fixed, { profiles: [{}] })).toEqual([]);
    expect(resolveProfiles(fixed, { profiles: [{ x: [4] }] })).toEqual([]);
  });

  it('takes an input that may be empty: a min of 0', () => {
    const range = { min: [0, 3], opt: [1, 3], max: [2, 3] };
    expect(resolveProfiles(unnamed, { profiles: [{ x: range }] })).toEqual([
      [{ input: 'x', isValues: false, ...range }],
    ]);
  });

  it('takes the values of a shape input, also as one list', () => {
    const values = { min: [1, 4], opt: [3, 4], max: [12, 12] };
    expect(resolveProfiles(reshape, { profiles: [{ shape: { values } }] })).toEqual([
      [{ input: 'shape', isValues: true, ...values }],
    ]);
    const one = { min: [3, 4], opt: [3, 4], max: [3, 4] };
    expect(resolveProfiles(reshape, { profiles: [{ shape: { values: [3, 4] } }] })).toEqual([
      [{ input: 'shape', isValues: true, ...one }],
    ]);
  });

  it('accepts any rank for an input whose rank the model does not tell', async () => {
    const model = await readModelInfo(
      makeModel({ inputs: [{ name: 'x' }], outputs: [{ name: 'x', dims: [] }] }),
    );
    expect(resolveProfiles(model, { profiles: [{ x: [2, 3] }] })[0]).toHaveLength(1);
  });
});

describe('missing profiles', () => {
  it('shows what to write, with the names of the model', () => {
    const error = refusal(image, undefined);
    expect(error.code).toBe('ERR_TRT_ARG_PROFILE_MISSING');
    expect(error.message).toContain('"x" [batch, 3, height, width]');
    expect(error.hint).toContain(
      'profiles: [{ x: { min: [1, 3, 64, 64], opt: [8, 3, 224, 224], max: [32, 3, 512, 512] } }]',
    );
    expect(error.hint).toContain(
      'dynamicAxes: { batch: [1, 8, 32], height: [64, 224, 512], width: [64, 224, 512] }',
    );
  });

  it('suggests what is accepted when it is pasted', () => {
    for (const model of [image, unnamed, reshape]) {
      const { hint } = refusal(model, undefined);
      for (const line of hint.split('\n').filter((one) => /^ {2}\w/.test(one))) {
        const options = new Function(`return { ${line} }`)() as Parameters<typeof resolveProfiles>[1];
        expect(resolveProfiles(model, options)).toHaveLength(1);
      }
    }
  });

  it('suggests no axes where dimensions have no names', () => {
    const { message, hint } = refusal(unnamed, []);
    expect(message).toContain('[?, 3]');
    expect(hint).not.toContain('dynamicAxes');
  });

  it('finds the profile of several that leaves an input out', () => {
    const error = refusal(image, [{ x: GOOD }, {}]);
    expect(error.code).toBe('ERR_TRT_ARG_PROFILE_MISSING');
    expect(error.message).toContain('Profile 1 leaves out: "x"');
  });

  it('asks for the values of a shape input', () => {
    expect(refusal(reshape, undefined).message).toContain('"shape" [2] (its values)');
    const error = refusal(reshape, [{ shape: [2] }]);
    expect(error.code).toBe('ERR_TRT_ARG_PROFILE_VALUES');
    expect(error.hint).toContain('values: {');
  });
});

describe('wrong profiles', () => {
  const change = (bound: 'min' | 'opt' | 'max', dims: number[]) => [{ x: { ...GOOD, [bound]: dims } }];
  const WRONG: readonly (readonly [string, unknown, TensorRTErrorCode, string])[] = [
    ['an unknown input', [{ images: GOOD }], 'ERR_TRT_ARG_PROFILE_INPUT', 'its inputs are "x"'],
    [
      'a rank',
      change('opt', [8, 3, 128]),
      'ERR_TRT_ARG_PROFILE_RANK',
      'opt has 3; the model has 4 dimensions',
    ],
    [
      'a fixed dimension',
      change('max', [16, 4, 256, 256]),
      'ERR_TRT_ARG_PROFILE_DIMENSION',
      'the model fixes it to 3',
    ],
    [
      'min > opt',
      change('min', [9, 3, 64, 64]),
      'ERR_TRT_ARG_PROFILE_RANGE',
      '(batch): min 9, opt 8, max 16',
    ],
    [
      'opt > max',
      change('opt', [8, 3, 257, 128]),
      'ERR_TRT_ARG_PROFILE_RANGE',
      'opt 257 is greater than max 256',
    ],
    ['a fraction', change('min', [0.5, 3, 64, 64]), 'ERR_TRT_ARG_PROFILE_RANGE', 'whole numbers'],
    ['NaN', change('min', [NaN, 3, 64, 64]), 'ERR_TRT_ARG_PROFILE_RANGE', 'whole numbers'],
    ['a negative number', change('min', [-1, 3, 64, 64]), 'ERR_TRT_ARG_PROFILE_RANGE', 'not negative'],
    ['only zeros', [{ x: [0, 3, 64, 64] }], 'ERR_TRT_ARG_PROFILE_RANGE', 'at least 1'],
    [
      'too large a number',
      change('max', [2 ** 31, 3, 256, 256]),
      'ERR_TRT_ARG_PROFILE_RANGE',
      'at most 2147483647',
    ],
    ['no array', { x: GOOD }, 'ERR_TRT_ARG_TYPE', '`profiles` must be an array'],
    ['no object', [null], 'ERR_TRT_ARG_TYPE', 'Profile 0 must be an object'],
    ['text for numbers', [{ x: '1x3x8x8' }], 'ERR_TRT_ARG_TYPE', 'Profile 0, input "x" must be'],
    [
      'strings for numbers',
      [{ x: { ...GOOD, opt: ['8'] } }],
      'ERR_TRT_ARG_TYPE',
      'opt must be an array of numbers',
    ],
    ['a missing max', [{ x: { min: [1], opt: [1] } }], 'ERR_TRT_ARG_TYPE', 'max must be'],
    ['an unknown key', [{ x: { ...GOOD, mx: [] } }], 'ERR_TRT_ARG_UNKNOWN_OPTION', 'Did you mean "max"?'],
    ['values for a float input', [{ x: { values: [1] } }], 'ERR_TRT_ARG_PROFILE_VALUES', 'INT32 and INT64'],
  ];

  it.each(WRONG)('names %s', (_, profiles, code, message) => {
    const error = refusal(image, profiles);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('lists all wrong dimensions of an input with both shapes', () => {
    const { message, details } = refusal(image, [
      { x: { min: [9, 3, 64, 64], opt: [8, 3, 600, 64], max: [8, 3, 512, 512] } },
    ]);
    expect(message).toContain('is [batch, 3, height, width] in the model, min [9, 3, 64, 64]');
    expect(details['problems']).toHaveLength(2);
  });

  it('names the nearest input, and initializers as what they are', async () => {
    const model = await readModelInfo(models.convModel('batch'));
    expect(refusal(model, [{ image: [1, 1, 8, 8] }]).message).toContain('Did you mean "images"?');
    expect(refusal(model, [{ w1: [1] }]).message).toContain('which is an initializer');
  });

  it.each([
    [{ values: [1] }, 'ERR_TRT_ARG_PROFILE_VALUES', 'the input has 2 values, the profile gives 1'],
    [
      { values: { min: [3, 4], opt: [2, 6], max: [4, 6] } },
      'ERR_TRT_ARG_PROFILE_RANGE',
      'value 0: min 3, opt 2',
    ],
    [{ values: [0.5, 24] }, 'ERR_TRT_ARG_PROFILE_RANGE', 'values are whole numbers'],
    [{ values: [3, 4], min: [2] }, 'ERR_TRT_ARG_UNKNOWN_OPTION', 'it may have values'],
  ])('checks values: %j', (range, code, message) => {
    const error = refusal(reshape, [{ shape: range }]);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});
