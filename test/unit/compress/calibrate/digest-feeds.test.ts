// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { listCalibrationWarnings } from '../../../../lib/compress/calibrate/calibration-warnings';
import { digestFeeds } from '../../../../lib/compress/calibrate/digest-feeds';
import { openFeeds } from '../../../../lib/compress/calibrate/feed-source';
import { RangeHistogram } from '../../../../lib/compress/calibrate/histogram';

const digest = async (...runs: object[]) => digestFeeds(await openFeeds(runs));
const x = Float32Array.of(1, 2);

describe('the digest of data', () => {
  it('is the same for the same data, wherever it lies and whatever the order of inputs', async () => {
    const inside = Float32Array.of(0, 1, 2, 0).subarray(1, 3);
    const [one, other] = [
      { x, y: { data: x, dims: [2] } },
      { y: { dims: [2], data: x }, x: inside },
    ];
    expect(await digest(one)).toBe(await digest(other));
    expect(await digest({ x, type: undefined })).toBe(await digest({ x }));
    expect(await digest({ x })).toMatch(/^[0-9a-f]{64}$/);
  });

  it('differs where names, classes, dims, bytes, or the runs differ', async () => {
    const all = [
      await digest({ x }),
      await digest({ y: x }),
      await digest({ x: { data: x, dims: [2] } }),
      await digest({ x: { data: x, dims: [1, 2] } }),
      await digest({ x: { data: x, dims: [2], type: 'float32' } }),
      await digest({ x: new Int32Array(x.buffer) }),
      await digest({ x: Float32Array.of(1, 3) }),
      await digest({ x }, { x }),
      await digest({ x: x.subarray(0, 1), 'x;': x.subarray(1) }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('warnings of a calibration', () => {
  const histograms = (...values: number[][]) =>
    new Map(
      values.map((list, index) => {
        const histogram = new RangeHistogram();
        histogram.add(list);
        return [`t${index}`, histogram] as const;
      }),
    );

  it('are none where runs and values differ', async () => {
    const feeds = await openFeeds([{ x }, { x: Float32Array.of(2, 3) }]);
    expect(await listCalibrationWarnings(feeds, histograms([1, 2]))).toEqual([]);
  });

  it('name a single run, equal runs and tensors that never change', async () => {
    const one = await listCalibrationWarnings(await openFeeds([{ x }]), histograms());
    expect(one).toEqual([expect.stringContaining('one run of data')]);
    const same = await openFeeds([{ x }, { x: x.slice() }, { x }]);
    expect(await listCalibrationWarnings(same, histograms([0, 0], [3, 3], [1, 2]))).toEqual([
      'all 3 runs of the data are the same: ranges are those of one run',
      'always zero on the data: "t0"',
      'always one value on the data: "t1"',
    ]);
    const many = Array.from({ length: 7 }, () => [0]);
    expect((await listCalibrationWarnings(await openFeeds([{ x }]), histograms(...many)))[1]).toContain(
      '"t4" and 2 more',
    );
  });
});
