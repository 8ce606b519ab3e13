// SPDX-License-Identifier: Apache-2.0
// preprocessImages() beside Pillow, OpenCV and NumPy: what scripts/references/image.py recorded, with the tolerance that
// each case states.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  preprocessImages,
  type ImageSpec,
  type PreprocessSettings,
  type RawImage,
} from '../../../lib/ops/image';
import type { Tensor } from '../../../lib/runtime/tensor';
import { bfloat16ToNumber, float16ToNumber } from '../../../lib/tensor/half';
import { NpzFile } from '../../../lib/tensor/npz';

interface Case {
  readonly name: string;
  readonly images: readonly (ImageSpec & { readonly pixels: string })[];
  readonly options: PreprocessSettings;
  readonly expected: string;
  readonly tolerance: number;
  readonly relative: number;
}

const folder = fileURLToPath(new URL('../../references/image/', import.meta.url));
const { cases } = JSON.parse(readFileSync(`${folder}image.json`, 'utf8')) as { cases: Case[] };

let arrays: NpzFile;
beforeAll(async () => {
  arrays = await NpzFile.open(`${folder}image.npz`);
});
afterAll(() => arrays.close());

function numbersOf({ type, data }: Tensor): readonly number[] {
  const numbers = Array.from(data as ArrayLike<number>);
  // Node without Float16Array has bits; with it, numbers.
  if (type === 'float16' && data instanceof Uint16Array) return numbers.map(float16ToNumber);
  return type === 'bfloat16' ? numbers.map(bfloat16ToNumber) : numbers;
}

async function readImage({ pixels, ...spec }: Case['images'][number]): Promise<RawImage<Uint8Array>> {
  return { ...spec, data: (await arrays.read(pixels)).data as Uint8Array };
}

describe('preprocessImages() gives what the libraries give', () => {
  it('has recorded cases of every library', () => {
    for (const library of ['Pillow', 'OpenCV', 'NumPy'])
      expect(cases.filter(({ name }) => name.startsWith(library)).length).toBeGreaterThan(5);
  });

  it.each(cases)('$name', async ({ images, options, expected, tolerance, relative }) => {
    const raw = await Promise.all(images.map(readImage));
    const { tensor, transforms } = await preprocessImages(raw, options);
    const wanted = await arrays.read(expected);
    expect(tensor.dims).toEqual(wanted.dims);
    expect(transforms).toHaveLength(images.length);
    const came = numbersOf(tensor);
    const wrong = Array.from(wanted.data as Float32Array).flatMap((want, index) =>
      Math.abs(came[index]! - want) <= tolerance + relative * Math.abs(want)
        ? []
        : [{ index, came: came[index], want }],
    );
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});
