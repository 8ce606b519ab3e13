// SPDX-License-Identifier: Apache-2.0
// Operators on boxes beside torchvision and NumPy: test/references/boxes/boxes.json, by scripts/references/boxes.py.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decodeBoxes,
  nonMaximumSuppression,
  rescaleMasks,
  splitDetections,
  type BoxForm,
  type BoxLevel,
  type DecodeBoxesOptions,
} from '../../../lib/ops/boxes';
import { made, madeBoxes, madeHead, madeScores } from './boxes-made';

interface SuppressionCase {
  readonly count: number;
  readonly seed: number;
  readonly extent: number;
  readonly levels: number;
  readonly iou: number;
  readonly classes: number;
  readonly kept: readonly number[];
}

interface SoftCase {
  readonly count: number;
  readonly seed: number;
  readonly method: 'linear' | 'gaussian';
  readonly sigma: number;
  readonly iou: number;
  readonly least: number;
  readonly kept: readonly number[];
  readonly scores: readonly number[];
}

interface DecodeCase {
  readonly form: BoxForm;
  readonly count: number;
  readonly channels: number;
  readonly seed: number;
  readonly boxes: readonly number[];
  readonly scores: readonly number[];
  readonly best: readonly number[];
}

interface MaskCase {
  readonly masks: number;
  readonly size: readonly [number, number];
  readonly image: readonly [number, number];
  readonly seed: number;
  readonly rows: readonly string[];
}

const REFERENCES = JSON.parse(readFileSync(join(__dirname, '../../references/boxes/boxes.json'), 'utf8')) as {
  levels: readonly Required<BoxLevel>[];
  suppression: readonly SuppressionCase[];
  soft: readonly SoftCase[];
  decode: readonly DecodeCase[];
  masks: readonly MaskCase[];
};

const CELL_FORMS: readonly BoxForm[] = ['yolov3', 'yolov5', 'yolox', 'distances'];

describe('nonMaximumSuppression() beside torchvision', () => {
  it.each(REFERENCES.suppression)(
    'keeps the same of $count boxes, $classes classes, above $iou',
    async (test) => {
      const { count, seed, extent, levels, iou, classes } = test;
      const labels = Int32Array.from(made(count, seed + 200), (value) => Math.floor(value * classes));
      const results = await nonMaximumSuppression(
        { data: madeBoxes(count, seed, extent), dims: [1, count, 4] },
        { data: madeScores(count, seed + 100, levels), dims: [1, count] },
        {
          iouThreshold: iou,
          maxOutput: count,
          ...(classes === 0 ? {} : { classes: { data: labels, dims: [1, count] } }),
        },
      );
      const [image] = splitDetections(results);
      expect([...image!.indices]).toEqual(test.kept);
      expect([...image!.classes]).toEqual(test.kept.map((index) => labels[index]));
    },
  );

  it.each(REFERENCES.soft)('lowers scores as the paper does: $method', async (test) => {
    const { count, seed, method, sigma, iou, least } = test;
    const results = await nonMaximumSuppression(
      { data: madeBoxes(count, seed, 80), dims: [1, count, 4] },
      { data: madeScores(count, seed + 100, 5000), dims: [1, count] },
      { method, sigma, iouThreshold: iou, scoreThreshold: least, maxOutput: count },
    );
    const [image] = splitDetections(results);
    expect([...image!.indices]).toEqual(test.kept);
    // Up to a hundred products in float32, each rounded once.
    image!.scores.forEach((score, at) => expect(Math.abs(score - test.scores[at]!)).toBeLessThan(1e-5));
  });
});

describe('decodeBoxes() beside torchvision and NumPy', () => {
  it.each(REFERENCES.decode)('decodes the form $form', async (test) => {
    const { form, count, channels, seed } = test;
    const head = { data: madeHead(count * channels, seed), dims: [1, count, channels] };
    const options = optionsOf(form, count);
    const all = await decodeBoxes(head, options);
    // Of corners up to some hundred pixels: rounding of float32, and of exp and the logistic function.
    expectNear(all.boxes.data, test.boxes, 1e-4);
    expectNear(all.scores.data, test.scores, 1e-6);
    const best = await decodeBoxes(head, { ...options, best: true });
    expect([...best.classes.data]).toEqual(test.best);
    const classes = all.scores.dims[2]!;
    expect([...best.scores.data]).toEqual(
      test.best.map((label, at) => all.scores.data[at * classes + label]),
    );
    const turned = await decodeBoxes(transpose(head.data, count, channels), {
      ...options,
      layout: 'channels-first',
    });
    expect(turned.boxes.data).toEqual(all.boxes.data);
    expect(turned.scores.data).toEqual(all.scores.data);
  });
});

describe('rescaleMasks() beside torch', () => {
  it.each(REFERENCES.masks)('gives the same pixels of $masks masks in $image', async (test) => {
    const [height, width] = test.image;
    const [maskHeight, maskWidth] = test.size;
    const logits = Float32Array.from(made(test.masks * maskHeight * maskWidth, test.seed), (v) => v * 8 - 4);
    const model = { width: maskWidth * 4, height: maskHeight * 4 };
    const masks = await rescaleMasks(
      { data: logits, dims: [test.masks, maskHeight, maskWidth] },
      {
        data: madeBoxes(test.masks, test.seed + 10, Math.min(height, width) - 3),
        dims: [test.masks, 4],
      },
      {
        model,
        transform: {
          scaleX: model.width / width,
          scaleY: model.height / height,
          offsetX: 0,
          offsetY: 0,
          width,
          height,
        },
      },
    );
    const expected = test.rows.join('');
    const wrong = [...masks.data].filter(
      (pixel, at) => expected[at] !== '2' && Number(expected[at]) !== pixel,
    );
    expect(masks.dims).toEqual([test.masks, height, width]);
    expect(wrong).toHaveLength(0);
    expect(masks.data.some((pixel) => pixel === 1)).toBe(expected.includes('1'));
  });
});

function optionsOf(form: BoxForm, count: number): DecodeBoxesOptions {
  if (form === 'deltas')
    return {
      form,
      variances: [0.1, 0.1, 0.2, 0.2],
      anchors: { data: madeBoxes(count, 77, 200), dims: [count, 4] },
    };
  if (!CELL_FORMS.includes(form)) return { form };
  const hasAnchors = form === 'yolov3' || form === 'yolov5';
  const levels = REFERENCES.levels.map(({ anchors, ...level }) =>
    hasAnchors ? { ...level, anchors } : level,
  );
  return { form, levels };
}

function transpose(data: Float32Array, rows: number, columns: number) {
  const turned = Float32Array.from(data, (_, at) => data[(at % rows) * columns + Math.floor(at / rows)]!);
  return { data: turned, dims: [1, columns, rows] };
}

function expectNear(values: Float32Array, expected: readonly number[], tolerance: number): void {
  expect(values).toHaveLength(expected.length);
  const furthest = values.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0);
  expect(furthest).toBeLessThan(tolerance);
}
