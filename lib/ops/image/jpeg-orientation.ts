// SPDX-License-Identifier: Apache-2.0
// How a camera was held, which decoders on a GPU do not look at.

import { jpegSegments } from './jpeg-segments';

/** Numbers of TIFF tag 0x0112: 1 is upright, 2 to 8 are turned or mirrored. */
export type JpegOrientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;
const APP1 = 0xe1;
/** `Exif`, before two bytes of 0. */
const EXIF = 0x45786966;

/**
 * The orientation that the Exif segment of a JPEG file says.
 *
 * @returns 1 for a file that says nothing, or nothing valid.
 * @see Exif 2.3 (CIPA DC-008), 4.5.4 and 4.6.4.
 */
export function jpegOrientation(bytes: Uint8Array): JpegOrientation {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const tiff = findTiff(view);
    return tiff === undefined ? 1 : readOrientation(tiff);
  } catch (error) {
    // What is read beyond the end.
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

/** The content of the Exif segment, which is a TIFF file. */
function findTiff(view: DataView): DataView | undefined {
  if (view.getUint16(0) !== 0xffd8) return undefined;
  for (const { marker, at, length } of jpegSegments(view)) {
    if (marker !== APP1 || view.getUint32(at + 2) !== EXIF || view.getUint16(at + 6) !== 0) continue;
    // No further than the file: its bytes may lie in a larger buffer.
    const first = at + 8;
    return new DataView(view.buffer, view.byteOffset + first, Math.min(length - 8, view.byteLength - first));
  }
  return undefined;
}

function readOrientation(tiff: DataView): JpegOrientation {
  const order = tiff.getUint16(0);
  const isLittle = order === 0x4949;
  if (!isLittle && order !== 0x4d4d) return 1;
  const directory = tiff.getUint32(4, isLittle);
  const entries = tiff.getUint16(directory, isLittle);
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + entry * 12;
    if (tiff.getUint16(at, isLittle) !== ORIENTATION_TAG) continue;
    const value = tiff.getUint16(at + 8, isLittle);
    const isValid = tiff.getUint16(at + 2, isLittle) === SHORT && value >= 1 && value <= 8;
    return isValid ? (value as JpegOrientation) : 1;
  }
  return 1;
}
