// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  formatBytes,
  formatChange,
  formatCount,
  formatJoules,
  formatMs,
  formatNumber,
} from '../../../lib/html/numbers';

describe('numbers of the report', () => {
  test.each([
    [0.00123456, '0.001235'],
    [1.23456, '1.235'],
    [12.3456, '12.35'],
    [999.96, '1,000.0'],
    [1234.56, '1,235'],
    [1234567, '1,234,567'],
    [0, '0'],
    [-0.5, '-0.5000'],
    [NaN, '–'],
    [null, '–'],
    [undefined, '–'],
  ])('%d is written %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test('come with the unit that fits', () => {
    expect(formatMs(1.5)).toBe('1.500 ms');
    expect(formatMs(null)).toBe('–');
    expect(formatCount(8_241_000.4)).toBe('8,241,000');
    expect([formatBytes(12), formatBytes(1536), formatBytes(5 * 1024 ** 3)]).toEqual([
      '12 B',
      '1.500 KiB',
      '5.000 GiB',
    ]);
    expect([formatJoules(12), formatJoules(0.012), formatJoules(12e-6)]).toEqual([
      '12.00 J',
      '12.00 mJ',
      '12.00 µJ',
    ]);
    expect([formatChange(4.214), formatChange(-4.214), formatChange(null)]).toEqual([
      '+4.21 %',
      '−4.21 %',
      '–',
    ]);
  });
});
