// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { averagePrecision, precisionCurve } from '../../../../lib/evaluate/metrics/average-precision';
import {
  DetectionSums,
  intersectionOverUnion,
  type Box,
  type Detection,
} from '../../../../lib/evaluate/metrics/detection';
import { createUniform } from '../../../../lib/random';

const square = (left: number, top: number, size = 10): Box => [left, top, left + size, top + size];

describe('intersectionOverUnion', () => {
  it.each<[Box, Box, number]>([
    [square(0, 0), square(0, 0), 1],
    [square(0, 0), square(5, 0), 50 / 150],
    [square(0, 0), square(10, 0), 0],
    [square(0, 0, 0), square(0, 0, 0), 0],
  ])('of %j and %j is %f', (a, b, expected) => {
    expect(intersectionOverUnion(a, b)).toBeCloseTo(expected, 12);
  });
});

describe('averagePrecision', () => {
  // Hits in the order of scores: right, wrong, right; three true boxes.
  const curve = precisionCurve(
    [0.9, 0.8, 0.7].map((score, i) => ({ score, hits: i === 1 ? 0 : 1 })),
    3,
    0,
  );

  it('is the mean of the curve at 101 or 11 recalls, or its area', () => {
    // Precision is 1 up to a recall of 1/3 (34 and 4 points), 2/3 up to 2/3 (33 and 3 points), then 0.
    expect(averagePrecision(curve)).toBeCloseTo((34 + 33 * (2 / 3)) / 101, 12);
    expect(averagePrecision(curve, 11)).toBeCloseTo((4 + 3 * (2 / 3)) / 11, 12);
    expect(averagePrecision(curve, 'area')).toBeCloseTo(1 / 3 + 2 / 9, 12);
  });
});

describe('DetectionSums', () => {
  it('is 1 where every box is found, whatever the order', () => {
    const sums = new DetectionSums();
    const truth = [square(0, 0), square(20, 0)].map((box, label) => ({ box, label }));
    sums.add(
      truth,
      [...truth].reverse().map((one) => ({ ...one, score: 0.5 })),
    );
    expect(sums.measures).toMatchObject({ map: 1, map50: 1, map75: 1, map50Voc11: 1 });
    expect(sums.measures.map50Area).toBeCloseTo(1, 12);
  });

  it('takes each true box once and counts a second find as wrong', () => {
    const sums = new DetectionSums();
    const truth = { box: square(0, 0), label: 0 };
    const other = { box: square(100, 0), label: 0 };
    sums.add(
      [truth, other],
      [
        { ...truth, score: 0.9 },
        { ...truth, score: 0.8 },
        { ...other, score: 0.7 },
      ],
    );
    // Half of the recall at precision 1 (51 points), the rest at 2/3.
    expect(sums.measures.map50).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 12);
  });

  it('asks for a better fit at higher overlaps', () => {
    const sums = new DetectionSums();
    // An overlap of 80 / 120 = 0.667 is enough for 0.5, 0.55, 0.6 and 0.65.
    sums.add([{ box: square(0, 0), label: 3 }], [{ box: [2, 0, 12, 10], label: 3, score: 1 }]);
    expect(sums.measures.map50).toBe(1);
    expect(sums.measures.map75).toBe(0);
    expect(sums.measures.map).toBeCloseTo(0.4, 12);
  });

  it('leaves classes without true boxes out of the mean', () => {
    const sums = new DetectionSums();
    sums.add(
      [{ box: square(0, 0), label: 0 }],
      [
        { box: square(0, 0), label: 0, score: 0.5 },
        { box: square(50, 0), label: 7, score: 0.9 },
      ],
    );
    expect(sums.measures.map).toBe(1);
    expect(sums.measures.classes.find(({ label }) => label === 7)).toMatchObject({ support: 0, ap: null });
  });

  it('agrees with a plain count at one overlap on random boxes', () => {
    const random = createUniform(5);
    const images = Array.from({ length: 20 }, () => {
      const truth = Array.from({ length: 4 }, () => ({
        box: square(random() * 60, random() * 60),
        label: 0,
      }));
      const found: Detection[] = Array.from({ length: 6 }, (_, i) => {
        const [left, top] = i < 4 ? truth[i]!.box : [random() * 60, random() * 60];
        return { box: square(left + random() * 6, top + random() * 6), label: 0, score: random() };
      });
      return { truth, found };
    });
    const sums = new DetectionSums();
    for (const { truth, found } of images) sums.add(truth, found);
    expect(sums.measures.map50).toBeCloseTo(plainPrecision(images, 0.5), 12);
  });
});

/** Average precision of one class as its definition reads, without bits, curves or shared state. */
function plainPrecision(
  images: readonly { truth: readonly { box: Box }[]; found: readonly Detection[] }[],
  least: number,
): number {
  const ranked = images
    .flatMap(({ found }, image) => found.map((one) => ({ ...one, image })))
    .sort((a, b) => b.score - a.score);
  const taken = images.map(() => new Set<number>());
  const total = images.reduce((sum, { truth }) => sum + truth.length, 0);
  const hits = ranked.map(({ box, image }) => {
    const free = images[image]!.truth.map((one, index) => ({
      index,
      overlap: intersectionOverUnion(box, one.box),
    }))
      .filter(({ index, overlap }) => !taken[image]!.has(index) && overlap >= least)
      .sort((a, b) => b.overlap - a.overlap);
    if (free.length === 0) return 0;
    taken[image]!.add(free[0]!.index);
    return 1;
  });
  const points = hits.map((_, index) => {
    const right = hits.slice(0, index + 1).reduce<number>((sum, hit) => sum + hit, 0);
    return { recall: right / total, precision: right / (index + 1) };
  });
  const best = Array.from({ length: 101 }, (_, i) =>
    Math.max(0, ...points.filter(({ recall }) => recall >= i / 100).map(({ precision }) => precision)),
  );
  return best.reduce((sum, one) => sum + one, 0) / 101;
}
