// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatJson } from '../../../lib/cli/json';

describe('formatJson', () => {
  it('writes what JSON.parse reads again', () => {
    const value = {
      a: [1, -2.5, 1e-9, 3e21],
      b: ['[1,\n 2]', '[\n 1\n]'],
      c: [[1, 2], [3]],
      d: [],
      e: { f: [null, 1] },
    };
    expect(JSON.parse(formatJson(value))).toEqual(value);
  });

  it('keeps a list of numbers on one line', () => {
    expect(formatJson({ dims: [1, 3, 224] })).toBe('{\n  "dims": [1,3,224]\n}\n');
  });

  it('takes bigints, typed arrays, maps, sets and errors', () => {
    const value = {
      small: 5n,
      large: 2n ** 60n,
      array: Float32Array.of(1, 2),
      map: new Map([['a', 1]]),
      set: new Set([1]),
      error: new Error('no'),
    };
    expect(JSON.parse(formatJson(value))).toEqual({
      small: 5,
      large: String(2n ** 60n),
      array: [1, 2],
      map: { a: 1 },
      set: [1],
      error: { message: 'no' },
    });
  });
});
