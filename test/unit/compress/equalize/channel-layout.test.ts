// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import {
  moveAxes,
  reshapeLayout,
  singleAxis,
  transposeLayout,
  type ChannelLayout,
} from '../../../../lib/compress/equalize/channel-layout';

const heads: ChannelLayout = {
  axes: [
    { axis: -2, size: 4 },
    { axis: -1, size: 8 },
  ],
  rank: 4,
};
const whole = (...sizes: (number | undefined)[]) => ({ sizes, isWhole: true });

describe('reshapeLayout', () => {
  it.each([
    ['keeps the last axis', singleAxis(-1, 32, 3), whole(undefined, 32), singleAxis(-1, 32, 2), 1],
    ['splits it into heads', singleAxis(-1, 32, 3), whole(0, 0, 4, 8), heads, 1],
    ['splits it where a size is left open', singleAxis(-1, 32, 3), whole(0, 0, undefined, 8), heads, 1],
    ['merges heads', heads, whole(0, 0, 32), singleAxis(-1, 32, 3), 1],
    ['merges heads into a size left open', heads, whole(0, 0, undefined), singleAxis(-1, 32, 3), 1],
    [
      'keeps the second axis of images',
      singleAxis(-3, 16, 4),
      whole(0, 16, undefined),
      singleAxis(-2, 16, 3),
      1,
    ],
    [
      'repeats channels where images become rows',
      singleAxis(-3, 16, 4),
      whole(0, 144),
      singleAxis(-1, 144, 2),
      9,
    ],
  ] as const)('%s', (...[, layout, shape, expected, repeats]) => {
    expect(reshapeLayout(layout, shape)).toEqual({ layout: expected, repeats });
  });

  it.each([
    ['a last axis that is cut elsewhere', singleAxis(-1, 32, 3), whole(0, 0, 5, 8)],
    [
      'a split without a second size',
      singleAxis(-1, 32, 3),
      { sizes: [undefined, undefined], isWhole: false },
    ],
    ['heads that are merged with the sequence', heads, whole(0, 64)],
    ['an unknown rank', singleAxis(-3, 16), whole(0, 144)],
    ['rows whose size is no multiple of the channels', singleAxis(-3, 16, 4), whole(0, 100)],
    ['rows of unknown size', singleAxis(-3, 16, 4), whole(0, undefined)],
  ] as const)('cannot tell %s', (_, layout, shape) => {
    expect(reshapeLayout(layout, shape)).toBeUndefined();
  });

  it('takes the size of rows from their readers', () => {
    expect(reshapeLayout(singleAxis(-3, 16, 4), whole(0, undefined), 64)?.repeats).toBe(4);
  });
});

describe('transposeLayout', () => {
  it('moves heads and back', () => {
    const moved = transposeLayout(heads, [0, 2, 1, 3]);
    expect(moved.axes.map(({ axis }) => axis)).toEqual([-3, -1]);
    expect(transposeLayout(moved, [0, 2, 1, 3])).toEqual(heads);
  });
});

describe('moveAxes', () => {
  it('follows a squeeze and gives up where the channels are squeezed or the rank is not known', () => {
    expect(moveAxes(singleAxis(-3, 16, 4), 2, (position) => position)).toEqual(singleAxis(-1, 16, 2));
    expect(moveAxes(singleAxis(-3, 16, 4), 2, () => undefined)).toBeUndefined();
    expect(moveAxes(singleAxis(-3, 16), 2, (position) => position)).toBeUndefined();
  });
});
