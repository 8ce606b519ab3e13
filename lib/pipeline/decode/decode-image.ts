// SPDX-License-Identifier: Apache-2.0
// From the bytes of an image file to pixels, off the event loop.

import { TensorRTError } from '../../errors';
import type { RawImage } from '../../ops/image/raw-image';
import { MAX_IMAGE_SIDE } from '../../ops/image/raw-image';
import { ImageHeadError, readImageHead, type ImageHead } from './image-head';
import type { SharpModule } from './sharp-module';

/** An image file with what its head says. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  readonly head: ImageHead;
  /** Its place in the call. */
  readonly index: number;
}

/**
 * Reads the head of an image file and holds it against the limit.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_IMAGE_DECODE`, `ERR_TRT_RUN_IMAGE_LIMIT`
 */
export function openImage(bytes: Uint8Array, index: number, maxPixels: number): EncodedImage {
  const head = headOf(bytes, index);
  const { width, height } = head;
  const isTooLarge = width * height > maxPixels;
  if (!isTooLarge && Math.max(width, height) <= MAX_IMAGE_SIDE) return { bytes, head, index };
  const limit = isTooLarge ? `${maxPixels} pixels` : `${MAX_IMAGE_SIDE} a side`;
  throw new TensorRTError(
    'ERR_TRT_RUN_IMAGE_LIMIT',
    `Image ${index} has ${width} x ${height} pixels, by its head; at most ${limit} are decoded.`,
    { details: { index, width, height, maxPixels } },
  );
}

function headOf(bytes: Uint8Array, index: number): ImageHead {
  try {
    return readImageHead(bytes);
  } catch (cause) {
    if (!(cause instanceof ImageHeadError)) throw cause;
    throw decodeError(index, `${cause.message}.`);
  }
}

function decodeError(index: number, reason: string, cause?: unknown): TensorRTError {
  return new TensorRTError('ERR_TRT_RUN_IMAGE_DECODE', `Image ${index} cannot be decoded: ${reason}`, {
    details: { index, reason },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** How files become pixels. */
export interface DecodeSettings {
  readonly maxPixels: number;
  readonly autoOrient: boolean;
}

/**
 * Decodes a file to RGB, on sharp's threads. Colour profiles are not applied, as in Pillow and OpenCV, which models are
 * trained with; alpha is left out.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_IMAGE_DECODE`
 */
export async function decodeWithSharp(
  sharp: SharpModule,
  { bytes, index }: EncodedImage,
  { maxPixels, autoOrient }: DecodeSettings,
): Promise<RawImage<Uint8Array>> {
  try {
    const image = sharp(bytes, {
      limitInputPixels: maxPixels,
      // Warnings are of files that every viewer shows; a truncated one is an error.
      failOn: 'error',
      autoOrient,
      ignoreIcc: true,
      sequentialRead: true,
    });
    const { data, info } = await image
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels !== 3 && channels !== 1) throw new Error(`it has ${channels} channels`);
    return { data, width, height, format: channels === 1 ? 'gray' : 'rgb' };
  } catch (cause) {
    throw decodeError(index, (cause as Error).message, cause);
  }
}
