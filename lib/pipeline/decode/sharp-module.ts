// SPDX-License-Identifier: Apache-2.0
import { requireFromHere } from '../../binding/require-from-here';
import { TensorRTError } from '../../errors';

/** What a pipeline uses of an image of sharp. */
export interface SharpImage {
  toColourspace(space: 'srgb'): SharpImage;
  removeAlpha(): SharpImage;
  raw(options: { depth: 'uchar' }): SharpImage;
  toBuffer(options: {
    resolveWithObject: true;
  }): Promise<{ data: Buffer; info: { width: number; height: number; channels: number } }>;
}

/** What a pipeline uses of sharp. */
export type SharpModule = (bytes: Uint8Array, options: SharpOptions) => SharpImage;

/** Options of an image. */
export interface SharpOptions {
  limitInputPixels: number;
  failOn: 'error';
  autoOrient: boolean;
  ignoreIcc: boolean;
  sequentialRead: boolean;
}

/**
 * Opens sharp, which the application installs where it wants encoded images.
 *
 * @param load - Replaced by tests.
 * @throws {TensorRTError} `ERR_TRT_LOAD_SHARP_NOT_FOUND`
 */
export function loadSharp(load: (name: string) => unknown = requireFromHere()): SharpModule {
  try {
    const loaded = load('sharp') as SharpModule | { default: SharpModule };
    return typeof loaded === 'function' ? loaded : loaded.default;
  } catch (cause) {
    throw new TensorRTError(
      'ERR_TRT_LOAD_SHARP_NOT_FOUND',
      `Encoded images are decoded by sharp, which cannot be loaded: ${(cause as Error).message.split('\n')[0]}`,
      { details: { package: 'sharp' }, cause },
    );
  }
}
