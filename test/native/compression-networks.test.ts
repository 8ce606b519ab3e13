// SPDX-License-Identifier: Apache-2.0
// The networks of benchmarks/compression: as good as recorded, and judged by samples that nothing was fitted to.
import { describe, expect, test } from 'vitest';
import {
  accuracyOf,
  COMPRESSION_NETWORKS,
  networkPath,
  samplesOf,
  type DataPart,
} from '../compression-networks';

/** Images as text. */
function images(part: DataPart): string[] {
  const { input } = samplesOf('digits', part);
  const [count = 0] = input.dims;
  const size = input.data.length / count;
  return Array.from({ length: count }, (_, index) =>
    input.data.slice(index * size, (index + 1) * size).join(),
  );
}

/** An image moved by so many columns, zeros coming in. */
function moved(image: string, by: number): string {
  const pixels = image.split(',').map(Number);
  return pixels
    .map((_, at) => {
      const column = (at % 8) - by;
      return column < 0 || column > 7 ? 0 : pixels[at - by]!;
    })
    .join();
}

describe.each(Object.entries(COMPRESSION_NETWORKS))('%s', (name, { data, accuracy }) => {
  test('has the accuracy that was recorded when it was trained, 95 % at least', async () => {
    expect(accuracy).toBeGreaterThanOrEqual(0.95);
    expect(await accuracyOf(networkPath(name), data)).toBeCloseTo(accuracy, 3);
  });
});

test('no image of calibration, validation and test was trained on, not even a moved one', () => {
  const known = new Set(images('train').flatMap((image) => [-1, 0, 1].map((by) => moved(image, by))));
  const [calibration, validation, tested] = (['calibration', 'validation', 'test'] as const).map(images);
  expect([...calibration!, ...validation!, ...tested!].filter((image) => known.has(image))).toEqual([]);
  const seen = new Set([...calibration!, ...validation!]);
  expect(tested!.filter((image) => seen.has(image))).toEqual([]);
});
