// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openData, openInputs, type DataFiles, type LabelledBatch } from '../../../../lib/evaluate';
import type { TensorInfo } from '../../../../lib/index';
import { formatNpy } from '../../../../lib/tensor/npy';
import { rejection, temporaryFolder } from '../../../temporary-folder';

const X: TensorInfo = { name: 'x', type: 'float32', dims: ['batch', 2] };

async function readAll(
  data: DataFiles,
  inputs: readonly TensorInfo[] = [X],
  batch = 2,
): Promise<LabelledBatch[]> {
  const all: LabelledBatch[] = [];
  for await (const one of (await openData(data, inputs, batch)).batches) all.push(one);
  return all;
}

const tensorsOf = (batches: readonly LabelledBatch[]) =>
  batches.map(({ feeds }) => {
    const { data, dims } = feeds['x'] as { data: Float32Array; dims: number[] };
    return { dims, data: Array.from(data, Number) };
  });
const labelsOf = (batches: readonly LabelledBatch[]) =>
  batches.flatMap(({ labels }) =>
    Array.from('data' in labels ? (labels.data as Uint8Array) : (labels as number[]), Number),
  );

function writeArrays(
  dims: readonly number[],
  labels: readonly number[],
  type: 'float32' | 'float64' = 'float32',
) {
  const folder = temporaryFolder();
  const count = dims.reduce((product, dim) => product * dim, 1);
  const numbers = Array.from({ length: count }, (_, i) => i);
  const data = type === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers);
  const [x, y] = [join(folder, 'x.npy'), join(folder, 'y.npy')];
  writeFileSync(x, formatNpy({ type, dims, data }));
  writeFileSync(
    y,
    formatNpy({ type: 'int64', dims: [labels.length], data: BigInt64Array.from(labels, BigInt) }),
  );
  return { path: x, labels: y };
}

describe('arrays', () => {
  it('are sliced into batches, the last one smaller', async () => {
    const batches = await readAll(writeArrays([3, 2], [1, 0, 1]));
    expect(tensorsOf(batches)).toEqual([
      { dims: [2, 2], data: [0, 1, 2, 3] },
      { dims: [1, 2], data: [4, 5] },
    ]);
    expect(labelsOf(batches)).toEqual([1, 0, 1]);
  });

  it('are not copied: batches are views of one buffer', async () => {
    const buffers = (await readAll(writeArrays([4, 2], [0, 0, 0, 0]))).map(
      ({ feeds }) => (feeds['x'] as { data: Float32Array }).data.buffer,
    );
    expect(buffers[0]).toBe(buffers[1]);
  });

  it('fill a batch that the model fixes with the last sample again', async () => {
    const batches = await readAll(writeArrays([3, 2], [1, 0, 1]), [{ ...X, dims: [2, 2] }], 64);
    expect(tensorsOf(batches)[1]).toEqual({ dims: [2, 2], data: [4, 5, 4, 5] });
    expect(batches[1]).toMatchObject({ padding: 1 });
    expect(labelsOf(batches)).toEqual([1, 0, 1]);
  });

  it('are fed one by one to a model without an axis for the batch', async () => {
    const batches = await readAll(writeArrays([2, 2], [1, 0]), [{ ...X, dims: [2] }]);
    expect(tensorsOf(batches).map(({ dims }) => dims)).toEqual([[2], [2]]);
  });

  it('may lack axes of size 1, and may be of another width of floats', async () => {
    const batches = await readAll(writeArrays([1, 2], [1], 'float64'), [{ ...X, dims: ['batch', 1, 2] }]);
    expect(tensorsOf(batches)).toEqual([{ dims: [1, 1, 2], data: [0, 1] }]);
    expect((batches[0]!.feeds['x'] as { data: unknown }).data).toBeInstanceOf(Float32Array);
  });

  it.each<[string, () => DataFiles, string]>([
    ['counts that differ', () => writeArrays([3, 2], [1, 0]), 'has 3 samples, and'],
    ['an empty set', () => writeArrays([0, 2], []), 'is empty'],
    [
      'samples of a wrong shape',
      () => writeArrays([2, 3], [0, 0]),
      "shape [3] does not fit input 'x' of shape [batch, 2]",
    ],
    ['data without labels', () => ({ path: writeArrays([2, 2], [0, 0]).path }), 'comes without labels'],
    ['a path that is not there', () => ({ path: '/no/such/data.npy' }), '/no/such/data.npy cannot be read'],
  ])('refuse %s', async (_what, make, message) => {
    expect(await rejection(readAll(make()))).toMatchObject({
      code: 'ERR_TRT_EVAL_DATA',
      message: expect.stringContaining(message),
    });
  });

  it('refuse to make floats of integers', async () => {
    const { path, labels } = writeArrays([2, 2], [0, 0]);
    const error = await rejection(readAll({ path: labels, labels }, [{ ...X, dims: ['batch'] }]));
    expect(error).toMatchObject({ code: 'ERR_TRT_EVAL_DATA', message: expect.stringContaining('is int64') });
    expect(path).toContain('x.npy');
  });
});

describe('JSON lines', () => {
  const write = (...lines: readonly unknown[]) => {
    const path = join(temporaryFolder(), 'data.jsonl');
    writeFileSync(
      path,
      lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
    );
    return path;
  };

  it('are put into batches', async () => {
    const path = write(
      { input: [1, 2], label: 0 },
      '',
      { input: { x: [3, 4] }, label: 1 },
      { input: [5, 6], label: 2 },
    );
    const batches = await readAll({ path });
    expect(tensorsOf(batches)).toEqual([
      { dims: [2, 2], data: [1, 2, 3, 4] },
      { dims: [1, 2], data: [5, 6] },
    ]);
    expect(labelsOf(batches)).toEqual([0, 1, 2]);
    expect(batches[1]!.names).toEqual([`${path}:4`]);
  });

  it('begin a new batch where the shape changes', async () => {
    const path = write({ input: [1], label: 0 }, { input: [1, 2, 3], label: 0 });
    const batches = await readAll({ path }, [{ ...X, dims: ['batch', 'length'] }]);
    expect(tensorsOf(batches).map(({ dims }) => dims)).toEqual([
      [1, 1],
      [1, 3],
    ]);
  });

  it('hold boxes', async () => {
    const [found] = await readAll({ path: write({ input: [1, 2], boxes: [[0, 0, 1, 1]], classes: [4] }) });
    expect(found!.labels).toEqual([[{ box: [0, 0, 1, 1], label: 4 }]]);
  });

  it.each<[string, unknown, string]>([
    ['no JSON', '{', ':2 is no JSON'],
    ['no label', { input: [1, 2] }, ':2 has no "label"'],
    ['no input', { label: 1 }, ':2 has neither "input" nor "file"'],
    ['text for a number', { input: [1, 'a'], label: 1 }, 'expected a number'],
    ['lists of different lengths', { input: [[1], [1, 2]], label: 1 }, 'must all have 1 entries'],
    ['another kind of label', { input: [1, 2], labels: [1, 2] }, 'another kind of label'],
    ['a broken box', { input: [1, 2], boxes: [[0, 1]], classes: [0] }, 'box 0 is not'],
  ])('name the line with %s', async (_what, line, message) => {
    const error = await rejection(readAll({ path: write({ input: [1, 2], label: 0 }, line) }));
    expect(error).toMatchObject({ code: 'ERR_TRT_EVAL_DATA', message: expect.stringContaining(message) });
  });

  it('refuse an empty file', async () => {
    expect(await rejection(readAll({ path: write() }))).toMatchObject({ code: 'ERR_TRT_EVAL_DATA' });
  });
});

describe('folders', () => {
  const npy = (...values: number[]) =>
    formatNpy({ type: 'float32', dims: [2], data: Float32Array.from(values) });
  const make = (files: Readonly<Record<string, Uint8Array | string>>) => {
    const folder = temporaryFolder();
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return folder;
  };

  it('have a class for each folder in them, in the order of their names', async () => {
    const path = make({
      'dog/2.npy': npy(1, 2),
      'cat/10.npy': npy(3, 4),
      'cat/9.npy': npy(5, 6),
      '.DS_Store': '',
    });
    const open = await openData({ path }, [X], 8);
    expect(open.classNames).toEqual(['cat', 'dog']);
    const batches: LabelledBatch[] = [];
    for await (const one of open.batches) batches.push(one);
    expect(tensorsOf(batches)[0]!.data).toEqual([5, 6, 3, 4, 1, 2]);
    expect(labelsOf(batches)).toEqual([0, 0, 1]);
  });

  it.each([
    ['labels.csv', 'file,label\nb.npy,1\n"a.npy",0\n'],
    ['labels.json', '[{ "file": "b.npy", "label": 1 }, { "file": "a.npy", "label": 0 }]'],
    ['labels.json', '{ "b.npy": 1, "a.npy": 0 }'],
  ])('have their labels in %s', async (name, text) => {
    const batches = await readAll({ path: make({ 'a.npy': npy(1, 2), 'b.npy': npy(3, 4), [name]: text }) });
    expect(tensorsOf(batches)[0]!.data).toEqual([3, 4, 1, 2]);
    expect(labelsOf(batches)).toEqual([1, 0]);
  });

  it('read portable maps, channels first and from 0 to 1', async () => {
    const image = Buffer.concat([
      Buffer.from('P6\n# two pixels\n2 1\n255\n'),
      Buffer.from([255, 0, 51, 0, 255, 102]),
    ]);
    const path = make({ 'a/1.ppm': image });
    const [found] = tensorsOf(await readAll({ path }, [{ ...X, dims: ['batch', 3, 1, 2] }]));
    expect(found!.dims).toEqual([1, 3, 1, 2]);
    expect(found!.data.map((value) => Math.round(value * 255))).toEqual([255, 0, 0, 255, 51, 102]);
  });

  it('say that PNG and JPEG need a decoder, and take one', async () => {
    const path = make({ 'a/1.png': 'picture' });
    expect(await rejection(readAll({ path }))).toMatchObject({
      code: 'ERR_TRT_EVAL_DATA',
      hint: expect.stringContaining('--decode'),
    });
    const decode = () => ({ data: Float32Array.of(7, 8), dims: [2] });
    expect(tensorsOf(await readAll({ path, decode }))[0]!.data).toEqual([7, 8]);
    const broken = () => {
      throw new Error('no picture');
    };
    expect(await rejection(readAll({ path, decode: broken }))).toMatchObject({
      code: 'ERR_TRT_EVAL_DATA',
      message: expect.stringMatching(/1\.png: no picture/),
    });
  });

  it.each<[string, Readonly<Record<string, Uint8Array | string>>, string]>([
    ['nothing', {}, 'holds no samples'],
    ['a table that is no table', { 'labels.csv': 'file,label\na.npy,cat\n' }, 'labels.csv:2'],
    ['an image that ends early', { 'a/1.pgm': 'P5 9 9 255\n123' }, 'ends early'],
  ])('refuse %s', async (_what, files, message) => {
    expect(await rejection(readAll({ path: make(files) }))).toMatchObject({
      code: 'ERR_TRT_EVAL_DATA',
      message: expect.stringContaining(message),
    });
  });
});

describe('openInputs', () => {
  it('goes through arrays again and again, spread over the set', async () => {
    const { path } = writeArrays([8, 2], [0, 0, 0, 0, 0, 0, 0, 0]);
    const open = await openInputs({ path, inputs: [X], batch: 2, samples: 4 });
    for (let pass = 0; pass < 2; pass++) {
      const first: number[] = [];
      for await (const { x } of open()) first.push((x as { data: Float32Array }).data[0]!);
      expect(first).toEqual([0, 8]);
    }
  });
});
