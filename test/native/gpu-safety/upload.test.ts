// SPDX-License-Identifier: Apache-2.0
// Arrays that are uploaded while somebody changes them or takes them away.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { uploadTensor } from '../../../lib/runtime/device-memory';
import { detach, expectCleanAfterCollection, four, gpu } from './support';

beforeEach(() => gpu.reset());
afterEach(expectCleanAfterCollection);

describe('device tensors', () => {
  it('take a copy of the array at the call, from any place in a buffer', async () => {
    const whole = new Float32Array(new SharedArrayBuffer(64), 4, 8);
    whole.set([0, 0, 1, 2, 3, 4, 0, 0]);
    const pending = uploadTensor({ type: 'float32', data: whole.subarray(2, 6), dims: [4] });
    const taken = four(7);
    const other = uploadTensor({ type: 'float32', data: taken, dims: [4] });
    whole.fill(-1);
    detach(taken);
    const [first, second] = await Promise.all([pending, other]);
    expect((await first.toTensor()).data).toEqual(four());
    expect((await second.toTensor()).data).toEqual(four(7));
    first.close();
    second.close();
  });

  it('are refused from an array whose memory is gone', async () => {
    const data = four();
    detach(data);
    await expect(uploadTensor({ type: 'float32', data, dims: [4] })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SIZE',
    });
  });
});
