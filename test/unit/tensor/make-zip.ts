// SPDX-License-Identifier: Apache-2.0
// Writes zip archives byte by byte, also wrong ones.

import { deflateRawSync } from 'node:zlib';
import { tableCrc32 } from '../../../lib/tensor/zip';

/** A file of an archive; what is set beside its name and bytes is written as it is, right or wrong. */
export interface ZipMember {
  name: string;
  bytes: Uint8Array;
  isDeflated?: boolean;
  /** Sizes and offset stand in a ZIP64 field. */
  isLarge?: boolean;
  packed?: Uint8Array;
  crc32?: number;
  flags?: number;
  method?: number;
  size?: number;
  packedSize?: number;
  offset?: number;
}

/** How the end of an archive is written. */
export interface ZipEnd {
  isLarge?: boolean;
  comment?: Uint8Array;
}

const UTF8 = 0x800;

export function makeZip(
  members: readonly ZipMember[],
  { isLarge = false, comment = Buffer.alloc(0) }: ZipEnd = {},
) {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const packed = member.packed ?? (member.isDeflated ? deflateRawSync(member.bytes) : member.bytes);
    const local = Buffer.concat([localHeader(member), packed]);
    directory.push(centralHeader(member, packed.length, offset));
    files.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const place = { count: members.length, size: entries.length, offset };
  return Buffer.concat([
    ...files,
    entries,
    isLarge ? end64(place) : Buffer.alloc(0),
    end(place, isLarge, comment),
  ]);
}

/** NumPy, too, writes an extra field here that the directory does not have. */
function localHeader({ name }: ZipMember): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(Buffer.byteLength(name), 26);
  header.writeUInt16LE(6, 28);
  return Buffer.concat([header, Buffer.from(name), Buffer.from([9, 9, 2, 0, 1, 1])]);
}

function centralHeader(member: ZipMember, packedLength: number, at: number): Buffer {
  const size = member.size ?? member.bytes.length;
  const packedSize = member.packedSize ?? packedLength;
  const offset = member.offset ?? at;
  const name = Buffer.from(member.name);
  const extra = member.isLarge === true ? largeField([size, packedSize, offset]) : Buffer.alloc(0);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(member.flags ?? UTF8, 8);
  header.writeUInt16LE(member.method ?? (member.isDeflated === true ? 8 : 0), 10);
  header.writeUInt32LE(member.crc32 ?? tableCrc32(member.bytes), 16);
  header.writeUInt32LE(member.isLarge === true ? 0xffffffff : packedSize, 20);
  header.writeUInt32LE(member.isLarge === true ? 0xffffffff : size, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(member.isLarge === true ? 0xffffffff : offset, 42);
  return Buffer.concat([header, name, extra]);
}

function largeField(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, index) => field.writeBigUInt64LE(BigInt(value), 4 + 8 * index));
  return field;
}

interface Place {
  count: number;
  size: number;
  offset: number;
}

function end64({ count, size, offset }: Place): Buffer {
  const record = Buffer.alloc(56 + 20);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(offset + size), 64);
  record.writeUInt32LE(1, 72);
  return record;
}

function end({ count, size, offset }: Place, isLarge: boolean, comment: Uint8Array): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(isLarge ? 0xffff : count, 8);
  record.writeUInt16LE(isLarge ? 0xffff : count, 10);
  record.writeUInt32LE(isLarge ? 0xffffffff : size, 12);
  record.writeUInt32LE(isLarge ? 0xffffffff : offset, 16);
  record.writeUInt16LE(comment.length, 20);
  return Buffer.concat([record, comment]);
}
