// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parseNumbers } from '../../../../lib/cli/values/number-range';

const whole = parseNumbers({ least: 1, most: 1000, isWhole: true, example: '--n 1,2' });
const real = parseNumbers({ least: 0, most: 1e6, example: '--rate 50,100' });

describe('parseNumbers', () => {
  it.each([
    ['4', [4]],
    ['1,2, 4', [1, 2, 4]],
    ['4,4,2', [4, 2]],
    ['1:4', [1, 2, 3, 4]],
    ['1:16:5', [1, 6, 11, 16]],
    ['1:15:5', [1, 6, 11]],
    ['1:64:x2', [1, 2, 4, 8, 16, 32, 64]],
    ['1:4:x1.5', [1, 2, 3]],
    ['8,1:2', [8, 1, 2]],
  ])('reads %s', (text, expected) => expect(whole(text, '--n')).toEqual(expected));

  it('reads numbers that are not whole, without errors of addition', () => {
    expect(real('0.5,12.5', '--rate')).toEqual([0.5, 12.5]);
    expect(real('0.1:0.7:0.2', '--rate')).toEqual([0.1, 0.3, 0.5, 0.7]);
  });

  it.each(['', '0', '1.5', '-1', '1001', 'x', '1,', '1:', '4:1', '1:4:0', '1:4:x1', '1:4:-1', '1:1000'])(
    'refuses %j',
    (text) => {
      expect(() => whole(text, '--n')).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_USAGE' }));
    },
  );

  it('refuses zero where numbers must be above it', () => {
    expect(() => real('0', '--rate')).toThrow(/numbers above 0/);
    expect(() => real('0:8:x2', '--rate')).toThrow(/no end/);
  });
});
