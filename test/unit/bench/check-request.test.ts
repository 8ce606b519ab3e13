// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { checkRequest } from '../../../lib/bench/check-request';
import type { TensorRTError } from '../../../lib/index';

const work = () => Promise.resolve();
const HINT = 'To measure a function pass { name, call }.';

function refusalOf(request: unknown): TensorRTError {
  try {
    checkRequest(request as never);
  } catch (error) {
    return error as TensorRTError;
  }
  throw new Error('It was taken.');
}

describe('checkRequest', () => {
  it.each([
    ['a function under another name', { run: work }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    ['a function under the name of its kind', { function: work, name: 'f' }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    ['a function alone', work, 'ERR_TRT_ARG_TYPE'],
    ['neither model nor function', { name: 'f' }, 'ERR_TRT_ARG_TYPE'],
  ])('says how to measure a function to who gives %s', (_, request, code) => {
    expect(refusalOf(request)).toMatchObject({ code, hint: HINT });
  });

  it('guesses no name for what is a function', () => {
    expect(refusalOf({ cal: work, name: 'f' }).message).not.toContain('Did you mean');
  });

  it('guesses the name of an option of a model, and does not speak of functions', () => {
    const { message, hint } = refusalOf({ model: 'm.onnx', feeds: {}, onPhas: work });
    expect(message).toContain('Did you mean "onPhase"?');
    expect(hint).not.toBe(HINT);
  });

  it.each([[-1], [NaN], ['1']])('refuses %j as a load average', (loadAverage) => {
    expect(refusalOf({ name: 'f', call: work, loadAverage }).message).toContain('"loadAverage"');
  });
});
