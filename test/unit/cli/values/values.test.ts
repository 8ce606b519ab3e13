// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parseChoice, parseInteger, parseList } from '../../../../lib/cli/values/basic';
import { parseByteSize } from '../../../../lib/cli/values/byte-size';
import { parseDurationMs } from '../../../../lib/cli/values/duration';
import { parseDynamicAxis } from '../../../../lib/cli/values/dynamic-axes';
import { formatBytes, formatDims, formatElapsed, formatMs } from '../../../../lib/cli/values/format';
import {
  mergeNamedLists,
  parseDims,
  parseShapes,
  parseShapeValues,
} from '../../../../lib/cli/values/named-lists';

const USAGE = expect.objectContaining({ code: 'ERR_TRT_ARG_USAGE' });

describe('durations', () => {
  it.each([
    ['3s', 3000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['2min', 120_000],
    ['1h', 3_600_000],
    ['0ms', 0],
  ])('reads %s', (text, ms) => expect(parseDurationMs(text, '--duration')).toBe(ms));

  it.each(['3', '3 seconds', '-1s', 's', '', '1e3ms', '3s4'])('refuses %j and shows the form', (text) => {
    expect(() => parseDurationMs(text, '--duration')).toThrow(USAGE);
  });
});

describe('sizes', () => {
  it.each([
    ['512MiB', 512 * 2 ** 20],
    ['1GiB', 2 ** 30],
    ['2GB', 2e9],
    ['64k', 65_536],
    ['1.5KiB', 1536],
    ['4096', 4096],
    ['10B', 10],
    ['1 gib', 2 ** 30],
  ])('reads %s', (text, bytes) => expect(parseByteSize(text, '--workspace')).toBe(bytes));

  it.each(['', 'GiB', '-1', '1TiB', '99999999GiB', '1Gi B', '0x10'])('refuses %j', (text) => {
    expect(() => parseByteSize(text, '--workspace')).toThrow(USAGE);
  });
});

describe('shapes', () => {
  it('reads several inputs', () => {
    expect(parseShapes('images:1x3x224x224,ids:1x128', '--shapes')).toEqual({
      images: [1, 3, 224, 224],
      ids: [1, 128],
    });
  });

  it('reads scalars, zero dimensions and names in quotes', () => {
    expect(parseShapes('scale:scalar,\'Input:0\':0x4,"a,b":2', '--shapes')).toEqual({
      scale: [],
      'Input:0': [0, 4],
      'a,b': [2],
    });
  });

  it('asks for quotes around a name with a colon, and shows them', () => {
    expect(() => parseShapes('Input:0:1x3', '--shapes')).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ARG_USAGE', hint: `Write --shapes "'Input:0':1x3"` }),
    );
  });

  it.each(['', 'x', 'x:', ':1x3', 'x:1,3', 'x:-1x3', 'x:1x', 'x:1.5', 'x:1x3,x:2x3'])(
    'refuses %j',
    (text) => {
      expect(() => parseShapes(text, '--shapes')).toThrow(USAGE);
    },
  );

  it('takes negative values for shape tensors only', () => {
    expect(parseShapeValues('size:-1x480', '--values')).toEqual({ size: [-1, 480] });
    expect(() => parseDims('-1x3', '--input')).toThrow(USAGE);
  });

  it('is safe with names of the prototype', () => {
    expect(Object.keys(parseShapes('__proto__:1,constructor:2', '--shapes'))).toContain('constructor');
  });

  it('joins repeated options and refuses a name in two of them', () => {
    expect(mergeNamedLists([{ a: [1] }, { b: [2] }], '--shapes')).toEqual({ a: [1], b: [2] });
    expect(() => mergeNamedLists([{ a: [1] }, { a: [2] }], '--shapes')).toThrow(/names 'a' twice/);
  });
});

describe('dynamic axes', () => {
  it('reads a range or one size', () => {
    expect(parseDynamicAxis('batch=1,8,32', '--dynamic-axes')).toEqual(['batch', [1, 8, 32]]);
    expect(parseDynamicAxis('batch=8', '--dynamic-axes')).toEqual(['batch', 8]);
    expect(parseDynamicAxis('a=b=4', '--dynamic-axes')).toEqual(['a=b', 4]);
  });

  it.each(['batch', 'batch=', 'batch=1,8', '=1', 'batch=1,8,32,64'])('refuses %j', (text) => {
    expect(() => parseDynamicAxis(text, '--dynamic-axes')).toThrow(USAGE);
  });
});

describe('words, numbers and lists', () => {
  it('names the choices', () => {
    expect(() => parseChoice('a', 'b')('c', '--x')).toThrow(/one of a, b, but got 'c'/);
  });

  it('holds numbers to their range', () => {
    expect(parseInteger(0, 5)('5', '--x')).toBe(5);
    for (const text of ['6', '-1', '1.0', '', '1e1', ' 1'])
      expect(() => parseInteger(0, 5)(text, '--x')).toThrow(USAGE);
  });

  it('reads lists', () => expect(parseList(parseInteger(0))('86, 89', '--x')).toEqual([86, 89]));
});

describe('numbers for people', () => {
  it('scales bytes and times', () => {
    expect([0, 640, 1536, 46_976_204, 2 ** 31].map(formatBytes)).toEqual([
      '0 B',
      '640 B',
      '1.50 KiB',
      '44.8 MiB',
      '2.00 GiB',
    ]);
    expect([0.0412, 4.12, 87.13, 12_300, 125_000].map(formatMs)).toEqual([
      '0.041 ms',
      '4.12 ms',
      '87.1 ms',
      '12.3 s',
      '2 min 05 s',
    ]);
    expect([400, 59_999, 65_000].map(formatElapsed)).toEqual(['0 s', '59 s', '1 min 05 s']);
  });

  it('shows dynamic dimensions by name', () => expect(formatDims(['batch', -1, 3])).toBe('[batch, ?, 3]'));
});
