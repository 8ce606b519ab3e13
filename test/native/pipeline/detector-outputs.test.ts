// SPDX-License-Identifier: Apache-2.0
// Detectors whose boxes come in outputs of their own, or with the suppression done, over real models on the CPU, against
// numbers done by hand.
import { describe, expect, it } from 'vitest';

import {
  createPipeline,
  type BoxesScoresPost,
  type Detection,
  type EndToEndPost,
} from '../../../lib/pipeline';
import { outputsModel, plain, type FixedOutput } from '../../pipeline-models';

const RED = [255, 0, 0] as const;
const BLUE = [0, 0, 255] as const;
const LABELS = ['cat', 'dog'];

/** Corners in pixels of 16 x 16: two that overlap, one of the other class, one that is weak. */
const CORNERS = [
  [2, 2, 6, 6],
  [2.5, 2, 6.5, 6],
  [9, 10, 15, 14],
  [7, 7, 9, 9],
] as const;
const SCORES = [
  [0.9, 0.1],
  [0.8, 0.1],
  [0.2, 0.7],
  [0.1, 0.2],
] as const;
/** What is left of them in an image of 160 x 80: ten and five times as large. */
const FOUND = [
  { label: 'cat', score: 0.9, box: { x: 20, y: 10, width: 40, height: 20 } },
  { label: 'dog', score: 0.7, box: { x: 90, y: 50, width: 60, height: 20 } },
];

const center = ([x1, y1, x2, y2]: readonly number[]) => [
  (x1! + x2!) / 2,
  (y1! + y2!) / 2,
  x2! - x1!,
  y2! - y1!,
];
const sized = ([x1, y1, x2, y2]: readonly number[]) => [x1!, y1!, x2! - x1!, y2! - y1!];
const turned = ([x1, y1, x2, y2]: readonly number[]) => [y1!, x1!, y2!, x2!];
const shares = (box: readonly number[]) => box.map((number) => number / 16);
const columns = (rows: readonly (readonly number[])[]) =>
  rows[0]!.map((_, column) => rows.map((row) => row[column]!));
const logit = (share: number) => Math.log(share / (1 - share));

function rounded(found: readonly Detection[]) {
  return found.map(({ label, score, box }) => ({
    label,
    score: Number(score.toFixed(4)),
    box: Object.fromEntries(Object.entries(box).map(([side, value]) => [side, Number(value.toFixed(3))])),
  }));
}

async function open(outputs: readonly FixedOutput[], post: object, pre: object = {}) {
  return createPipeline(outputsModel(outputs), {
    spec: {
      version: 1,
      task: 'detection',
      pre: { kind: 'image', ...pre },
      post: { labels: LABELS, ...post } as unknown as BoxesScoresPost | EndToEndPost,
    },
    task: 'detection',
    device: 'cpu',
  });
}

async function found(outputs: readonly FixedOutput[], post: object) {
  await using pipeline = await open(outputs, post);
  const [first] = await pipeline.run([plain(RED, 160, 80)]);
  return rounded(first!);
}

describe('boxes and scores in two outputs', () => {
  const boxes = (rows: readonly (readonly number[])[], dims = [4, 4]): FixedOutput => ({
    name: 'boxes',
    dims,
    data: rows.flat(),
  });
  const scores = (rows: readonly (readonly number[])[], dims = [4, rows[0]!.length]): FixedOutput => ({
    name: 'scores',
    dims,
    data: rows.flat(),
  });
  // Five boxes, so that sizes tell the layout: the last is too weak.
  const five = [...CORNERS, [0, 0, 1, 1]];
  const scoresOfFive = [...SCORES, [0, 0]];
  const soft = (row: readonly number[]) => [
    ...row.map(Math.log),
    Math.log(Math.max(1e-6, 1 - row[0]! - row[1]!)),
  ];

  it.each<[string, readonly FixedOutput[], Partial<BoxesScoresPost>]>([
    ['corners', [boxes(CORNERS), scores(SCORES)], { boxes: 'boxes', scores: 'scores' }],
    ['scores before boxes', [scores(SCORES), boxes(CORNERS)], {}],
    ['centres', [boxes(CORNERS.map(center)), scores(SCORES)], { form: 'center' }],
    ['corners and sizes', [boxes(CORNERS.map(sized)), scores(SCORES)], { form: 'corner-size' }],
    ['y before x', [boxes(CORNERS.map(turned)), scores(SCORES)], { form: 'corners-yx' }],
    ['shares of the input', [boxes(CORNERS.map(shares)), scores(SCORES)], { units: 'unit' }],
    [
      'shares of centres in 16 bits',
      [
        { ...boxes(CORNERS.map(center).map(shares)), type: 'FLOAT16' },
        { ...scores(SCORES), type: 'FLOAT16' },
      ],
      { form: 'center', units: 'unit' },
    ],
    [
      'an axis of 1 between',
      [
        { ...boxes(five, [5, 1, 4]), name: 'b' },
        { ...scores(scoresOfFive, [5, 2]), name: 's' },
      ],
      { boxes: 'b' },
    ],
    ['both the other way round', [boxes(columns(five), [4, 5]), scores(columns(scoresOfFive), [2, 5])], {}],
    ['scores the other way round', [boxes(five, [5, 4]), scores(columns(scoresOfFive), [2, 5])], {}],
    ['logits', [boxes(CORNERS), scores(SCORES.map((row) => row.map(logit)))], { activation: 'sigmoid' }],
    [
      'a background in front',
      [boxes(five, [5, 4]), scores([...SCORES.map((row) => [0.99, ...row]), [0.99, 0, 0]], [5, 3])],
      { background: 'first' },
    ],
    [
      'a softmax with nothing as the last class',
      [
        boxes(five, [5, 4]),
        scores(
          [...SCORES, [0, 0]].map(soft).map((row) => row.map((x) => Math.max(x, -20))),
          [5, 3],
        ),
      ],
      { activation: 'softmax', background: 'last' },
    ],
  ])('takes %s', async (_what, outputs, post) => {
    const tolerant = outputs.some(({ type }) => type === 'FLOAT16') || post.activation !== undefined;
    const results = await found(outputs, { kind: 'boxes-scores', ...post });
    if (!tolerant) return expect(results).toEqual(FOUND);
    results.forEach((one, index) => {
      expect(one.label).toBe(FOUND[index]!.label);
      expect(one.score).toBeCloseTo(FOUND[index]!.score, 2);
      for (const [side, value] of Object.entries(FOUND[index]!.box))
        expect(one.box[side]).toBeCloseTo(value, 0);
    });
    expect(results).toHaveLength(2);
  });

  it('takes one score a box', async () => {
    const results = await found([boxes(CORNERS), { name: 'scores', dims: [4], data: [0.9, 0.8, 0.7, 0.2] }], {
      kind: 'boxes-scores',
      boxes: 'boxes',
      labels: ['face'],
    });
    expect(results.map(({ score, label }) => [score, label])).toEqual([
      [0.9, 'face'],
      [0.7, 'face'],
    ]);
  });

  it('leaves out what is no number, and suppresses nothing where it is told so', async () => {
    const broken = [[NaN, 2, 6, 6], ...CORNERS.slice(1)];
    expect(
      await found([boxes(broken), scores(SCORES)], { kind: 'boxes-scores', boxes: 'boxes' }),
    ).toMatchObject([{ score: 0.8 }, { score: 0.7 }]);
    const none = scores(SCORES.map(() => [NaN, NaN]));
    expect(await found([boxes(CORNERS), none], { kind: 'boxes-scores', boxes: 'boxes' })).toEqual([]);
    const all = { kind: 'boxes-scores', boxes: 'boxes', nms: { iouThreshold: 1, scoreThreshold: 0.15 } };
    expect((await found([boxes(CORNERS), scores(SCORES)], all)).map(({ score }) => score)).toEqual([
      0.9, 0.8, 0.7, 0.2,
    ]);
  });

  it('keeps each image of a batch with its own size', async () => {
    await using pipeline = await open(
      [boxes(CORNERS.map(shares)), { ...scores(SCORES), isScaled: true }],
      { kind: 'boxes-scores', boxes: 'boxes', units: 'unit' },
      { fit: 'contain', fill: [255, 0, 0] },
    );
    const images = [plain(RED, 32, 16), plain(BLUE, 16, 16), plain(RED, 32, 32)];
    const [wide, none, square] = await pipeline.run(images);
    // Two pixels of the image for each of the model, four rows of which are above it.
    expect(wide!.map(({ box }) => box)).toEqual([
      { x: 4, y: 0, width: 8, height: 4 },
      { x: 18, y: 12, width: 12, height: 4 },
    ]);
    expect(none).toEqual([]);
    expect(square![0]!.box).toEqual({ x: 4, y: 4, width: 8, height: 8 });
  });
});

describe('detectors with the suppression in them', () => {
  const kept = [CORNERS[0], CORNERS[2]];
  const rows = [
    [...kept[1]!, 0.7, 1],
    [...kept[0]!, 0.9, 0],
    [...CORNERS[3], 0.2, 1],
    [0, 0, 0, 0, 0, 0],
  ];
  const table = (data: readonly (readonly number[])[], rest: Partial<FixedOutput> = {}): FixedOutput => ({
    name: 'found',
    dims: [data.length, data[0]!.length],
    data: data.flat(),
    ...rest,
  });

  it('takes one table', async () => {
    expect(await found([table(rows)], { kind: 'end-to-end' })).toEqual(FOUND);
    const centred = rows.map(([x1, y1, x2, y2, score, id]) => [
      id!,
      ...center([x1!, y1!, x2!, y2!]),
      score!,
      5,
    ]);
    const columnsOf = { columns: ['class', 'box', 'score'], form: 'center', output: 'found' };
    expect(await found([table(centred)], { kind: 'end-to-end', ...columnsOf })).toEqual(FOUND);
  });

  it('takes a table of all images, and one of a single image', async () => {
    const isUnbatched = true;
    const ofAll = [
      [0, ...kept[1]!, 1, 0.7],
      [1, ...kept[0]!, 0, 0.8],
      [0, ...kept[0]!, 0, 0.9],
      [-1, 0, 0, 0, 0, 0, 0.99],
      [7, 0, 0, 1, 1, 0, 0.99],
      [NaN, 0, 0, 1, 1, 0, 0.99],
    ];
    await using all = await open([table(ofAll, { isUnbatched: true })], {
      kind: 'end-to-end',
      columns: ['image', 'box', 'class', 'score'],
    });
    const [first] = await all.run([plain(RED, 160, 80)]);
    expect(rounded(first!)).toEqual(FOUND);
    await using single = await open([table(rows, { isUnbatched })], { kind: 'end-to-end' });
    const both = await single.run([plain(RED, 160, 80), plain(RED, 16, 16)]);
    expect(rounded(both[0]!)).toEqual(FOUND);
    expect(both[1]![0]!.box).toEqual({ x: 2, y: 2, width: 4, height: 4 });
    expect(single.statistics()).toMatchObject({ inputs: 2, runs: 2 });
  });

  const parts = (counts: number): readonly FixedOutput[] => [
    { name: 'num', dims: [1], data: [counts], type: 'INT32' },
    { name: 'boxes', dims: [4, 4], data: rows.map((row) => row.slice(0, 4)).flat() },
    { name: 'scores', dims: [4], data: [0.7, 0.9, 0.8, 0.99] },
    { name: 'classes', dims: [4], data: [2, 1, 2, 1], type: 'INT64' },
  ];
  const NAMES = { boxes: 'boxes', scores: 'scores', classes: 'classes', counts: 'num', firstClass: 1 };

  it('takes an output for each part, as many of them as there are', async () => {
    expect(await found(parts(2), { kind: 'end-to-end', ...NAMES })).toEqual(FOUND);
    expect(await found(parts(0), { kind: 'end-to-end', ...NAMES })).toEqual([]);
    const { counts: _counts, ...without } = NAMES;
    // All four; the class before the first, of padding, is none.
    expect(
      (await found(parts(2), { kind: 'end-to-end', ...without, firstClass: 2, labels: ['dog'] })).map(
        ({ score }) => score,
      ),
    ).toEqual([0.8, 0.7]);
  });

  it('takes the indices of NonMaxSuppression', async () => {
    const indices = [
      [0, 1, 2],
      [0, 0, 0],
      [-1, -1, -1],
    ];
    const outputs: readonly FixedOutput[] = [
      { name: 'boxes', dims: [4, 4], data: CORNERS.flat() },
      { name: 'scores', dims: [2, 4], data: columns(SCORES).flat() },
      { name: 'chosen', dims: [3, 3], data: indices.flat(), type: 'INT64', isUnbatched: true },
    ];
    const post = { kind: 'end-to-end', boxes: 'boxes', scores: 'scores', indices: 'chosen' };
    // `isUnbatched` needs its squeeze with the first output.
    expect(await found([outputs[2]!, outputs[0]!, outputs[1]!], post)).toEqual(FOUND);
  });

  it('takes boxes in pixels of the image, and drops what is no number', async () => {
    const inImage = [
      [20, 10, 60, 30, 0.9, 0],
      [90, 50, 150, 70, 0.7, 1],
      [1, 1, NaN, 9, 0.9, 0],
      [1, 1, 9, 9, NaN, 0],
    ];
    expect(await found([table(inImage)], { kind: 'end-to-end', units: 'image' })).toEqual(FOUND);
    expect(await found([table(rows)], { kind: 'end-to-end', scoreThreshold: 0.95 })).toEqual([]);
  });

  it('says which output is not shaped as the model had told', async () => {
    await using pipeline = await open(
      [
        { ...table(CORNERS), name: 'found' },
        { name: 'few', dims: [2], data: [1, 1] },
      ],
      { kind: 'end-to-end', boxes: 'found', scores: 'few' },
    );
    await expect(pipeline.run([plain(RED)])).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_FAILED',
      details: { output: 'few' },
    });
  });
});
