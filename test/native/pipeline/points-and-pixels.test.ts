// SPDX-License-Identifier: Apache-2.0
// Pipelines that give points, classes of pixels and outlines, over real models on the CPU, against numbers done by hand.
import { describe, expect, it } from 'vitest';

import { createPipeline, type PipelineSpec } from '../../../lib/pipeline';
import { outputsModel, plain, type FixedOutput } from '../../pipeline-models';

const RED = [255, 0, 0] as const;
const BLUE = [0, 0, 255] as const;

const spec = <T extends PipelineSpec['task']>(task: T, post: object, pre: object = {}) =>
  ({
    version: 1,
    task,
    pre: { kind: 'image', ...pre },
    post: { kind: task, ...post },
  }) as unknown as Extract<PipelineSpec, { task: T }>;

const columns = (rows: readonly (readonly number[])[]) =>
  rows[0]!.map((_, column) => rows.map((row) => row[column]!));

describe('keypoints', () => {
  // Centre, size, one class; two points with their scores.
  const HEAD = [
    [4, 4, 4, 4, 0.9, 3, 3, 0.9, 5, 4, 0.25],
    [4.5, 4, 4, 4, 0.8, 9, 9, 0.9, 9, 9, 0.9],
    [12, 12, 6, 4, 0.7, 20, 12, 0.5, 12, -3, 0.5],
  ];
  const points = ['nose', 'tail'];

  it.each<[string, FixedOutput, object]>([
    ['boxes first', { name: 'head', dims: [3, 11], data: HEAD.flat() }, { form: 'center' }],
    [
      'channels first',
      { name: 'head', dims: [11, 3], data: columns(HEAD).flat() },
      { form: 'center', layout: 'channels-first' },
    ],
  ])('gives points of each box in the image, %s', async (_what, output, decode) => {
    await using pipeline = await createPipeline(outputsModel([output]), {
      spec: spec('keypoints', { decode, points, labels: ['cat'] }),
      device: 'cpu',
    });
    const [wide, small] = await pipeline.run([plain(RED, 160, 80), plain(RED, 16, 16)]);
    expect(wide).toHaveLength(2);
    const [first, second] = wide!;
    expect(first).toMatchObject({ label: 'cat', box: { x: 20, y: 10, width: 40, height: 20 } });
    expect(first!.points).toEqual([
      { name: 'nose', x: 30, y: 15, score: Math.fround(0.9) },
      { name: 'tail', x: 50, y: 20, score: 0.25 },
    ]);
    // Points that the model puts outside come to the border.
    expect(second!.points).toEqual([
      { name: 'nose', x: 160, y: 60, score: 0.5 },
      { name: 'tail', x: 120, y: 0, score: 0.5 },
    ]);
    expect(small![0]!.points[0]).toMatchObject({ x: 3, y: 3 });
  });

  it('takes points without scores, and gives nothing where nothing is', async () => {
    const rows = HEAD.map((row) => [...row.slice(0, 5), row[5]!, row[6]!]);
    await using pipeline = await createPipeline(
      outputsModel([{ name: 'head', dims: [3, 7], data: rows.flat() }]),
      {
        spec: spec('keypoints', { decode: { form: 'center' }, points: 1, pointScores: false }),
        device: 'cpu',
      },
    );
    const [found] = await pipeline.run([plain(RED, 16, 16)]);
    expect(found![0]!.points).toEqual([{ x: 3, y: 3 }]);
    const nms = { scoreThreshold: 0.95 };
    await using strict = await createPipeline(pipeline.session, {
      spec: { ...pipeline.spec, post: { ...pipeline.spec.post, nms } },
    });
    expect(await strict.run([plain(RED, 16, 16)])).toEqual([[]]);
  });
});

describe('segmentation', () => {
  // Four quarters: classes 1 and 0 above 2 and 2, as far as the image is red.
  const SCORES: readonly FixedOutput[] = [
    { name: 'scores', dims: [3, 2, 2], data: [0.5, 9, 0, 0, 1, 0, 0, 0, 0, 0, 9, 9], isScaled: true },
  ];

  it('gives each pixel of the original image the class of the highest score', async () => {
    await using pipeline = await createPipeline(outputsModel(SCORES), {
      spec: spec('segmentation', { labels: ['floor', 'wall', 'sky'] }),
      device: 'cpu',
    });
    const [found, other] = await pipeline.run([plain(RED, 4, 3), plain(BLUE, 2, 2)]);
    expect(found).toMatchObject({ width: 4, height: 3, none: 255 });
    // The middle of three rows has its centre on the line between both: it belongs to what is below.
    expect([...found!.map]).toEqual([1, 1, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(found!.classes).toEqual([
      { classId: 2, label: 'sky', pixels: 8, share: 8 / 12 },
      { classId: 0, label: 'floor', pixels: 2, share: 2 / 12 },
      { classId: 1, label: 'wall', pixels: 2, share: 2 / 12 },
    ]);
    // All scores are 0: the first class.
    expect([...other!.map]).toEqual([0, 0, 0, 0]);
  });

  it('takes classes in the last place', async () => {
    const data = [0.5, 1, 0, 9, 0, 0, 0, 0, 9, 0, 0, 9];
    await using pipeline = await createPipeline(outputsModel([{ name: 'scores', dims: [2, 2, 3], data }]), {
      spec: spec('segmentation', { layout: 'nhwc' }),
      device: 'cpu',
    });
    expect([...(await pipeline.run([plain(RED, 2, 2)]))[0]!.map]).toEqual([1, 0, 2, 2]);
  });

  it('gets back from a letterbox, and marks what a crop has left out', async () => {
    await using letterbox = await createPipeline(outputsModel(SCORES), {
      spec: spec('segmentation', {}, { fit: 'contain', fill: [255, 0, 0] }),
      device: 'cpu',
    });
    // Rows 4 to 11 of the model's 16 are the image: its upper half lies under the upper quarters.
    const [wide] = await letterbox.run([plain(RED, 4, 2)]);
    expect([...wide!.map]).toEqual([1, 1, 0, 0, 2, 2, 2, 2]);
    await using cover = await createPipeline(letterbox.session, {
      spec: spec('segmentation', {}, { fit: 'cover' }),
    });
    const [cut] = await cover.run([plain(RED, 4, 2)]);
    expect([...cut!.map]).toEqual([255, 1, 0, 255, 255, 2, 2, 255]);
    expect(cut!.classes.reduce((sum, { pixels }) => sum + pixels, 0)).toBe(4);
  });

  it('holds one class against a threshold, and takes classes that the model has chosen', async () => {
    await using one = await createPipeline(
      outputsModel([{ name: 'mask', dims: [1, 2, 2], data: [0.6, NaN, 0.4, 0.5] }]),
      { spec: spec('segmentation', { threshold: 0.5, labels: ['ground', 'person'] }), device: 'cpu' },
    );
    const [mask] = await one.run([plain(RED, 2, 2)]);
    expect([...mask!.map]).toEqual([1, 0, 0, 0]);
    expect(mask!.classes.map(({ label }) => label)).toEqual(['ground', 'person']);
    await using chosen = await createPipeline(
      outputsModel([{ name: 'classes', dims: [2, 2], data: [300, 7, -1, 70_000], type: 'INT64' }]),
      { spec: spec('segmentation', {}), device: 'cpu' },
    );
    const [found] = await chosen.run([plain(RED, 2, 2)]);
    expect(found!.map).toEqual(Uint16Array.of(300, 7, 65_535, 65_535));
    expect(found!.classes.map(({ classId }) => classId)).toEqual([7, 300]);
  });
});

describe('instance segmentation', () => {
  // Centre, size, one class, and two coefficients.
  const HEAD = [
    [4, 4, 4, 4, 0.9, 1, 0],
    [10, 8, 8, 16, 0.8, 0, 1],
    [12, 12, 2, 2, 0.7, -1, 0],
  ];
  // The first is inside everywhere, the second in the lower half.
  const PROTOTYPES = [
    ...Array<number>(16).fill(5),
    ...Array<number>(8).fill(-5),
    ...Array<number>(8).fill(5),
  ];
  const outputs: readonly FixedOutput[] = [
    { name: 'head', dims: [7, 3], data: columns(HEAD).flat() },
    { name: 'masks', dims: [2, 4, 4], data: PROTOTYPES },
  ];

  it('gives the pixels of each thing, within its box', async () => {
    await using pipeline = await createPipeline(outputsModel(outputs), {
      spec: spec('instance-segmentation', {
        decode: { form: 'center', layout: 'channels-first' },
        nms: { classAgnostic: true, iouThreshold: 0.9 },
      }),
      device: 'cpu',
    });
    const [found] = await pipeline.run([plain(RED, 32, 16)]);
    expect(found!.map(({ mask: { data: _data, ...part } }) => part)).toEqual([
      { x: 4, y: 2, width: 8, height: 4 },
      { x: 12, y: 0, width: 16, height: 16 },
      { x: 22, y: 11, width: 4, height: 2 },
    ]);
    const [all, lower, none] = found!.map(({ mask }) => mask);
    expect(all!.data).toEqual(new Uint8Array(32).fill(1));
    expect(none!.data).toEqual(new Uint8Array(8));
    const rows = Array.from({ length: 16 }, (_, row) => lower!.data.subarray(row * 16, (row + 1) * 16));
    expect(rows.map((row) => row.every((inside) => inside === 1))).toEqual(rows.map((_, row) => row >= 8));
    expect(rows.slice(0, 8).every((row) => row.every((inside) => inside === 0))).toBe(true);
  });
});
