// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateData } from '../../../../lib/cli/inputs/generate';
import { createRandom } from '../../../../lib/random';
import { parseInputArgument } from '../../../../lib/cli/inputs/input-source';
import { makeFeeds, type FeedRequest } from '../../../../lib/cli/inputs/make-feeds';
import { bfloat16ToNumber, float16ToNumber } from '../../../../lib/tensor/half';
import { loadInputModule } from '../../../../lib/cli/inputs/input-module';
import { profileForBatch } from '../../../../lib/cli/inputs/batch';
import { formatNpy, writeNpy } from '../../../../lib/tensor/npy';
import { makeZip } from '../../tensor/make-zip';

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
    [
      'x=random:1x3:0..255',
      { name: 'x', source: { kind: 'random', dims: [1, 3], range: { low: 0, high: 255 } } },
    ],
    ['random:-1..1e-1', { name: null, source: { kind: 'random', range: { low: -1, high: 0.1 } } }],
    ['x=random:.5...75', { name: 'x', source: { kind: 'random', range: { low: 0.5, high: 0.75 } } }],
    ['x=@data.npz', { name: 'x', source: { kind: 'file', path: 'data.npz' } }],
    ['x=@data.npz:arr_0', { name: 'x', source: { kind: 'file', path: 'data.npz', array: 'arr_0' } }],
    ['@folder', { name: null, source: { kind: 'file', path: 'folder' } }],
  ])('reads %s', (text, expected) => expect(parseInputArgument(text, '--input')).toEqual(expected));

  it.each([
    '',
    'x',
    'x=',
    '=random',
    'x=@',
    'x=noise',
    'x=x.npy',
    'x=random:1xy',
    'x=zeros:0..1',
    'x=random:2..1',
    'x=random:1:2',
    '@',
  ])('refuses %j', (text) => {
    expect(() => parseInputArgument(text, '--input')).toThrow(usage(/--input/));
  });
});

describe('generateData', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const draw = (seed: number) => [
      ...(generateData('float32', 100, { kind: 'random' }, createRandom(seed)) as Float32Array),
    ];
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('spreads floats over [-1, 1), also in half precision', () => {
    const random = createRandom(0);
    const f32 = [...(generateData('float32', 10_000, { kind: 'random' }, random) as Float32Array)];
    const f16 = [...(generateData('float16', 10_000, { kind: 'random' }, random) as Uint16Array)].map(
      float16ToNumber,
    );
    const bf16 = [...(generateData('bfloat16', 10_000, { kind: 'random' }, random) as Uint16Array)].map(
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
    expect(new Set(generateData('int64', 100, { kind: 'random' }, random) as BigInt64Array)).toEqual(
      new Set([0n, 1n]),
    );
    expect(new Set(generateData('int32', 100, { kind: 'random' }, random) as Int32Array)).toEqual(
      new Set([0, 1]),
    );
    expect(Math.min(...(generateData('int8', 1000, { kind: 'random' }, random) as Int8Array))).toBeLessThan(
      -100,
    );
  });

  it('writes ones in the type itself', () => {
    const random = createRandom(0);
    expect(generateData('float16', 1, { kind: 'ones' }, random)[0]).toBe(0x3c00);
    expect(generateData('int64', 1, { kind: 'ones' }, random)[0]).toBe(1n);
    expect(generateData('bool', 2, { kind: 'zeros' }, random)).toEqual(new Uint8Array(2));
  });

  it.each([
    ['float32', -3, 5],
    ['float16', 0, 1],
    ['bfloat16', 10, 20],
  ] as const)('spreads %s over a range', (type, low, high) => {
    const range = { low, high };
    const data = generateData(type, 5000, { kind: 'random', range }, createRandom(0));
    const decode = { float32: Number, float16: float16ToNumber, bfloat16: bfloat16ToNumber }[type];
    const values = Array.from(data as ArrayLike<number>, decode);
    const width = high - low;
    expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
    expect(Math.max(...values)).toBeLessThanOrEqual(high);
    expect(Math.min(...values)).toBeLessThan(low + width / 100);
    expect(Math.max(...values)).toBeGreaterThan(high - width / 50);
  });

  it('takes whole numbers of a range, both ends among them', () => {
    const draw = (type: 'uint8' | 'int64' | 'bool', low: number, high: number) =>
      new Set<unknown>([
        ...(generateData(type, 500, { kind: 'random', range: { low, high } }, createRandom(1)) as Uint8Array),
      ]);
    expect(draw('uint8', 3, 5)).toEqual(new Set([3, 4, 5]));
    expect(draw('uint8', 2.5, 4.9)).toEqual(new Set([3, 4]));
    expect(draw('int64', -1, 1)).toEqual(new Set([-1n, 0n, 1n]));
    expect(draw('bool', 1, 1)).toEqual(new Set([1]));
  });

  it.each([
    ['uint8', 0, 256],
    ['int8', -129, 0],
    ['bool', 0, 2],
    ['uint64', -1, 1],
    ['int32', 0.2, 0.8],
  ] as const)('refuses a range that %s does not have', (type, low, high) => {
    const filling = { kind: 'random', range: { low, high } } as const;
    expect(() => generateData(type, 1, filling, createRandom(0))).toThrow(usage(new RegExp(`type ${type}`)));
  });

  it('asks for a file where it has no numbers', () => {
    expect(() => generateData('string', 1, { kind: 'random' }, createRandom(0))).toThrow(
      usage(/type string/),
    );
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

  it('takes inputs by name from an archive, and another array where one is named', async () => {
    const array = (value: number) =>
      formatNpy({ type: 'float32', dims: [1, 3], data: new Float32Array(3).fill(value) });
    const mask = formatNpy({ type: 'bool', dims: [2], data: new Uint8Array([1, 0]) });
    const path = join(folder, 'data.npz');
    const members = { images: array(1), other: array(2), mask };
    await writeFile(
      path,
      makeZip(Object.entries(members).map(([name, bytes]) => ({ name: `${name}.npy`, bytes }))),
    );
    const all = await make(given(`@${path}`));
    expect(all.feeds).toMatchObject({
      images: { data: new Float32Array(3).fill(1) },
      mask: { data: new Uint8Array([1, 0]) },
    });
    const other = await make(given(`@${path}`, `images=@${path}:other`));
    expect(other.feeds).toMatchObject({ images: { data: new Float32Array(3).fill(2) } });
    expect(other.sources).toEqual({ images: `@${path}:other`, mask: `@${path}` });
    await expect(make(given(`images=@${path}:absent`))).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_NPY_INVALID',
    });
  });

  it('takes inputs by name from a folder', async () => {
    const outputs = join(folder, 'outputs');
    await mkdir(outputs);
    await writeNpy(join(outputs, 'images.npy'), { type: 'float32', dims: [1, 3], data: new Float32Array(3) });
    await writeNpy(join(outputs, 'mask.npy'), { type: 'bool', dims: [2], data: new Uint8Array(2) });
    const made = await make(given(`@${outputs}`));
    expect(made).toMatchObject({ shapes: { images: [1, 3], mask: [2] }, sets: [expect.anything()] });
    await rm(join(outputs, 'mask.npy'));
    await expect(make(given(`@${outputs}`))).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
      message: expect.stringContaining('mask.npy'),
    });
  });

  it('makes a set of each file of a folder, in the order of their numbers', async () => {
    const frames = join(folder, 'frames');
    await mkdir(frames);
    for (const number of [1, 2, 10])
      await writeNpy(join(frames, `${number}.npy`), {
        type: 'float32',
        dims: [1, 3],
        data: new Float32Array(3).fill(number),
      });
    await writeFile(join(frames, 'notes.txt'), 'no array');
    const made = await make(given(`images=@${frames}`));
    const first = made.sets.map((set) => (set['images'] as { data: Float32Array }).data[0]);
    expect(first).toEqual([1, 2, 10]);
    expect(new Set(made.sets.map((set) => set['mask'])).size).toBe(1);
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await expect(make(given(`images=@${empty}`))).rejects.toThrow(/no \.npy files/);
  });

  it('takes one array without a name where there is one input', async () => {
    const path = join(folder, 'x.npy');
    const alone = await makeFeeds({ inputs: [inputs[0]], ...given(`@${path}`), otherwise: null, seed: 0 });
    expect(alone.shapes).toEqual({ images: [2, 2] });
    await expect(make(given(`@${path}`))).rejects.toThrow(usage(/one array, and the model has 2 inputs/));
  });

  it('makes other numbers for each further set, and the same first one', async () => {
    const one = await make({ ...given('random'), seed: 5 });
    const three = await make({ ...given('random'), seed: 5, sets: 3 });
    expect(three.sets).toHaveLength(3);
    expect(three.sets[0]).toEqual(one.feeds);
    const images = three.sets.map((set) => JSON.stringify((set['images'] as { data: Float32Array }).data));
    expect(new Set(images).size).toBe(3);
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

describe('--batch', () => {
  const inputs = [
    { name: 'ids', type: 'int64', dims: ['batch', 'seq'] },
    { name: 'mask', type: 'bool', dims: ['batch', 'batch'] },
    { name: 'scale', type: 'float32', dims: [] },
  ] as const;
  const make = (changes: Partial<FeedRequest>) =>
    makeFeeds({ inputs, arguments: [], otherwise: { kind: 'zeros' }, seed: 0, ...changes });

  it('sets the open leading dimension that inputs share, and its symbol wherever it is', async () => {
    expect(await make({ batch: 4 })).toMatchObject({
      shapes: { ids: [4, 1], mask: [4, 4], scale: [] },
      assumed: ['ids'],
      batch: 4,
    });
  });

  it('replaces the leading dimension of --shapes', async () => {
    const made = await make({ batch: 4, shapes: { ids: [1, 128] } });
    expect(made).toMatchObject({ shapes: { ids: [4, 128] }, assumed: [] });
  });

  it('takes a dimension without a name as well', async () => {
    const unnamed = [{ name: 'x', type: 'float32', dims: [-1, 3] }] as const;
    expect((await make({ inputs: unnamed, batch: 2 })).shapes).toEqual({ x: [2, 3] });
  });

  it('is known from the inputs where it is not given', async () => {
    expect((await make({ shapes: { ids: [3, 8], mask: [3, 3] } })).batch).toBe(3);
    expect((await make({ shapes: { ids: [3, 8] } })).batch).toBe(1);
    expect((await make({ inputs: [{ name: 'x', type: 'float32', dims: [8, 3] }] })).batch).toBe(1);
  });

  it('may be what the model has anyway', async () => {
    const fixed = [{ name: 'x', type: 'float32', dims: [8, 3] }] as const;
    expect(await make({ inputs: fixed, batch: 8 })).toMatchObject({ shapes: { x: [8, 3] }, batch: 8 });
  });

  it.each([
    [[{ name: 'x', type: 'float32', dims: [8, 3] }], /--batch 4 does not fit this model.*x \[8, 3\]/],
    [[{ name: 'x', type: 'float32', dims: [] }], /--batch 4 does not fit this model/],
    [
      [
        { name: 'x', type: 'float32', dims: ['n', 3] },
        { name: 'y', type: 'float32', dims: ['m', 3] },
      ],
      /share, but they have n, m/,
    ],
  ] as const)('is refused where the model has none: %j', async (others, message) => {
    await expect(make({ inputs: others, batch: 4 })).rejects.toThrow(usage(message));
  });

  it('takes the first profile that has it, or says what there is', () => {
    const range = (low: number, high: number) => ({
      ids: { min: [low, 1], opt: [high, 8], max: [high, 64] },
    });
    const profiles = [range(1, 1), range(2, 8)];
    const session = { inputs, profiles };
    expect(profileForBatch(session, undefined, 4)).toBe(profiles[1]);
    expect(profileForBatch(session, undefined, undefined)).toBe(profiles[0]);
    expect(profileForBatch({ inputs, profiles: undefined }, undefined, 4)).toBeUndefined();
    expect(() => profileForBatch(session, undefined, 9)).toThrow(
      usage(/outside of the engine's profiles: 'ids' takes 1, .*; 'ids' takes 2 to 8/),
    );
    expect(() => profileForBatch(session, 0, 4)).toThrow(usage(/--batch 4/));
  });
});

describe('--input-module', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trtn-module-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const inputs = [
    { name: 'x', type: 'float32', dims: ['batch', 2] },
    { name: 'y', type: 'float32', dims: [1] },
  ] as const;

  async function make(name: string, text: string, changes: Partial<FeedRequest> = {}) {
    const path = join(folder, name);
    await writeFile(path, text);
    const generator = await loadInputModule(path);
    return makeFeeds({ inputs, arguments: [], otherwise: { kind: 'ones' }, seed: 7, generator, ...changes });
  }

  it.each([
    ['es.mjs', 'export default'],
    ['common.cjs', 'module.exports ='],
    ['compiled.cjs', 'exports.__esModule = true; exports.default ='],
  ])('calls the default export of %s for each set', async (name, prefix) => {
    const body = `async ({ inputs, index, seed, batch }) => ({
      x: { data: new Float32Array([index, seed]), dims: [batch, inputs.length] } })`;
    const made = await make(name, `${prefix} ${body}`, { sets: 2, batch: 1 });
    expect(made.sets.map((set) => set['x'])).toEqual([
      { data: new Float32Array([0, 7]), dims: [1, 2] },
      { data: new Float32Array([1, 7]), dims: [1, 2] },
    ]);
    expect(made).toMatchObject({ sources: { x: 'generator', y: 'ones' }, shapes: { x: [1, 2], y: [1] } });
  });

  it.each([
    [
      'text.mjs',
      'export default 3',
      /default export is a function, but that of .* is number/,
      'ERR_TRT_ARG_USAGE',
    ],
    ['broken.mjs', 'export default (', /cannot be loaded/, 'ERR_TRT_LOAD_FILE'],
    [
      'throws.mjs',
      'export default () => { throw new Error("no camera") }',
      /failed for set 0: no camera/,
      'ERR_TRT_ARG_VALUE',
    ],
    ['nothing.mjs', 'export default () => undefined', /returned undefined in set 0/, 'ERR_TRT_ARG_TYPE'],
    ['lists.mjs', 'export default () => ({ x: [1, 2] })', /gave no array for 'x'/, 'ERR_TRT_ARG_TYPE'],
    ['names.mjs', 'export default () => ({ z: new Float32Array(2) })', /no input 'z'/, 'ERR_TRT_ARG_USAGE'],
  ])('refuses %s', async (name, text, message, code) => {
    await expect(make(name, text)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
