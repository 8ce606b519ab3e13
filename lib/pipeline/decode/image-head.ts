// SPDX-License-Identifier: Apache-2.0
// Kind and size of an image file from its first bytes, before anything is decoded: what decides whether it may be.

import { jpegSegments } from '../../ops/image/jpeg-segments';
import { describeFileKind } from '../../text/file-kind';

/** What the head of an image file says. */
export interface ImageHead {
  readonly kind: 'jpeg' | 'png' | 'webp';
  /** Pixels, before any orientation. */
  readonly width: number;
  readonly height: number;
}

/** Why a file cannot be decoded. */
export class ImageHeadError extends Error {}

/**
 * Reads the head of a JPEG, PNG or WebP file.
 *
 * @throws {ImageHeadError} For another file, and for one that ends before its size is told.
 * @see ITU-T T.81 (JPEG) annex B; W3C PNG 11.2.2; RFC 9649 (WebP).
 */
export function readImageHead(bytes: Uint8Array): ImageHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const head = readPng(view) ?? readWebp(view) ?? readJpeg(view);
    if (head === undefined)
      throw new ImageHeadError(`expected a JPEG, PNG or WebP file, got ${kindOf(bytes)}`);
    if (head.width === 0 || head.height === 0)
      throw new ImageHeadError(`its head says that it has ${head.width} x ${head.height} pixels`);
    return head;
  } catch (error) {
    // What is read beyond the end.
    if (error instanceof RangeError) throw new ImageHeadError('it ends within its head');
    throw error;
  }
}

function kindOf(bytes: Uint8Array): string {
  return bytes.length === 0 ? 'no bytes' : describeFileKind(bytes.subarray(0, 512)).label;
}

function isAt(view: DataView, at: number, text: string): boolean {
  if (view.byteLength < at + text.length) return false;
  for (let index = 0; index < text.length; index++)
    if (view.getUint8(at + index) !== text.charCodeAt(index)) return false;
  return true;
}

function readPng(view: DataView): ImageHead | undefined {
  if (!isAt(view, 0, '\x89PNG\r\n\x1a\n')) return undefined;
  if (view.byteLength < 24) throw new RangeError();
  if (!isAt(view, 12, 'IHDR'))
    throw new ImageHeadError('its first part is not the head that a PNG begins with');
  return { kind: 'png', width: view.getUint32(16), height: view.getUint32(20) };
}

function readWebp(view: DataView): ImageHead | undefined {
  if (!isAt(view, 0, 'RIFF') || !isAt(view, 8, 'WEBP')) return undefined;
  if (isAt(view, 12, 'VP8 ')) {
    const [width, height] = [view.getUint16(26, true), view.getUint16(28, true)];
    return { kind: 'webp', width: width & 0x3fff, height: height & 0x3fff };
  }
  if (isAt(view, 12, 'VP8L')) {
    const bits = view.getUint32(21, true);
    return { kind: 'webp', width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (isAt(view, 12, 'VP8X')) {
    const size = (at: number): number => (view.getUint16(at, true) | (view.getUint8(at + 2) << 16)) + 1;
    return { kind: 'webp', width: size(24), height: size(27) };
  }
  if (view.byteLength < 16) throw new RangeError();
  throw new ImageHeadError('its first part is none that a WebP begins with');
}

function readJpeg(view: DataView): ImageHead | undefined {
  if (view.byteLength < 3 || view.getUint16(0) !== 0xffd8 || view.getUint8(2) !== 0xff) return undefined;
  for (const { marker, at } of jpegSegments(view)) {
    if (isFrame(marker))
      return { kind: 'jpeg', height: view.getUint16(at + 3), width: view.getUint16(at + 5) };
    if (isLast(marker)) throw new ImageHeadError('it has no size before its pixels');
  }
  throw new ImageHeadError('there is no marker where its head should have one');
}

/** SOF0 to SOF15, without the markers between them that are something else: DHT, JPG, DAC. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** The pixels begin, or the file ends. */
function isLast(marker: number): boolean {
  return marker === 0xd9 || marker === 0xda;
}
