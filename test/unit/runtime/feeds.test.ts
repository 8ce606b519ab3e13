// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { inputSpec, prepareFeeds, type Feeds } from '../../../lib/runtime/feeds';
import { packStrings } from '../../../lib/tensor/packed-strings';
import type { TensorInfo } from '../../../lib/tensor/tensor-info';

const fixed: TensorInfo = { name: 'x', type: 'float32', dims: [2, 3] };
const batched: TensorInfo = { name: 'images', type: 'float32', dims: ['batch', 2, 2] };

function prepare(infos: readonly TensorInfo[], feeds: unknown) {
  return prepareFeeds(infos.map(inputSpec), feeds as Feeds);
}

function failure(infos: readonly TensorInfo[], feeds: unknown): { code: string; message: string } {
  try {
    prepare(infos, feeds);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('nothing was thrown');
}

describe('prepareFeeds', () => {
  it('takes a bare array where the model fixes the shape', () => {
    const x = new Float32Array(6);
    expect(prepare([fixed], { x })).toEqual({ arrays: [x], dims: null });
  });

  it('works out one open dimension from the length', () => {
    expect(prepare([batched], { images: new Float32Array(12) }).dims).toEqual([[3, 2, 2]]);
    expect(prepare([batched], { images: new Float32Array(0) }).dims).toEqual([[0, 2, 2]]);
  });

  it('takes dims, and copies them', () => {
    const dims = [1, 2, 2];
    const prepared = prepare([fixed, batched], {
      x: new Float32Array(6),
      images: { data: new Float32Array(4), dims },
    });
    dims[0] = 9;
    expect(prepared.dims).toEqual([null, [1, 2, 2]]);
  });

  it('takes a scalar, a Buffer for uint8, bytes for packed types', () => {
    expect(prepare([{ name: 's', type: 'int64', dims: [] }], { s: BigInt64Array.of(1n) }).dims).toBeNull();
    prepare([{ name: 'b', type: 'uint8', dims: [3] }], { b: Buffer.from('abc') });
    prepare([{ name: 'p', type: 'int4', dims: [3] }], { p: new Uint8Array(2) });
  });

  it('takes what an own output is', () => {
    prepare([fixed], { x: { type: 'float32', dims: [2, 3], data: new Float32Array(6) } });
  });

  const badCases: [title: string, code: string, infos: TensorInfo[], feeds: unknown, text: string][] = [
    ['no object', 'ERR_TRT_ARG_TYPE', [fixed], null, 'got null'],
    [
      'a missing input',
      'ERR_TRT_RUN_INPUT_MISSING',
      [fixed, batched],
      { x: new Float32Array(6) },
      '"images" (float32 [batch, 2, 2]) is missing',
    ],
    [
      'an unknown name with its nearest',
      'ERR_TRT_RUN_INPUT_NAME',
      [batched],
      { imags: new Float32Array(4) },
      'mean "images"',
    ],
    ['a name too many', 'ERR_TRT_RUN_INPUT_NAME', [fixed], { x: new Float32Array(6), z: 1 }, '"z"'],
    [
      'another array class',
      'ERR_TRT_RUN_INPUT_TYPE',
      [fixed],
      { x: new Float64Array(6) },
      'Expected Float32Array for input "x" (float32), got Float64Array',
    ],
    ['a plain array', 'ERR_TRT_RUN_INPUT_TYPE', [fixed], { x: [1, 2, 3] }, 'got an array'],
    [
      'a plain array as data',
      'ERR_TRT_RUN_INPUT_TYPE',
      [fixed],
      { x: { data: [1], dims: [1] } },
      'got an array',
    ],
    [
      'an object that only says it is an array',
      'ERR_TRT_RUN_INPUT_TYPE',
      [fixed],
      { x: { data: { [Symbol.toStringTag]: 'Float32Array', length: 6 } } },
      'got an object',
    ],
    ['a DataView', 'ERR_TRT_RUN_INPUT_TYPE', [fixed], { x: new DataView(new ArrayBuffer(24)) }, 'DataView'],
    [
      'another element type',
      'ERR_TRT_RUN_INPUT_TYPE',
      [fixed],
      { x: { type: 'int32', data: new Float32Array(6) } },
      'type int32',
    ],
    [
      'another rank',
      'ERR_TRT_RUN_INPUT_SHAPE',
      [fixed],
      { x: { data: new Float32Array(6), dims: [6] } },
      'Expected dims [2, 3] for input "x", got [6]',
    ],
    [
      'another fixed dimension',
      'ERR_TRT_RUN_INPUT_SHAPE',
      [batched],
      { images: { data: new Float32Array(6), dims: [1, 2, 3] } },
      '[batch, 2, 2]',
    ],
    [
      'a negative dimension',
      'ERR_TRT_RUN_INPUT_SHAPE',
      [batched],
      { images: { data: new Float32Array(4), dims: [-1, 2, 2] } },
      '[-1,2,2]',
    ],
    [
      'dims that are no list',
      'ERR_TRT_RUN_INPUT_SHAPE',
      [fixed],
      { x: { data: new Float32Array(6), dims: '2x3' } },
      '2x3',
    ],
    [
      'a bare array for two open dimensions',
      'ERR_TRT_RUN_INPUT_SHAPE',
      [{ ...fixed, dims: ['a', 'b'] }],
      { x: new Float32Array(6) },
      'does not tell its dims',
    ],
    [
      'a bare array beside a zero dimension',
      'ERR_TRT_RUN_INPUT_SHAPE',
      [{ ...fixed, dims: ['a', 0] }],
      { x: new Float32Array(0) },
      '[a, 0]',
    ],
    [
      'too few elements',
      'ERR_TRT_RUN_INPUT_SIZE',
      [fixed],
      { x: new Float32Array(5) },
      'Expected 6 elements for input "x" (float32 [2, 3]), got 5',
    ],
    [
      'elements that do not fit the dims',
      'ERR_TRT_RUN_INPUT_SIZE',
      [batched],
      { images: { data: new Float32Array(4), dims: [2, 2, 2] } },
      'Expected 8',
    ],
    [
      'no multiple of the fixed part',
      'ERR_TRT_RUN_INPUT_SIZE',
      [batched],
      { images: new Float32Array(5) },
      'a multiple of 4',
    ],
    [
      'too few bytes of a packed type',
      'ERR_TRT_RUN_INPUT_SIZE',
      [{ name: 'p', type: 'int4', dims: [5] }],
      { p: new Uint8Array(2) },
      'Expected 3 bytes',
    ],
  ];
  it.each(badCases)('refuses %s', (...badCase) => {
    const [, code, infos, feeds, text] = badCase;
    const error = failure(infos, feeds);
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
  });

  it('says that a detached buffer is empty', () => {
    const x = new Float32Array(6);
    structuredClone(x.buffer, { transfer: [x.buffer] });
    expect(failure([fixed], { x })).toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SIZE',
      message: expect.stringContaining('detached'),
    });
    // Not a batch of nothing, although one dimension is open.
    expect(failure([batched], { images: x })).toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SIZE',
      message: expect.stringContaining('detached'),
    });
  });

  it('names the types that a session cannot pass', () => {
    expect(() => inputSpec({ name: 'codes', type: 'unknown', dims: [1] })).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_RUN_MODEL' }),
    );
  });
});

describe('strings', () => {
  const words: TensorInfo = { name: 'words', type: 'string', dims: ['n', 2] };
  const two: TensorInfo = { name: 'words', type: 'string', dims: [2] };

  it('are packed, bare or with dims', () => {
    const packed = packStrings(['a', 'é']);
    expect(prepare([two], { words: ['a', 'é'] })).toEqual({ arrays: [packed], dims: null });
    expect(prepare([words], { words: ['a', 'é'] })).toEqual({ arrays: [packed], dims: [[1, 2]] });
    const given = { type: 'string', data: ['a', 'é'], dims: [1, 2] };
    expect(prepare([words], { words: given })).toEqual({ arrays: [packed], dims: [[1, 2]] });
    expect(prepare([words], { words: { data: [], dims: [0, 2] } }).dims).toEqual([[0, 2]]);
  });

  it.each([
    [['a'], 'ERR_TRT_RUN_INPUT_SIZE', 'Expected 2 elements for input "words" (string [2]), got 1.'],
    [
      ['a', 1],
      'ERR_TRT_RUN_INPUT_TYPE',
      'Expected string[] for input "words" (string), got an array whose element 1 is a number.',
    ],
    [
      new Uint8Array(2),
      'ERR_TRT_RUN_INPUT_TYPE',
      'Expected string[] for input "words" (string), got Uint8Array.',
    ],
    [{ data: 'ab' }, 'ERR_TRT_RUN_INPUT_TYPE', 'Expected string[] for input "words" (string), got a string.'],
    [
      { type: 'int8', data: ['a', 'b'] },
      'ERR_TRT_RUN_INPUT_TYPE',
      'Expected string[] for input "words" (string), got a tensor of type int8.',
    ],
  ])('%j are refused', (given, code, message) => {
    expect(failure([two], { words: given })).toMatchObject({ code, message });
  });

  it('are nothing for other types', () => {
    expect(failure([fixed], { x: ['1', '2', '3', '4', '5', '6'] })).toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_TYPE',
      message: 'Expected Float32Array for input "x" (float32), got an array.',
    });
  });
});

describe('an input without a shape', () => {
  const any: TensorInfo = { name: 'x', type: 'float32', dims: [], hasShape: false };

  it('takes any dims, which must be given', () => {
    for (const dims of [[], [3], [1, 1, 3]]) {
      const data = new Float32Array(dims.length === 0 ? 1 : 3);
      expect(prepare([any], { x: { data, dims } })).toEqual({ arrays: [data], dims: [dims] });
    }
    expect(failure([any], { x: new Float32Array(1) })).toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SHAPE',
      message: 'Expected dims […] for input "x", got a bare Float32Array, which does not tell its dims.',
    });
    expect(failure([any], { x: { data: new Float32Array(3), dims: [2, 2] } })).toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SIZE',
    });
  });
});
