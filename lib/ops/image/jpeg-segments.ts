// SPDX-License-Identifier: Apache-2.0

/** A part of a JPEG file's head. */
export interface JpegSegment {
  /** The byte that tells what it is. */
  readonly marker: number;
  /** Where its length stands; its content is two bytes further on. */
  readonly at: number;
  /** Bytes, those two included; 0 for the last one, which has none. */
  readonly length: number;
}

const FIRST_RESTART = 0xd0;
const LAST_RESTART = 0xd7;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;

/**
 * The segments of a JPEG file before its pixels, in order. The last is the start of the pixels or the end of the file;
 * without one of them there was a byte that begins no segment.
 *
 * @throws {RangeError} Where the file ends before.
 * @see ITU-T T.81 (JPEG) annex B.1.1.
 */
export function* jpegSegments(view: DataView): Generator<JpegSegment, void> {
  let at = 2;
  while (view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    // Bytes of 0xff may stand before a marker; restart markers have no content.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= FIRST_RESTART && marker <= LAST_RESTART)) at += 2;
    else if (marker === END_OF_IMAGE || marker === START_OF_SCAN) {
      yield { marker, at: at + 2, length: 0 };
      return;
    } else {
      const length = view.getUint16(at + 2);
      yield { marker, at: at + 2, length };
      at += 2 + Math.max(2, length);
    }
  }
}
