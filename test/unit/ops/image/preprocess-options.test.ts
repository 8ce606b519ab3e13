// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  planPreprocessImages,
  preprocessImages,
  type ImageSpec,
  type PreprocessOptions,
} from '../../../../lib/ops/image';

const image: ImageSpec = { width: 8, height: 6, format: 'rgb' };

function codeOf(images: unknown, options: unknown): unknown {
  try {
    planPreprocessImages(images as ImageSpec[], options as PreprocessOptions);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'no error';
}

describe('planPreprocessImages() refuses images that do not fit together', () => {
  it.each([
    ['no width', { width: undefined }],
    ['a width of zero', { width: 0 }],
    ['a negative height', { height: -1 }],
    ['a height that is no number', { height: NaN }],
    ['a width that is not whole', { width: 1.5 }],
    ['a width beyond the limit', { width: 65_536 }],
    ['an unknown format', { format: 'rgbb' }],
    ['no format', { format: undefined }],
    ['a stride shorter than a row', { stride: 23 }],
    ['a stride that is no number', { stride: NaN }],
    ['two strides for one plane', { stride: [24, 24] }],
    ['an odd width of nv12', { format: 'nv12', width: 7 }],
    ['an odd height of i420', { format: 'i420', height: 5 }],
    ['an odd width of yuyv', { format: 'yuyv', width: 7 }],
    ['a chroma stride that is too short', { format: 'i420', stride: [8, 3] }],
    ['an unknown matrix', { colorMatrix: 'bt2020' }],
    ['an unknown range', { colorRange: 'tv' }],
    ['a crop beyond the right edge', { crop: { x: 1, y: 0, width: 8, height: 6 } }],
    ['a crop before the left edge', { crop: { x: -1, y: 0, width: 4, height: 6 } }],
    ['a crop without pixels', { crop: { x: 1, y: 0, width: 0, height: 6 } }],
    ['a crop of NaN', { crop: { x: NaN, y: 0, width: 4, height: 6 } }],
    ['a crop of infinity', { crop: { x: 0, y: 0, width: Infinity, height: 6 } }],
    ['a crop that is no object', { crop: 4 }],
  ])('%s', (_, change) => {
    expect(codeOf([{ ...image, ...change }], { size: 4 })).toBe('ERR_TRT_ARG_IMAGE');
  });

  it('names the image and the numbers', () => {
    const wrong = { ...image, crop: { x: 4, y: 0, width: 5, height: 6 } };
    expect(() => planPreprocessImages([image, wrong], { size: 4 })).toThrow(
      'Image 1: crop (x 4, y 0, 5 x 6) is not inside of 8 x 6 pixels.',
    );
  });

  it('what is no list or no image', () => {
    expect(codeOf({}, { size: 4 })).toBe('ERR_TRT_ARG_TYPE');
    expect(codeOf([7], { size: 4 })).toBe('ERR_TRT_ARG_TYPE');
  });
});

describe('planPreprocessImages() refuses options', () => {
  it.each([
    ['ERR_TRT_ARG_TYPE', {}],
    ['ERR_TRT_ARG_TYPE', { size: '4' }],
    ['ERR_TRT_ARG_VALUE', { size: 0 }],
    ['ERR_TRT_ARG_VALUE', { size: NaN }],
    ['ERR_TRT_ARG_VALUE', { size: { width: 4, height: -4 } }],
    ['ERR_TRT_ARG_VALUE', { size: 65_535, type: 'float32' }],
    ['ERR_TRT_ARG_UNKNOWN_OPTION', { size: 4, filtre: 'area' }],
    ['ERR_TRT_ARG_VALUE', { size: 4, filter: 'lanczos' }],
    ['ERR_TRT_ARG_VALUE', { size: 4, fit: 'fill' }],
    ['ERR_TRT_ARG_VALUE', { size: 4, type: 'float64' }],
    ['ERR_TRT_ARG_VALUE', { size: 4, filter: 'area', coordinates: 'asymmetric' }],
    ['ERR_TRT_ARG_TYPE', { size: 4, antialias: 1 }],
    ['ERR_TRT_ARG_VALUE', { size: 4, coverFraction: 0 }],
    ['ERR_TRT_ARG_VALUE', { size: 4, fill: 256 }],
    ['ERR_TRT_ARG_VALUE', { size: 4, fill: [1, 2] }],
    ['ERR_TRT_ARG_VALUE', { size: 4, scale: NaN }],
    ['ERR_TRT_ARG_VALUE', { size: 4, mean: [0, Infinity, 0] }],
    ['ERR_TRT_ARG_VALUE', { size: 4, std: 0 }],
    ['ERR_TRT_ARG_VALUE', { size: 4, std: 1e-44 }],
    ['ERR_TRT_ARG_VALUE', { size: 4, channels: 'gray', mean: [0, 0, 0] }],
    ['ERR_TRT_ARG_VALUE', { size: 4, quantization: { scale: 0.1 } }],
    ['ERR_TRT_ARG_VALUE', { size: 4, type: 'int8', quantization: { scale: 0 } }],
    ['ERR_TRT_ARG_VALUE', { size: 4, type: 'int8', quantization: { scale: 1, zeroPoint: 128 } }],
    ['ERR_TRT_ARG_TYPE', { size: 4, type: 'int8', quantization: 0.1 }],
  ])('%s for %j', (code, options) => {
    expect(codeOf([image], options)).toBe(code);
  });
});

describe('preprocessImages() refuses data', () => {
  it.each([
    ['ERR_TRT_ARG_IMAGE', new Uint8Array(8 * 6 * 3 - 1)],
    ['ERR_TRT_ARG_TENSOR', new Float32Array(8 * 6 * 3)],
    ['ERR_TRT_ARG_TENSOR', { type: 'int8', data: new Int8Array(144), dims: [144] }],
    ['ERR_TRT_ARG_TYPE', 'pixels'],
    ['ERR_TRT_ARG_TYPE', undefined],
  ])('%s', async (code, data) => {
    const raw = { ...image, data: data as Uint8Array };
    await expect(preprocessImages([raw], { size: 4 })).rejects.toMatchObject({ code });
  });
});

describe('the plan', () => {
  it('tells type, dims and transforms', () => {
    const plan = planPreprocessImages([image, image], {
      size: { width: 32, height: 16 },
      layout: 'nhwc',
      type: 'uint8',
    });
    expect(plan.outputs).toEqual([{ type: 'uint8', dims: [2, 16, 32, 3] }]);
    expect(plan.transforms).toHaveLength(2);
  });

  it('maps a letterboxed box back to the image', () => {
    const { transforms } = planPreprocessImages([{ width: 1920, height: 1080, format: 'rgb' }], {
      size: 640,
      fit: 'contain',
    });
    expect(transforms[0]).toEqual({
      scaleX: 1 / 3,
      scaleY: 1 / 3,
      offsetX: 0,
      offsetY: 140,
      width: 1920,
      height: 1080,
    });
  });

  it('maps a covering crop back to the image', () => {
    const crop = { x: 10, y: 20, width: 60, height: 40 };
    const [transform] = planPreprocessImages([{ width: 100, height: 100, format: 'gray', crop }], {
      size: 20,
      fit: 'cover',
    }).transforms;
    // The middle 40 x 40 of the crop: from (20, 20) on, halved.
    expect((0 - transform!.offsetX) / transform!.scaleX).toBeCloseTo(20, 9);
    expect((0 - transform!.offsetY) / transform!.scaleY).toBeCloseTo(20, 9);
    expect((20 - transform!.offsetX) / transform!.scaleX).toBeCloseTo(60, 9);
  });

  it('maps pixel indexes with aligned corners', () => {
    const [transform] = planPreprocessImages([{ width: 11, height: 21, format: 'gray' }], {
      size: 6,
      coordinates: 'align-corners',
    }).transforms;
    expect((5 - transform!.offsetX) / transform!.scaleX).toBe(10);
    expect((5 - transform!.offsetY) / transform!.scaleY).toBe(20);
  });
});
