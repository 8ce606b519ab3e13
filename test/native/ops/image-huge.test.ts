// SPDX-License-Identifier: Apache-2.0
// Images with more bytes than 31 bits count. Their memory is zeros that the system has not given yet, but for the few
// pixels that are looked at.
import { describe, expect, it } from 'vitest';
import { preprocessImages } from '../../../lib/ops/image';

const SIDE = 64;
/** Pixels of one channel: 2,415,919,104 bytes, more than 2^31. */
const HUGE = { width: 49_152, height: 49_152 };

/** Zeros, or undefined where the system has no room for them. */
function hugeBytes(): Uint8Array | undefined {
  try {
    return new Uint8Array(new SharedArrayBuffer(HUGE.width * HUGE.height));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
const NO_ROOM = 'the system gives no 2.4 GB of memory';

describe('an image of more than 2^31 bytes', () => {
  it('is read where it has its pixels', async (context) => {
    const { width, height } = HUGE;
    const data = hugeBytes();
    if (data === undefined) return context.skip(NO_ROOM);
    const step = width / SIDE;
    // Half-pixel centres: pixel i of the result is the one at (i + 1/2) * step of the image.
    const place = (i: number) => Math.floor((i + 0.5) * step);
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) data[place(y) * width + place(x)] = (7 * y + 3 * x) % 256;
    const image = { data, width, height, format: 'gray' } as const;
    const { tensor } = await preprocessImages([image], {
      size: SIDE,
      filter: 'nearest',
      type: 'uint8',
      scale: 1,
    });
    const red = (tensor.data as Uint8Array).subarray(0, SIDE * SIDE);
    expect([...red]).toEqual(
      Array.from({ length: SIDE * SIDE }, (_, i) => (7 * Math.floor(i / SIDE) + 3 * (i % SIDE)) % 256),
    );
  });

  it('is cropped behind them', async (context) => {
    const { width, height } = HUGE;
    const data = hugeBytes();
    if (data === undefined) return context.skip(NO_ROOM);
    data.fill(200, data.length - 8);
    const crop = { x: width - 8, y: height - 1, width: 8, height: 1 };
    const image = { data, width, height, format: 'gray', crop } as const;
    const { tensor } = await preprocessImages([image], {
      size: { width: 8, height: 1 },
      type: 'uint8',
      scale: 1,
    });
    expect([...(tensor.data as Uint8Array)]).toEqual(new Array(24).fill(200));
  });
});
