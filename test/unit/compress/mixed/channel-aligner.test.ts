// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { ChannelAligner } from '../../../../lib/compress/mixed/channel-aligner';

const source = Float32Array.of(1, 2, 3, 4, 5, 6, -1, 2);

describe('ChannelAligner', () => {
  it('brings channels that were divided back to their size', () => {
    const aligner = new ChannelAligner(1);
    const divided = source.map((value, index) => (index % 4 < 2 ? value / 16 : value));
    expect(Array.from(aligner.align(source, divided, [2, 2, 2]))).toEqual(Array.from(source));
    expect(aligner.isRescaled).toBe(true);
    // Factors are those of the first run.
    expect(Array.from(aligner.align(source, source, [2, 2, 2])).slice(0, 4)).toEqual([16, 32, 3, 4]);
  });

  it('leaves noise, zeros and turned signs as they are', () => {
    for (const values of [
      source.map((value, index) => value + ((index * 5) % 3) - 1),
      new Float32Array(8),
      source.map((value) => -value),
    ]) {
      const aligner = new ChannelAligner(-1);
      expect(aligner.align(source, values, [2, 4])).toBe(values);
      expect(aligner.isRescaled).toBe(false);
    }
  });
});
