// SPDX-License-Identifier: Apache-2.0
// Options of preprocessImages(), checked and folded into what the operator computes.

import {
  flag,
  integer,
  isPlainObject,
  oneOf,
  rejectUnknownOptions,
  typeError,
  valueError,
} from '../../option-checks';
import { OPERATOR_OPTIONS, type OperatorOptions } from '../run-operator';
import { MAX_IMAGE_SIDE } from './raw-image';
import type { FitRequest, ImageFit } from './transform';

/** Element types that a model takes pixels as. */
export type PreprocessType = 'float32' | 'float16' | 'bfloat16' | 'uint8' | 'int8';

/** What becomes of the pixels. */
export interface PreprocessSettings {
  /** Width and height of the model's input; one number for a square. */
  size: number | { readonly width: number; readonly height: number };
  /**
   * `'stretch'` (default): to the whole output, whatever the shape. `'contain'`: as large as fits, the rest is `fill`
   * ("letterbox"). `'cover'`: the largest part of the output's shape, the rest is cut off.
   */
  fit?: ImageFit;
  /** Where `'contain'` puts the image, and what `'cover'` keeps: `'center'` (default), or `'start'`: left and top. */
  position?: 'center' | 'start';
  /** Share of the part that `'cover'` keeps: 0.875 is a resize to 256 and a centre crop to 224. Default: 1. */
  coverFraction?: number;
  /** Level, 0 to 255, around the image; one for all or one for each channel of the output. Default: 0. */
  fill?: number | readonly number[];
  /**
   * `'bilinear'` (default), `'bicubic'`, `'nearest'`, or `'area'`: each pixel by how much of the output it covers, as
   * OpenCV's `INTER_AREA` where both sides shrink.
   */
  filter?: 'nearest' | 'bilinear' | 'bicubic' | 'area';
  /**
   * Of `'bilinear'` and `'bicubic'`. True (default): the filter grows where the image shrinks, as in Pillow and
   * torchvision. False: two or four pixels along each axis whatever the size, as OpenCV's `INTER_LINEAR` and `INTER_CUBIC`.
   */
  antialias?: boolean;
  /**
   * Where output `i` of `n` is sampled in a row of `m` pixels, in pixel indexes: `'half-pixel'` (default)
   * `(i + 0.5) m / n - 0.5`; `'align-corners'` `i (m - 1) / (n - 1)`; `'asymmetric'` `i m / n`. `'area'` takes the first
   * alone. `'nearest'` rounds halves up: Pillow's is `'half-pixel'`, OpenCV's `'asymmetric'` (rounded down).
   */
  coordinates?: 'half-pixel' | 'align-corners' | 'asymmetric';
  /** Order of the output's channels; `'gray'` is one: 0.299 R + 0.587 G + 0.114 B. Default: `'rgb'`. */
  channels?: 'rgb' | 'bgr' | 'gray';
  /** `'nchw'` (default) or `'nhwc'`. */
  layout?: 'nchw' | 'nhwc';
  /** Default: `'float32'`. */
  type?: PreprocessType;
  /** What a level, 0 to 255, is multiplied by. Default: 1/255; 1 for `uint8` and `int8` without `quantization`. */
  scale?: number;
  /** Subtracted after `scale`; one number or one for each channel of the output. Default: 0. */
  mean?: number | readonly number[];
  /** What is divided by after that. Default: 1. */
  std?: number | readonly number[];
  /** For `int8` and `uint8`: `q = round(x / scale) + zeroPoint`, saturated. */
  quantization?: { readonly scale: number; readonly zeroPoint?: number };
}

/** Options of {@link preprocessImages}. */
export interface PreprocessOptions extends PreprocessSettings, OperatorOptions {}

/** Settings, complete. */
export interface PreprocessPlanSettings extends FitRequest {
  readonly filter: string;
  readonly antialias: boolean;
  readonly coordinates: string;
  readonly channels: 'rgb' | 'bgr' | 'gray';
  readonly isChannelsLast: boolean;
  readonly type: PreprocessType;
  /** Three each: `level * multiply + add` is the output before rounding. */
  readonly multiply: readonly number[];
  readonly add: readonly number[];
  /** Outputs before rounding. */
  readonly fill: readonly number[];
}

const KNOWN = [
  ...['size', 'fit', 'position', 'coverFraction', 'fill', 'filter', 'antialias', 'coordinates'],
  ...['channels', 'layout', 'type', 'scale', 'mean', 'std', 'quantization'],
  ...OPERATOR_OPTIONS,
];

const FLOAT32_MAX = 3.4028234663852886e38;

const CHECKS = {
  fit: oneOf('stretch', 'contain', 'cover'),
  position: oneOf('center', 'start'),
  filter: oneOf('nearest', 'bilinear', 'bicubic', 'area'),
  coordinates: oneOf('half-pixel', 'align-corners', 'asymmetric'),
  channels: oneOf('rgb', 'bgr', 'gray'),
  layout: oneOf('nchw', 'nhwc'),
  type: oneOf('float32', 'float16', 'bfloat16', 'uint8', 'int8'),
  antialias: flag,
} as const;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION`
 */
export function readPreprocessOptions(options: PreprocessOptions): PreprocessPlanSettings {
  rejectUnknownOptions('preprocessImages', options, KNOWN);
  const { fit = 'stretch', position = 'center', coverFraction = 1 } = options;
  const { filter = 'bilinear', antialias = true, coordinates = 'half-pixel' } = options;
  const { channels = 'rgb', layout = 'nchw', type = 'float32' } = options;
  const words = { fit, position, filter, coordinates, channels, layout, type, antialias };
  for (const [name, check] of Object.entries(CHECKS)) check(name, words[name as keyof typeof words]);
  if (filter === 'area' && coordinates !== 'half-pixel')
    throw valueError('coordinates', coordinates, `'half-pixel' for the filter 'area'`);
  requireNumber('coverFraction', coverFraction);
  if (coverFraction <= 0 || coverFraction > 1)
    throw valueError('coverFraction', coverFraction, 'a number above 0, and 1 at most');
  const isChannelsLast = layout === 'nhwc';
  const place = { size: readSize(options.size), fit, position, coverFraction };
  const how = { filter, antialias, coordinates, channels, isChannelsLast, type };
  return { ...place, ...how, ...foldNormalization(options, channels === 'gray' ? 1 : 3, type) };
}

function readSize(size: unknown): { width: number; height: number } {
  const side = integer(1, MAX_IMAGE_SIDE);
  if (isPlainObject(size)) {
    const { width, height } = size as { width: unknown; height: unknown };
    side('size.width', width);
    side('size.height', height);
    return { width: width as number, height: height as number };
  }
  if (typeof size !== 'number') throw typeError('size', size, 'a number or { width, height }');
  side('size', size);
  return { width: size, height: size };
}

function requireNumber(name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw typeError(name, value, 'a finite number');
  if (!Number.isFinite(value)) throw valueError(name, String(value), 'a finite number');
}

/** One number for each channel. */
function perChannel(name: string, value: unknown, channels: number): readonly number[] {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : Array<unknown>(channels).fill(value);
  if (list.length !== channels)
    throw valueError(
      name,
      value,
      `one number, or ${channels === 1 ? 'a list of one' : `${channels} of them`}`,
    );
  list.forEach((number) => requireNumber(name, number));
  return list as readonly number[];
}

/** `((level * scale - mean) / std) / quantization.scale + zeroPoint` as one product and one sum. */
function foldNormalization(
  options: PreprocessOptions,
  channels: number,
  type: PreprocessType,
): Pick<PreprocessPlanSettings, 'multiply' | 'add' | 'fill'> {
  const quantization = readQuantization(options.quantization, type);
  const isPlain = (type === 'uint8' || type === 'int8') && options.quantization === undefined;
  const { scale = isPlain ? 1 : 1 / 255, fill = 0 } = options;
  requireNumber('scale', scale);
  const mean = perChannel('mean', options.mean ?? 0, channels);
  const std = perChannel('std', options.std ?? 1, channels);
  if (std.some((value) => value === 0)) throw valueError('std', options.std, 'other than 0');
  const levels = perChannel('fill', fill, channels);
  if (levels.some((level) => level < 0 || level > 255))
    throw valueError('fill', fill, 'from 0 to 255: a level, which is normalised like the pixels');
  const multiply = std.map((value) => scale / value / quantization.scale);
  const add = std.map((value, index) => -mean[index]! / value / quantization.scale + quantization.zeroPoint);
  for (const factors of [multiply, add])
    if (!factors.every((factor) => Math.abs(factor) * 255 <= FLOAT32_MAX))
      throw valueError(
        'std',
        options.std,
        'so that the outputs are float32 numbers, together with scale and mean',
      );
  const complete = (list: readonly number[]): readonly number[] =>
    [0, 1, 2].map((index) => list[index] ?? list[0]!);
  const filled = levels.map((level, index) => level * multiply[index]! + add[index]!);
  return { multiply: complete(multiply), add: complete(add), fill: complete(filled) };
}

function readQuantization(value: unknown, type: PreprocessType): { scale: number; zeroPoint: number } {
  if (value === undefined) return { scale: 1, zeroPoint: 0 };
  if (!isPlainObject(value)) throw typeError('quantization', value, '{ scale, zeroPoint }');
  if (type !== 'int8' && type !== 'uint8')
    throw valueError('quantization', value, `left out for the type '${type}': it is for 'int8' and 'uint8'`);
  rejectUnknownOptions('preprocessImages', value, ['scale', 'zeroPoint']);
  const { scale, zeroPoint = 0 } = value as { scale: unknown; zeroPoint?: unknown };
  requireNumber('quantization.scale', scale);
  if (scale <= 0) throw valueError('quantization.scale', scale, 'above 0');
  const [least, most] = type === 'int8' ? [-128, 127] : [0, 255];
  integer(least, most)('quantization.zeroPoint', zeroPoint);
  return { scale, zeroPoint: zeroPoint as number };
}
