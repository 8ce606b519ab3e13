// SPDX-License-Identifier: Apache-2.0
// preprocessImages() as callers meet it: threads, targets, views, nothing at all.
import { describe, expect, it } from 'vitest';
import { preprocessImages, type RawImage } from '../../../lib/ops/image';
import { Tensor } from '../../../lib/runtime/tensor';

function picture(width: number, height: number): RawImage<Uint8Array> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * 7919) >> 3);
  return { data, width, height, format: 'rgb' };
}

describe('preprocessImages()', () => {
  it('gives the same bytes on one thread and on four', async () => {
    const images = [picture(97, 61), picture(30, 140)];
    const options = { size: { width: 64, height: 200 }, filter: 'bicubic' } as const;
    const one = await preprocessImages(images, { ...options, threads: 1 });
    const four = await preprocessImages(images, { ...options, threads: 4 });
    expect(four.tensor.data).toEqual(one.tensor.data);
    expect(one.tensor.dims).toEqual([2, 3, 200, 64]);
  });

  it('writes into the array it is given', async () => {
    const out = new Float32Array(3 * 8 * 8);
    const { tensor } = await preprocessImages([picture(8, 8)], { size: 8, out });
    expect(tensor.data).toBe(out);
    expect(out[0]).toBe(Math.fround(picture(8, 8).data[0]! * Math.fround(1 / 255)));
    expect(out.some((value) => value > 0)).toBe(true);
  });

  it('takes the pixels of a canvas, a Buffer, a tensor and a part of a larger array', async () => {
    const { data, ...spec } = picture(6, 5);
    const { tensor } = await preprocessImages([{ ...spec, data }], { size: 4 });
    const larger = new Uint8Array(data.length + 20);
    larger.set(data, 7);
    const forms = [
      new Uint8ClampedArray(data),
      Buffer.from(data),
      new Tensor('uint8', [5, 6, 3], data),
      larger.subarray(7),
    ];
    for (const form of forms) {
      const again = await preprocessImages([{ ...spec, data: form }], { size: 4 });
      expect(again.tensor.data).toEqual(tensor.data);
    }
  });

  it('gives an empty tensor for no images', async () => {
    const { tensor, transforms } = await preprocessImages<Uint8Array>([], { size: 4, type: 'float16' });
    expect(tensor.dims).toEqual([0, 3, 4, 4]);
    expect(tensor.data).toHaveLength(0);
    expect(transforms).toEqual([]);
  });

  it('saturates what a type cannot hold', async () => {
    const data = Uint8Array.of(0, 100, 255);
    const image = { data, width: 1, height: 1, format: 'rgb' } as const;
    const levels = await preprocessImages([image], { size: 1, type: 'int8' });
    expect([...(levels.tensor.data as Int8Array)]).toEqual([0, 100, 127]);
    const shifted = await preprocessImages([image], { size: 1, type: 'uint8', mean: 50, std: 0.5 });
    expect([...(shifted.tensor.data as Uint8Array)]).toEqual([0, 100, 255]);
  });
});
