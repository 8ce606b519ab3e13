// SPDX-License-Identifier: Apache-2.0
// An uploaded image becomes what the model was trained on: 8x8 pixels, ink 1, paper 0.
import sharp from 'sharp';

const SIDE = 8;
const FORMATS = ['png', 'jpeg'];
/** A small file can unpack to gigabytes of pixels. */
const MAX_PIXELS = 16_000_000;

/** The upload is not an image that the service takes; the client's mistake. */
export class ImageError extends Error {
  constructor(statusCode, message, options) {
    super(message, options);
    this.statusCode = statusCode;
  }
}

/**
 * @param {Buffer} file a PNG or JPEG: bright ink on dark paper
 * @returns {Promise<Float32Array>} pixels [1, 1, 8, 8], 0 to 1
 */
export async function readDigitImage(file) {
  const image = sharp(file, { limitInputPixels: MAX_PIXELS });
  try {
    const { format } = await image.metadata();
    if (!FORMATS.includes(format)) throw new ImageError(415, `expected a PNG or JPEG image, got ${format}`);
    const bytes = await image
      .flatten({ background: 'black' })
      .resize(SIDE, SIDE, { fit: 'fill', kernel: 'linear' })
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    return Float32Array.from(bytes, (value) => value / 255);
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError(415, 'the upload is not a PNG or JPEG image that can be read', { cause: error });
  }
}
