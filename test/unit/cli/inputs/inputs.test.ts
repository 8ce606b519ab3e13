// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateData } from '../../../../lib/cli/inputs/generate';
import { createRandom } from '../../../../lib/random';
import { parseInputArgument } from '../../../../lib/cli/inputs/input-source';
import { makeFeeds, type FeedRequest } from '../../../../lib/cli/inputs/make-feeds';
import { bfloat16ToNumber, float16ToNumber } from '../../../../lib/cli/tensor-summary';
import { writeNpy } from '../../../../lib/tensor/npy';

const usage = (message: RegExp) =>
  expect.objectContaining({ code: 'ERR_TRT_ARG_USAGE', message: expect.stringMatching(message) });

describe('parseInputArgument', () => {
  it.each([
    ['x=@x.npy', { name: 'x', source: { kind: 'file', path: 'x.npy' } }],
    ['x=@a=b.npy', { name: 'x', source: { kind: 'file', path: 'a=b.npy' } }],
    ['x=random', { name: 'x', source: { kind: 'random' } }],
    ['x=zeros:1x3', { name: 'x', source: { kind: 'zeros', dims: [1, 3] } }],
    ['Input:0=ones:scalar', { name: 'Input:0', source: { kind: 'ones', dims: [] } }],
    ["'a=b'=random", { name: 'a=b', source: { kind: 'random' } }],
    ['random', { name: null, source: { kind: 'random' } }],
    ['random:2x2', { name: null, source: { kind: 'random', dims: [2, 2] } }],
  ])('reads %s', (text, expected) => expect(parseInputArgument(text, '--input')).toEqual(expected));

  it.each(['', 'x', 'x=', '=random', 'x=@', 'x=noise', 'x=x.npy', 'x=random:1xy'])('refuses %j', (text) => {
    expect(() => parseInputArgument(text, '--input')).toThrow(usage(/--input/));
  });
});

describe('generateData', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const draw = (seed: number) => [
      ...(generateData('float32', 100, 'random', createRandom(seed)) as Float32Array),
    ];
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('spreads floats over [-1, 1), also in half precision', () => {
    const random = createRandom(0);
    const f32 = [...(generateData('float32', 10_000, 'random', random) as Float32Array)];
    const f16 = [...(generateData('float16', 10_000, 'random', random) as Uint16Array)].map(float16ToNumber);
    const bf16 = [...(generateData('bfloat16', 10_000, 'random', random) as Uint16Array)].map(
      bfloat16ToNumber,
    );
    for (const values of [f32, f16, bf16]) {
      expect(values.every((value) => value >= -1 && value <= 1)).toBe(true);
      expect(Math.min(...values)).toBeLessThan(-0.9);
      expect(Math.max(...values)).toBeGreaterThan(0.9);
      expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length)).toBeLessThan(0.03);
    }
  });

  it('gives indices that any table has, and whole ranges of small integers', () => {
    const random = createRandom(3);
    expect(new Set(generateData('int64', 100, 'random', random) as BigInt64Array)).toEqual(new Set([0n, 1n]));
    expect(new Set(generateData('int32', 100, 'random', random) as Int32Array)).toEqual(new Set([0, 1]));
    expect(Math.min(...(generateData('int8', 1000, 'random', random) as Int8Array))).toBeLessThan(-100);
  });

  it('writes ones in the type itself', () => {
    const random = createRandom(0);
    expect(generateData('float16', 1, 'ones', random)[0]).toBe(0x3c00);
    expect(generateData('int64', 1, 'ones', random)[0]).toBe(1n);
    expect(generateData('bool', 2, 'zeros', random)).toEqual(new Uint8Array(2));
  });

  it('asks for a file where it has no numbers', () => {
    expect(() => generateData('string', 1, 'random', createRandom(0))).toThrow(usage(/type string/));
  });
});

describe('makeFeeds', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trtn-feeds-'));
    await writeNpy(join(folder, 'x.npy'), {
      type: 'float32',
      dims: [2, 2],
      data: new Float32Array([1, 2, 3, 4]),
    });
  });
  afterAll(() => rm(folder, { recursive: true }));

  const inputs = [
    { name: 'images', type: 'float32', dims: ['batch', 3] },
    { name: 'mask', type: 'bool', dims: [2] },
  ] as const;
  const make = (changes: Partial<FeedRequest>) =>
    makeFeeds({ inputs, arguments: [], otherwise: { kind: 'zeros' }, seed: 0, ...changes });
  const given = (...texts: string[]) => ({
    arguments: texts.map((text) => parseInputArgument(text, '--input')),
  });

  it('takes open dimensions as 1, and says so', async () => {
    expect(await make({})).toMatchObject({
      feeds: { images: { type: 'float32', dims: [1, 3] }, mask: { type: 'bool', dims: [2] } },
      assumed: ['images'],
      sources: { images: 'zeros', mask: 'zeros' },
    });
  });

  it('takes open dimensions and values of shape tensors from the profile', async () => {
    const size = { name: 'size', type: 'int64', dims: [2], isShapeTensor: true } as const;
    const profile = {
      images: { min: [2, 3], opt: [4, 3], max: [8, 3] },
      size: { values: { min: [16, 16], opt: [64, 48], max: [99, 99] } },
    };
    const tuned = { inputs: [...inputs, size], profile, ...given('random') };
    expect(await make(tuned)).toMatchObject({
      feeds: { size: { type: 'int64', dims: [2], data: new BigInt64Array([64n, 48n]) } },
      shapes: { images: [4, 3], size: [2] },
      assumed: ['images'],
      sources: { images: 'random', size: 'profile' },
    });
    const named = await make({ ...tuned, ...given('random', 'size=ones'), shapes: { images: [2, 3] } });
    expect(named).toMatchObject({ shapes: { images: [2, 3] }, sources: { size: 'ones' }, assumed: [] });
  });

  it('takes shapes from --shapes, and first from the source', async () => {
    expect((await make({ shapes: { images: [4, 3] } })).shapes).toMatchObject({ images: [4, 3] });
    expect((await make({ ...given('images=random:5x3'), shapes: { images: [4, 3] } })).shapes.images).toEqual(
      [5, 3],
    );
    expect((await make({ shapes: { images: [4, 3] } })).assumed).toEqual([]);
  });

  it('reads files with their own shape', async () => {
    const made = await make(given(`images=@${join(folder, 'x.npy')}`));
    expect(made.feeds['images']).toEqual({
      type: 'float32',
      dims: [2, 2],
      data: new Float32Array([1, 2, 3, 4]),
    });
  });

  it('lets the last argument of an input count, and a named one before one for all', async () => {
    const made = await make(given('mask=zeros', 'mask=ones', 'random'));
    expect(made.sources).toEqual({ images: 'random', mask: 'ones' });
  });

  it('gives an input the same numbers whatever other inputs there are', async () => {
    const both = await make({ ...given('random'), seed: 5 });
    const alone = await makeFeeds({ inputs: [inputs[1]], ...given('random'), otherwise: null, seed: 5 });
    expect(alone.feeds['mask']).toEqual(both.feeds['mask']);
  });

  it.each([
    [given('image=random'), /no input 'image'; did you mean 'images'/],
    [{ shapes: { images: [1, 4] } }, /'images' has shape \[batch, 3\], which \[1, 4\] does not fit/],
    [{ shapes: { images: [1] } }, /does not fit/],
    [{ otherwise: null }, /'images' \(float32 \[batch, 3\]\) got no data/],
  ])('refuses %j', async (changes, message) => {
    await expect(make(changes as never)).rejects.toThrow(usage(message));
  });
});
