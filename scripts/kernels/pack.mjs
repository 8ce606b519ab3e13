// SPDX-License-Identifier: Apache-2.0
// Compiled kernels in one file; native/cuda/kernel_pack.cc reads it. Numbers have 32 bits, the lowest byte first:
//
//   "TRTNPACK", number of images
//   per image: source, kernels (lines), bytes, stored bytes, zeros up to a multiple of 16, data
//
// A text is its length and its bytes. Data of fewer bytes than the image are a block of LZ4.
import { compressLz4 } from './lz4.mjs';

const MAGIC = 'TRTNPACK';
const ALIGNMENT = 16;

/** @typedef {{ source: string, kernels: string[], data: Buffer }} Image */

/**
 * @param {Image[]} images
 * @param {{ compress: boolean }} options
 */
export function packImages(images, { compress }) {
  const pieces = [Buffer.from(MAGIC), number(images.length)];
  let size = MAGIC.length + 4;
  const add = (piece) => {
    pieces.push(piece);
    size += piece.length;
  };
  for (const { source, kernels, data } of images) {
    const block = compress ? compressLz4(data) : data;
    const stored = block.length < data.length ? block : data;
    for (const piece of [text(source), text(kernels.join('\n')), number(data.length), number(stored.length)])
      add(piece);
    add(Buffer.alloc((ALIGNMENT - (size % ALIGNMENT)) % ALIGNMENT));
    add(stored);
  }
  return Buffer.concat(pieces);
}

function number(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function text(value) {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([number(bytes.length), bytes]);
}

/**
 * What a pack has, data as stored.
 * @param {Buffer} pack
 */
export function listImages(pack) {
  let at = MAGIC.length;
  if (pack.subarray(0, at).toString() !== MAGIC) throw new Error('no pack of kernels');
  const take = (length) => pack.subarray(at, (at += length));
  const readNumber = () => take(4).readUInt32LE();
  const readText = () => take(readNumber()).toString('utf8');
  return Array.from({ length: readNumber() }, () => {
    const source = readText();
    const kernels = readText().split('\n');
    const bytes = readNumber();
    const stored = readNumber();
    at += (ALIGNMENT - (at % ALIGNMENT)) % ALIGNMENT;
    return { source, kernels, bytes, stored, data: take(stored) };
  });
}
