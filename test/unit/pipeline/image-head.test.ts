// SPDX-License-Identifier: Apache-2.0
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { decodeWithSharp, openImage } from '../../../lib/pipeline/decode/decode-image';
import { readImageHead } from '../../../lib/pipeline/decode/image-head';
import { loadSharp } from '../../../lib/pipeline/decode/sharp-module';

const picture = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background: { r: 200, g: 100, b: 50, alpha: 0.5 } } });

/** A PNG's head and no more: what a decompression bomb looks like to whoever reads the head alone. */
function pngHead(width: number, height: number): Uint8Array {
  const head = Buffer.alloc(33);
  head.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  head.writeUInt32BE(13, 8);
  head.write('IHDR', 12);
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return head;
}

describe('readImageHead()', () => {
  it.each<[string, () => Promise<Buffer>, string]>([
    ['JPEG', () => picture(321, 45).jpeg().toBuffer(), 'jpeg'],
    ['progressive JPEG', () => picture(321, 45).jpeg({ progressive: true }).toBuffer(), 'jpeg'],
    [
      'JPEG with metadata',
      () =>
        picture(321, 45)
          .withExif({ IFD0: { Copyright: 'x'.repeat(3000) } })
          .jpeg()
          .toBuffer(),
      'jpeg',
    ],
    ['PNG', () => picture(321, 45).png().toBuffer(), 'png'],
    ['lossy WebP', () => picture(321, 45).webp().toBuffer(), 'webp'],
    ['lossless WebP', () => picture(321, 45).webp({ lossless: true }).toBuffer(), 'webp'],
    ['WebP with alpha', () => picture(321, 45, 4).webp().toBuffer(), 'webp'],
  ])('reads the size of a %s', async (_name, make, kind) => {
    expect(readImageHead(await make())).toEqual({ kind, width: 321, height: 45 });
  });

  it('refuses every beginning of a file that ends before the size', async () => {
    for (const bytes of [
      await picture(9, 9).jpeg().toBuffer(),
      await picture(9, 9).png().toBuffer(),
      await picture(9, 9).webp().toBuffer(),
    ]) {
      let read = 0;
      for (let length = 0; length < Math.min(bytes.length, 700); length++) {
        try {
          expect(readImageHead(bytes.subarray(0, length))).toMatchObject({ width: 9, height: 9 });
          read++;
        } catch (error) {
          expect((error as Error).message).toMatch(/ends within its head|expected a JPEG|none that a WebP/);
        }
      }
      expect(read).toBeGreaterThan(0);
    }
  });

  it('says what another file is', async () => {
    await expect(async () => readImageHead(await picture(4, 4).gif().toBuffer())).rejects.toThrow(
      'a GIF image',
    );
    expect(() => readImageHead(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toThrow(
      'JPEG, PNG or WebP',
    );
    expect(() => readImageHead(new Uint8Array())).toThrow('no bytes');
  });

  it('survives any bytes', () => {
    let seed = 1;
    const next = (): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16;
    const heads = [[0xff, 0xd8, 0xff], [...pngHead(1, 1)], [...Buffer.from('RIFF....WEBPVP8 ')]];
    for (let round = 0; round < 3000; round++) {
      const bytes = Uint8Array.from({ length: next() % 80 }, () => next() & 255);
      bytes.set(heads[round % 3]!.slice(0, bytes.length));
      try {
        readImageHead(bytes);
      } catch (error) {
        expect((error as Error).constructor.name).toBe('ImageHeadError');
      }
    }
  });
});

describe('openImage()', () => {
  it('refuses a bomb by its head', () => {
    expect(() => openImage(pngHead(50_000, 50_000), 3, 100e6)).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_RUN_IMAGE_LIMIT',
        details: { index: 3, width: 50_000, height: 50_000, maxPixels: 100e6 },
      }),
    );
    expect(() => openImage(pngHead(1_000_000, 10), 0, 100e6)).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_RUN_IMAGE_LIMIT' }),
    );
    expect(openImage(pngHead(10_000, 10_000), 0, 100e6).head.width).toBe(10_000);
  });

  it('refuses what is no image, and images without pixels', () => {
    expect(() => openImage(Buffer.from('hello'), 1, 100)).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_RUN_IMAGE_DECODE' }),
    );
    expect(() => openImage(pngHead(0, 10), 1, 100)).toThrow('0 x 10');
  });
});

describe('decodeWithSharp()', () => {
  const settings = { maxPixels: 1e6, autoOrient: true };
  const decode = (bytes: Uint8Array, patch = {}) =>
    decodeWithSharp(loadSharp(), openImage(bytes, 2, 1e6), { ...settings, ...patch });

  it('gives RGB of gray, alpha and 16 bits', async () => {
    const gray = await decode(await picture(5, 4).toColourspace('b-w').png().toBuffer());
    expect(gray.data.length).toBe(5 * 4 * (gray.format === 'gray' ? 1 : 3));
    const alpha = await decode(await picture(5, 4, 4).png().toBuffer());
    expect(alpha).toMatchObject({ width: 5, height: 4, format: 'rgb' });
    expect([...alpha.data.subarray(0, 3)]).toEqual([200, 100, 50]);
    const deep = await decode(await picture(5, 4).toColourspace('rgb16').png().toBuffer());
    expect([...deep.data.subarray(0, 3)]).toEqual([200, 100, 50]);
  });

  it('turns a photo as its orientation says, unless told not to', async () => {
    const bytes = await picture(6, 3).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await decode(bytes)).toMatchObject({ width: 3, height: 6 });
    expect(await decode(bytes, { autoOrient: false })).toMatchObject({ width: 6, height: 3 });
  });

  it('refuses truncated and corrupt files', async () => {
    const noise = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7919) >> 3));
    const raw = () => sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
    for (const bytes of [
      await raw().jpeg().toBuffer(),
      await raw().png().toBuffer(),
      await raw().webp().toBuffer(),
    ]) {
      await expect(decode(bytes.subarray(0, bytes.length / 2))).rejects.toMatchObject({
        code: 'ERR_TRT_RUN_IMAGE_DECODE',
        details: { index: 2 },
      });
    }
    const broken = Buffer.from(await raw().png().toBuffer());
    broken.fill(0x55, 60, 400);
    await expect(decode(broken)).rejects.toMatchObject({ code: 'ERR_TRT_RUN_IMAGE_DECODE' });
  });

  it('says what to install where sharp is missing', () => {
    const load = (): never => {
      throw Object.assign(new Error("Cannot find module 'sharp'"), { code: 'MODULE_NOT_FOUND' });
    };
    expect(() => loadSharp(load)).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_LOAD_SHARP_NOT_FOUND',
        hint: expect.stringContaining('npm install sharp'),
      }),
    );
  });
});
