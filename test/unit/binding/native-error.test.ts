// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { captureCallSite, fromNativeError } from '../../../lib/binding/native-error';
import { TensorRTError } from '../../../lib/errors';

function native(properties: object): Error {
  return Object.assign(new Error('out of luck'), properties);
}

describe('fromNativeError', () => {
  it('keeps code, place, details and log, and adds the hint of the table', () => {
    const log = [{ severity: 'error' as const, message: 'why' }];
    const error = fromNativeError(
      native({ code: 'ERR_TRT_BUILD_WORKSPACE', where: 'IBuilder::build', details: { limit: ['1'] }, log }),
      'ERR_TRT_BUILD_FAILED',
    );
    expect(error).toBeInstanceOf(TensorRTError);
    expect(error).toMatchObject({
      code: 'ERR_TRT_BUILD_WORKSPACE',
      message: 'out of luck',
      hint: 'Raise `workspaceBytes`.',
      details: { where: 'IBuilder::build', limit: ['1'] },
      log,
    });
  });

  it('gives errors of no known code the fallback and itself as cause', () => {
    const strange = native({ code: 'EWHAT' });
    expect(fromNativeError(strange, 'ERR_TRT_BUILD_FAILED')).toMatchObject({
      code: 'ERR_TRT_BUILD_FAILED',
      cause: strange,
    });
    expect(fromNativeError('text', 'ERR_TRT_RUN_FAILED')).toMatchObject({
      code: 'ERR_TRT_RUN_FAILED',
      message: 'text',
    });
    expect(fromNativeError(null, 'ERR_TRT_RUN_FAILED').code).toBe('ERR_TRT_RUN_FAILED');
  });

  it("has the caller's stack", () => {
    function callSomething(): TensorRTError {
      return fromNativeError(native({}), 'ERR_TRT_RUN_FAILED', captureCallSite(below));
    }
    function below(): TensorRTError {
      return callSomething();
    }
    function theCaller(): TensorRTError {
      return below();
    }
    const { stack } = theCaller();
    expect(stack).toMatch(/^TensorRTError: out of luck\n/);
    expect(stack).toContain('theCaller');
    expect(stack).not.toContain('callSomething');
  });

  it('returns our own errors as they are', () => {
    const own = new TensorRTError('ERR_TRT_RUN_CLOSED', 'closed');
    expect(fromNativeError(own, 'ERR_TRT_RUN_FAILED')).toBe(own);
  });
});
