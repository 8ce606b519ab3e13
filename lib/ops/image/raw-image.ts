// SPDX-License-Identifier: Apache-2.0
// Pixels as callers have them, and whether what is said about them fits together.

import { TensorRTError } from '../../errors';
import { describeType } from '../../option-checks';
import { type DeviceTensor } from '../../runtime/device-tensor';
import type { Tensor } from '../../runtime/tensor';
import { didYouMean } from '../../text/nearest-name';
import { requireType, specOf, type OperatorTensor } from '../tensor-spec';
import type { Rectangle } from './transform';

/** In the order of the native `PixelFormat`. */
export const IMAGE_FORMATS = ['rgb', 'bgr', 'rgba', 'bgra', 'gray', 'nv12', 'i420', 'yuyv'] as const;

/**
 * How pixels lie in memory, 8 bits each: interleaved colours (alpha is not used), one byte of gray; `nv12`: a plane of
 * luma, then one of U and V in turn for each two by two pixels; `i420`: luma, then a plane of U, then one of V; `yuyv`:
 * luma, U, luma, V for each two pixels of a row.
 */
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** What holds pixels: bytes, or a tensor of type uint8 and any dims. */
export type PixelData = Uint8Array | Uint8ClampedArray | Tensor<Uint8Array> | DeviceTensor;

/** What is known of an image without its pixels. */
export interface ImageSpec {
  /** Pixels of a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** How colours lie in memory. */
  readonly format: ImageFormat;
  /**
   * Bytes from one row to the next. Two numbers for `nv12` and `i420`: of luma and of the chroma planes (that of luma,
   * halved for `i420`, if there is one number). Default: rows without a gap. A plane follows the one before it after
   * `stride * rows` bytes.
   */
  readonly stride?: number | readonly number[];
  /** What YUV means: `'bt601'` (default) or `'bt709'`. */
  readonly colorMatrix?: 'bt601' | 'bt709';
  /** `'limited'` (default): luma from 16 to 235, chroma from 16 to 240. `'full'`: 0 to 255. */
  readonly colorRange?: 'limited' | 'full';
  /** The part to use, in pixels; may be fractional. Pixels outside of it do not count. Default: all. */
  readonly crop?: Rectangle;
}

/**
 * An image in memory.
 *
 * @typeParam D - What holds its pixels.
 */
export interface RawImage<D extends PixelData = PixelData> extends ImageSpec {
  /** The pixels, from the first one of the first plane on. What follows the last one is not read. */
  readonly data: D;
}

/** An image that fits together. */
export interface CheckedImage {
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  readonly strides: readonly [stride: number, chromaStride: number];
  readonly crop: Rectangle;
  readonly colorMatrix: 'bt601' | 'bt709';
  readonly colorRange: 'limited' | 'full';
  /** From the first pixel to the end of the last one. */
  readonly bytes: number;
}

/** Pixels of a row, and rows, at most. */
export const MAX_IMAGE_SIDE = 65_535;

const BYTES_PER_PIXEL: Readonly<Record<ImageFormat, number>> = {
  ...{ rgb: 3, bgr: 3, rgba: 4, bgra: 4 },
  ...{ gray: 1, nv12: 1, i420: 1, yuyv: 2 },
};

/** The `ERR_TRT_ARG_IMAGE` of an image of a call. */
export function imageError(
  index: number,
  message: string,
  details: Record<string, unknown> = {},
): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_IMAGE', `Image ${index}: ${message}`, {
    details: { image: index, ...details },
  });
}

/**
 * Checks what is said about an image.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_IMAGE`
 */
export function checkImage(image: ImageSpec, index: number): CheckedImage {
  if (typeof image !== 'object' || image === null)
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `Image ${index} must be an object { data, width, height, format }, not ${describeType(image)}.`,
      { details: { image: index, received: describeType(image) } },
    );
  const { width, height, format } = image;
  requireWord(index, 'format', format, IMAGE_FORMATS);
  requireSide(index, 'width', width);
  requireSide(index, 'height', height);
  requireEven(index, image);
  const colorMatrix = image.colorMatrix ?? 'bt601';
  const colorRange = image.colorRange ?? 'limited';
  requireWord(index, 'colorMatrix', colorMatrix, ['bt601', 'bt709']);
  requireWord(index, 'colorRange', colorRange, ['limited', 'full']);
  const strides = readStrides(image, index);
  const crop = readCrop(image, index);
  const bytes = bytesOf(image, strides);
  return { width, height, format, strides, crop, colorMatrix, colorRange, bytes };
}

function requireWord(index: number, name: string, value: unknown, known: readonly string[]): void {
  if (typeof value === 'string' && known.includes(value)) return;
  const came = typeof value === 'string' ? `'${value}'` : describeType(value);
  const hint = typeof value === 'string' ? didYouMean(value, known) : '';
  const expected = known.map((word) => `'${word}'`).join(', ');
  throw imageError(index, `${name} must be one of ${expected}, not ${came}.${hint}`, { [name]: value });
}

function requireSide(index: number, name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_IMAGE_SIDE) return;
  const came = typeof value === 'number' ? String(value) : describeType(value);
  throw imageError(index, `${name} must be a whole number from 1 to ${MAX_IMAGE_SIDE}, not ${came}.`);
}

function requireEven(index: number, { width, height, format }: ImageSpec): void {
  const isPlanar = format === 'nv12' || format === 'i420';
  if (!isPlanar && format !== 'yuyv') return;
  if (width % 2 === 0 && (!isPlanar || height % 2 === 0)) return;
  const needs = isPlanar ? 'an even width and height' : 'an even width';
  throw imageError(index, `${format} needs ${needs}, not ${width} x ${height}.`, { width, height, format });
}

function readStrides({ width, format, stride }: ImageSpec, index: number): [number, number] {
  const least = width * BYTES_PER_PIXEL[format];
  const leastChroma = format === 'i420' ? width / 2 : width;
  const given: readonly unknown[] = stride === undefined || Array.isArray(stride) ? (stride ?? []) : [stride];
  const planes = format === 'nv12' || format === 'i420' ? 2 : 1;
  if (given.length > planes)
    throw imageError(index, `${format} has ${planes} stride${planes === 1 ? '' : 's'}, not ${given.length}.`);
  const luma = given[0] ?? least;
  requireStride(index, luma, least);
  if (planes === 1) return [luma, 0];
  const chroma = given[1] ?? (format === 'i420' ? Math.floor(luma / 2) : luma);
  requireStride(index, chroma, leastChroma);
  return [luma, chroma];
}

function requireStride(index: number, stride: unknown, least: number): asserts stride is number {
  if (Number.isSafeInteger(stride) && (stride as number) >= least && (stride as number) <= 2 ** 31) return;
  const came = typeof stride === 'number' ? String(stride) : describeType(stride);
  throw imageError(
    index,
    `a row takes ${least} bytes, so that a stride must be that many or more, not ${came}.`,
    {
      stride,
      least,
    },
  );
}

function readCrop({ width, height, crop }: ImageSpec, index: number): Rectangle {
  if (crop === undefined) return { x: 0, y: 0, width, height };
  if (typeof crop !== 'object' || crop === null)
    throw imageError(index, `crop must be { x, y, width, height }, not ${describeType(crop)}.`);
  const { x, y, width: cropWidth, height: cropHeight } = crop;
  // A sum of fractions may end a hair behind the edge.
  const fits = (start: number, length: number, side: number): boolean =>
    Number.isFinite(start) &&
    Number.isFinite(length) &&
    start >= 0 &&
    length > 0 &&
    start + length <= side + 1e-6;
  if (fits(x, cropWidth, width) && fits(y, cropHeight, height))
    return { x, y, width: cropWidth, height: cropHeight };
  throw imageError(
    index,
    `crop (x ${x}, y ${y}, ${cropWidth} x ${cropHeight}) is not inside of ${width} x ${height} pixels.`,
    { crop, width, height },
  );
}

function bytesOf({ width, height, format }: ImageSpec, [luma, chroma]: readonly [number, number]): number {
  if (format === 'nv12') return luma * height + chroma * (height / 2 - 1) + width;
  if (format === 'i420') return luma * height + chroma * (height - 1) + width / 2;
  return luma * (height - 1) + width * BYTES_PER_PIXEL[format];
}

/**
 * The pixels as an operator takes them.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_TENSOR`, `ERR_TRT_ARG_IMAGE`,
 *   `ERR_TRT_RUN_DEVICE_TENSOR`
 */
export function pixelsOf({ data }: RawImage, image: CheckedImage, index: number): OperatorTensor {
  const tensor = asTensor(data);
  const name = { operator: 'preprocessImages', argument: `the data of image ${index}` };
  const spec = specOf(tensor, name);
  requireType(spec, ['uint8'], name);
  const bytes = spec.dims.reduce((count, dim) => count * dim, 1);
  if (bytes >= image.bytes) return tensor;
  const { width, height, format, strides } = image;
  throw imageError(
    index,
    `${width} x ${height} pixels of ${format} with a stride of ${strides[0]} take ${image.bytes} bytes, but data has ${bytes}.`,
    { expected: image.bytes, received: bytes },
  );
}

function asTensor(data: PixelData): OperatorTensor {
  if (!ArrayBuffer.isView(data)) return data;
  // The same memory: what a canvas gives, and what a Buffer is.
  const { buffer, byteOffset, byteLength } = data;
  const isClamped = data[Symbol.toStringTag] === ('Uint8ClampedArray' as string);
  const bytes = isClamped ? new Uint8Array(buffer, byteOffset, byteLength) : (data as Uint8Array);
  return { type: 'uint8', data: bytes };
}
