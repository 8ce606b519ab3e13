// SPDX-License-Identifier: Apache-2.0
import { pixels } from './inputs.mjs';
import { largeCase, operatorCase } from './operator-case.mjs';

const inputsOf = (images) => () => images.map((image, index) => pixels(image, index + 1));
const image = (images, options, note) =>
  operatorCase('preprocessImages', inputsOf(images), [images, options], { note });
const largeImage = (images, options, note) =>
  largeCase('preprocessImages', inputsOf(images), [images, options], note);

const FORMATS = ['rgb', 'bgr', 'rgba', 'bgra', 'gray', 'nv12', 'i420', 'yuyv'];
const ODD = { width: 33, height: 21, format: 'rgb' };
const HD = { width: 1920, height: 1080, format: 'rgb' };
const NORMALIZED = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

const formats = FORMATS.flatMap((format) =>
  ['bt601', 'bt709'].map((colorMatrix, index) =>
    image(
      [{ width: 38, height: 26, format, colorMatrix, colorRange: index === 0 ? 'limited' : 'full' }],
      { size: 24, fit: 'contain', fill: 114, ...NORMALIZED },
      `${format} ${colorMatrix}`,
    ),
  ),
);

const filters = ['nearest', 'bilinear', 'bicubic'].flatMap((filter) =>
  ['half-pixel', 'align-corners', 'asymmetric'].flatMap((coordinates) =>
    [true, false].map((antialias) =>
      image(
        [ODD],
        { size: { width: 17, height: 40 }, filter, coordinates, antialias, channels: 'bgr', layout: 'nhwc' },
        `${filter} ${coordinates}${antialias ? '' : ' without antialias'}`,
      ),
    ),
  ),
);

const types = [
  { type: 'float16', ...NORMALIZED },
  { type: 'bfloat16', layout: 'nhwc' },
  { type: 'uint8', filter: 'bicubic' },
  { type: 'int8', quantization: { scale: 0.02, zeroPoint: -3 } },
  { type: 'float32', channels: 'gray', filter: 'area' },
].map((options) => image([ODD], { size: 16, ...options }, options.type));

const SIZES = [
  { width: 1, height: 1, format: 'rgb' },
  { width: 5, height: 300, format: 'gray' },
  { width: 64, height: 48, format: 'nv12' },
  { width: 41, height: 30, format: 'rgba', stride: 200, crop: { x: 2.5, y: 3, width: 30.25, height: 20 } },
];

export const imageCases = [
  ...formats,
  ...filters,
  ...types,
  image(SIZES, { size: 20, fit: 'cover', coverFraction: 0.875 }, 'four sizes in one batch'),
  image([ODD], { size: 1 }, 'to one pixel'),
  largeImage([HD], { size: 640, fit: 'contain', fill: 114, filter: 'area' }, '1920x1080, area'),
  largeImage(
    [HD, { ...HD, format: 'nv12' }, { ...HD, format: 'yuyv' }],
    { size: 640, ...NORMALIZED },
    '1920x1080',
  ),
  largeImage(
    [{ width: 4096, height: 4096, format: 'rgba' }],
    { size: 224, filter: 'bicubic', type: 'float16' },
    '4096x4096',
  ),
  largeImage(
    [{ width: 31, height: 17, format: 'rgb' }],
    { size: { width: 4099, height: 2051 }, type: 'uint8' },
    'enlarged',
  ),
];
