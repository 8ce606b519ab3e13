// SPDX-License-Identifier: Apache-2.0
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { jpegOrientation } from '../../../../lib/ops/image/jpeg-orientation';

const made = (orientation?: number): Promise<Buffer> => {
  const image = sharp({ create: { width: 8, height: 4, channels: 3, background: 'red' } }).jpeg();
  return (orientation === undefined ? image : image.withMetadata({ orientation })).toBuffer();
};

/** A file with one entry in its TIFF directory, the first 14 bytes of which are replaced. */
function exif(order: 'II' | 'MM', { tag = 0x0112, type = 3, value = 6, directory = 8 } = {}): Uint8Array {
  const tiff = new DataView(new ArrayBuffer(26));
  const isLittle = order === 'II';
  tiff.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  tiff.setUint16(2, 42, isLittle);
  tiff.setUint32(4, directory, isLittle);
  tiff.setUint16(8, 1, isLittle);
  tiff.setUint16(10, tag, isLittle);
  tiff.setUint16(12, type, isLittle);
  tiff.setUint32(14, 1, isLittle);
  tiff.setUint16(18, value, isLittle);
  const head = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xe1, 0, 34, ...Buffer.from('Exif\0\0')];
  return Uint8Array.from([...head, ...new Uint8Array(tiff.buffer), 0xff, 0xda]);
}

describe('the orientation of a JPEG', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is what libvips wrote: %d', async (orientation) => {
    expect(jpegOrientation(await made(orientation))).toBe(orientation);
  });

  it('is read in both byte orders', () => {
    for (const order of ['II', 'MM'] as const) expect(jpegOrientation(exif(order, { value: 5 }))).toBe(5);
  });

  it('is 1 where none is told, or none that there is', async () => {
    for (const file of [
      await made(),
      exif('II', { tag: 0x0110 }),
      exif('II', { type: 4 }),
      exif('MM', { value: 0 }),
      exif('MM', { value: 9 }),
      exif('II', { directory: 4_000_000_000 }),
      exif('II').map((byte, index) => (index === 18 ? 0x58 : byte)),
      Uint8Array.from([0x89, 0x50]),
      new Uint8Array(),
    ])
      expect(jpegOrientation(file)).toBe(1);
  });

  it('is looked for in the file alone, wherever it was cut', () => {
    const whole = exif('MM', { value: 8 });
    // The rest follows in the same buffer.
    for (let size = 0; size <= 36; size++) expect(jpegOrientation(whole.subarray(0, size))).toBe(1);
    expect(jpegOrientation(whole)).toBe(8);
  });
});
