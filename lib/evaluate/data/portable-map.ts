// SPDX-License-Identifier: Apache-2.0
import { dataError } from './data-error';

/** A picture as numbers. */
export interface PortableMap {
  /** `[channels, height, width]`: 1 channel for .pgm, 3 for .ppm. */
  readonly dims: readonly [number, number, number];
  readonly values: Uint8Array | Uint16Array;
  /** The number that is white. */
  readonly largest: number;
}

/**
 * Reads a binary portable grey map (P5) or pixel map (P6), of 8 or 16 bits.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA`
 * @see https://netpbm.sourceforge.net/doc/ppm.html
 */
export function parsePortableMap(bytes: Uint8Array, name: string): PortableMap {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString('latin1');
  const gap = '(?:\\s|#[^\\n]*\\n)+';
  const found = new RegExp(`^P([56])${gap}(\\d+)${gap}(\\d+)${gap}(\\d+)\\s`).exec(header);
  if (found === null) throw dataError(`${name} is no binary .pgm or .ppm file (P5, P6).`, { path: name });
  const [, kind, width, height, largest] = found.map(Number) as [number, number, number, number, number];
  const channels = kind === 5 ? 1 : 3;
  const count = channels * width * height;
  const isWide = largest > 255;
  const content = bytes.subarray(found[0].length);
  if (largest < 1 || largest > 65535 || count === 0 || content.length < count * (isWide ? 2 : 1))
    throw dataError(`${name} ends early or has no pixels: ${width} × ${height} × ${channels}.`, {
      path: name,
    });
  const values = isWide ? new Uint16Array(count) : new Uint8Array(count);
  const pixels = width * height;
  for (let i = 0; i < count; i++) {
    // In the file the channels of a pixel lie together; 16 bits have the high ones first.
    const to = (i % channels) * pixels + Math.floor(i / channels);
    values[to] = isWide ? content[2 * i]! * 256 + content[2 * i + 1]! : content[i]!;
  }
  return { dims: [channels, height, width], values, largest };
}
