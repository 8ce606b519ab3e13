// SPDX-License-Identifier: Apache-2.0
// What the operators on boxes refuse, and what they make of numbers that are none.
import { describe, expect, it } from 'vitest';
import {
  decodeBoxes,
  nonMaximumSuppression,
  planNonMaximumSuppression,
  rescaleBoxes,
  rescaleKeypoints,
  rescaleMasks,
  splitDetections,
  type DecodeBoxesOptions,
  type SuppressionOptions,
} from '../../../lib/ops/boxes';

const BOXES = { data: Float32Array.of(0, 0, 10, 10, 0, 0, 10, 9, 20, 20, 30, 30), dims: [1, 3, 4] };
const SCORES = { data: Float32Array.of(0.5, 0.9, 0.5), dims: [1, 3] };
const LABELLED = { data: new Float32Array(6), dims: [1, 3, 2] };
const TRANSFORM = { scaleX: 0.5, scaleY: 0.5, offsetX: 0, offsetY: 4, width: 30, height: 20 };
const ones = (...dims: number[]) => ({
  data: new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(1),
  dims,
});

describe('nonMaximumSuppression()', () => {
  it('refuses thresholds, limits and words that it does not know', async () => {
    const wrong: [object, string][] = [
      [{ iouThreshold: 1.1 }, 'ERR_TRT_ARG_VALUE'],
      [{ iouThreshold: -0.1 }, 'ERR_TRT_ARG_VALUE'],
      [{ iouThreshold: NaN }, 'ERR_TRT_ARG_VALUE'],
      [{ iouThreshold: '0.5' }, 'ERR_TRT_ARG_TYPE'],
      [{ scoreThreshold: Infinity }, 'ERR_TRT_ARG_VALUE'],
      [{ scoreThreshold: NaN }, 'ERR_TRT_ARG_VALUE'],
      [{ maxOutput: 0 }, 'ERR_TRT_ARG_VALUE'],
      [{ maxOutput: 1.5 }, 'ERR_TRT_ARG_VALUE'],
      [{ maxOutput: 50, maxCandidates: 40 }, 'ERR_TRT_ARG_VALUE'],
      [{ maxCandidates: 100_001 }, 'ERR_TRT_ARG_VALUE'],
      [{ sigma: 0 }, 'ERR_TRT_ARG_VALUE'],
      [{ method: 'softer' }, 'ERR_TRT_ARG_VALUE'],
      [{ classAgnostic: 1 }, 'ERR_TRT_ARG_TYPE'],
      [{ iouTreshold: 0.5 }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    ];
    for (const [options, code] of wrong)
      await expect(nonMaximumSuppression(BOXES, SCORES, options as SuppressionOptions)).rejects.toMatchObject(
        {
          code,
        },
      );
  });

  it('refuses tensors that do not fit each other', async () => {
    const code = 'ERR_TRT_ARG_TENSOR';
    const labels = { data: new Int32Array(2), dims: [1, 2] };
    const three = { data: new Int32Array(3), dims: [1, 3] };
    await expect(nonMaximumSuppression(ones(1, 3, 5), SCORES)).rejects.toMatchObject({ code });
    await expect(nonMaximumSuppression(ones(3, 4), SCORES)).rejects.toMatchObject({ code });
    await expect(nonMaximumSuppression(BOXES, ones(1, 4))).rejects.toMatchObject({ code });
    await expect(nonMaximumSuppression(BOXES, ones(1, 3, 0))).rejects.toMatchObject({ code });
    await expect(
      nonMaximumSuppression({ data: new Float64Array(12), dims: [1, 3, 4] }, SCORES),
    ).rejects.toMatchObject({ code });
    await expect(nonMaximumSuppression(BOXES, SCORES, { classes: labels })).rejects.toMatchObject({ code });
    await expect(nonMaximumSuppression(BOXES, LABELLED, { classes: three })).rejects.toMatchObject({ code });
    await expect(nonMaximumSuppression(BOXES, SCORES, { multiLabel: true })).rejects.toMatchObject({ code });
  });

  it('refuses more boxes than it has room for, before anything is computed', () => {
    const boxes = { type: 'float32', dims: [1, 5_000_000, 4] } as const;
    expect(() => planNonMaximumSuppression([boxes, { type: 'float32', dims: [1, 5_000_000] }])).toThrow(
      /at most 4194304 boxes/,
    );
    const images = { type: 'float32', dims: [65_536, 1, 4] } as const;
    expect(() => planNonMaximumSuppression([images, { type: 'float32', dims: [65_536, 1] }])).toThrow(
      /at most 65535 images/,
    );
  });

  it('gives each image its results, places behind them filled', async () => {
    const boxes = { data: Float32Array.of(...BOXES.data, ...BOXES.data), dims: [2, 3, 4] };
    const scores = { data: Float32Array.of(0.5, 0.9, 0.5, 0.1, 0.2, NaN), dims: [2, 3] };
    const results = await nonMaximumSuppression(boxes, scores, { scoreThreshold: 0.1, maxOutput: 4 });
    expect([...results.counts.data]).toEqual([2, 1]);
    expect([...results.indices.data]).toEqual([1, 2, -1, -1, 1, -1, -1, -1]);
    const [first, second] = splitDetections(results);
    expect([...first!.boxes]).toEqual([0, 0, 10, 9, 20, 20, 30, 30]);
    expect([...second!.scores]).toEqual([Math.fround(0.2)]);
  });

  it('takes the best class of a box, or each', async () => {
    const scores = { data: Float32Array.of(0.5, 0.6, 0.9, 0.1, 0.3, 0.4), dims: [1, 3, 2] };
    const [best] = splitDetections(await nonMaximumSuppression(BOXES, scores));
    expect([...best!.indices]).toEqual([1, 0, 2]);
    expect([...best!.classes]).toEqual([0, 1, 1]);
    const [together] = splitDetections(await nonMaximumSuppression(BOXES, scores, { classAgnostic: true }));
    expect([...together!.indices]).toEqual([1, 2]);
    const [each] = splitDetections(await nonMaximumSuppression(BOXES, scores, { multiLabel: true }));
    expect([...each!.indices]).toEqual([1, 0, 2, 2]);
    expect([...each!.classes]).toEqual([0, 1, 1, 0]);
  });

  it('takes no images and no boxes', async () => {
    const none = await nonMaximumSuppression(ones(0, 3, 4), ones(0, 3));
    expect(none.boxes.dims).toEqual([0, 300, 4]);
    expect(splitDetections(none)).toEqual([]);
    const empty = await nonMaximumSuppression(ones(2, 0, 4), ones(2, 0, 7), { maxOutput: 2 });
    expect([...empty.counts.data]).toEqual([0, 0]);
    expect([...empty.classes.data]).toEqual([-1, -1, -1, -1]);
  });
});

describe('decodeBoxes()', () => {
  it('refuses options that do not fit the form', async () => {
    const level = { width: 1, height: 3, stride: 8 };
    const wrong: [object, string][] = [
      [{}, 'ERR_TRT_ARG_TYPE'],
      [{ form: 'yolov9' }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'yolox' }, 'ERR_TRT_ARG_TYPE'],
      [{ form: 'yolox', levels: [] }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'yolox', levels: Array.from({ length: 9 }, () => level) }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'yolox', levels: [{ ...level, stride: NaN }] }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'yolox', levels: [{ ...level, anchors: [[1, 1]] }] }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'yolov5', levels: [level] }, 'ERR_TRT_ARG_TYPE'],
      [{ form: 'yolov5', levels: [{ ...level, anchors: [[1, -1]] }] }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'center', levels: [level] }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'center', scale: [1] }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'center', scale: [1, Infinity] }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'center', layout: 'rows' }, 'ERR_TRT_ARG_VALUE'],
      [{ form: 'center', anchors: ones(3, 4) }, 'ERR_TRT_ARG_TENSOR'],
      [{ form: 'deltas' }, 'ERR_TRT_ARG_TENSOR'],
      [{ form: 'deltas', anchors: ones(2, 4) }, 'ERR_TRT_ARG_TENSOR'],
      [{ form: 'center', shape: 1 }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    ];
    for (const [options, code] of wrong)
      await expect(decodeBoxes(ones(1, 3, 7), options as DecodeBoxesOptions)).rejects.toMatchObject({ code });
  });

  it('refuses heads of another type, rank or number of boxes', async () => {
    const code = 'ERR_TRT_ARG_TENSOR';
    const levels = [{ width: 2, height: 2, stride: 8 }];
    await expect(decodeBoxes(ones(3, 7), { form: 'center' })).rejects.toMatchObject({ code });
    await expect(decodeBoxes(ones(1, 3, 4), { form: 'center' })).rejects.toMatchObject({ code });
    await expect(decodeBoxes(ones(1, 3, 7), { form: 'distances', levels })).rejects.toMatchObject({ code });
    await expect(
      decodeBoxes({ data: new Int8Array(21), dims: [1, 3, 7] }, { form: 'center' }),
    ).rejects.toMatchObject({ code });
  });

  it('leaves the background out and multiplies by the scale', async () => {
    const head = { data: Float32Array.of(0.5, 0.5, 0.2, 0.4, 0.7, 0.1, 0.2), dims: [1, 1, 7] };
    const options = { form: 'center', background: true, best: true, scale: [100, 200] } as const;
    const { boxes, scores, classes } = await decodeBoxes(head, options);
    expect([...boxes.data].map(Math.round)).toEqual([40, 60, 60, 140]);
    expect([scores.data[0], classes.data[0]]).toEqual([Math.fround(0.2), 1]);
  });
});

describe('rescaling to the original image', () => {
  it('maps and clips boxes and keypoints, and leaves what follows a point', async () => {
    const boxes = { data: Float32Array.of(5, 6, 100, NaN), dims: [1, 1, 4] };
    expect([...(await rescaleBoxes(boxes, TRANSFORM)).data]).toEqual([10, 4, 30, NaN]);
    const points = { data: Float32Array.of(5, 6, 0.25, -1, 50, 0.5), dims: [1, 2, 3] };
    expect([...(await rescaleKeypoints(points, [TRANSFORM])).data]).toEqual([10, 4, 0.25, 0, 20, 0.5]);
  });

  it('refuses transforms and tensors that do not fit', async () => {
    const wrong: [unknown, string][] = [
      [null, 'ERR_TRT_ARG_TYPE'],
      [{ ...TRANSFORM, scaleX: 0 }, 'ERR_TRT_ARG_VALUE'],
      [{ ...TRANSFORM, offsetX: NaN }, 'ERR_TRT_ARG_VALUE'],
      [{ ...TRANSFORM, width: -1 }, 'ERR_TRT_ARG_VALUE'],
      [[TRANSFORM, TRANSFORM], 'ERR_TRT_ARG_TENSOR'],
    ];
    for (const [transform, code] of wrong)
      await expect(rescaleBoxes(BOXES, transform as typeof TRANSFORM)).rejects.toMatchObject({ code });
    const code = 'ERR_TRT_ARG_TENSOR';
    await expect(rescaleBoxes(ones(1, 3), TRANSFORM)).rejects.toMatchObject({ code });
    await expect(rescaleKeypoints(ones(4, 1), TRANSFORM)).rejects.toMatchObject({ code });
  });

  it('refuses masks without pixels, boxes of others, and sizes that are none', async () => {
    const options = { transform: TRANSFORM, model: { width: 16, height: 16 } };
    const code = 'ERR_TRT_ARG_TENSOR';
    await expect(rescaleMasks(ones(1, 0, 4), ones(1, 4), options)).rejects.toMatchObject({ code });
    await expect(rescaleMasks(ones(2, 4, 4), ones(1, 4), options)).rejects.toMatchObject({ code });
    await expect(
      rescaleMasks(ones(1, 4, 4), ones(1, 4), { ...options, model: { width: 0, height: 16 } }),
    ).rejects.toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    await expect(rescaleMasks(ones(1, 4, 4), ones(1, 4), { ...options, inside: 256 })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
    const masks = await rescaleMasks(
      ones(1, 4, 4),
      { data: Float32Array.of(1, 0, 3, 2), dims: [1, 4] },
      options,
    );
    expect([...masks.data.subarray(0, 5)]).toEqual([0, 1, 1, 0, 0]);
    expect(masks.dims).toEqual([1, 20, 30]);
  });
});
