// SPDX-License-Identifier: Apache-2.0
// A reader of zip archives, as far as .npz files need one: stored and deflated entries, ZIP64, checksums. Nothing that
// the archive says about itself is believed before it was held against the size of the file.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

import { open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { TensorRTError } from '../errors';

/** A file inside of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes once unpacked. */
  readonly size: number;
  readonly packedSize: number;
  readonly isDeflated: boolean;
  readonly crc32: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** Makes the error for an archive that cannot be read; the reason begins with a small letter. */
export type ArchiveError = (reason: string) => TensorRTError;

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
/** More than any archive of arrays has, and little enough to be read at once. */
const LARGEST_DIRECTORY = 64 * 2 ** 20;
/** What one Buffer may hold on every version of Node. */
const LARGEST_ENTRY = 4 * 2 ** 30 - 1;
/** Deflate packs at most 258 bytes into 2 bits. */
const LARGEST_RATIO = 1032;
/** Reads beyond 2 GiB fail. */
const LARGEST_READ = 2 ** 30;

const inflateRaw = promisify(zlib.inflateRaw) as (
  bytes: Uint8Array,
  options: zlib.ZlibOptions,
) => Promise<Buffer>;

/** An open archive. Close it when done. */
export class ZipFile {
  readonly entries: readonly ZipEntry[];
  readonly #source: Source;

  private constructor(source: Source, entries: readonly ZipEntry[]) {
    this.#source = source;
    this.entries = entries;
  }

  /**
   * Opens an archive and reads its directory.
   *
   * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if the file cannot be opened, else what `invalid` makes.
   */
  static async open(path: string, invalid: ArchiveError): Promise<ZipFile> {
    const file = await openFile(path);
    try {
      const source = { file, size: (await file.stat()).size, invalid };
      return new ZipFile(source, await readDirectory(source));
    } catch (error) {
      await file.close();
      throw readError(error, path);
    }
  }

  /** Unpacks an entry into memory of its own and checks its checksum. */
  async read(entry: ZipEntry): Promise<Uint8Array> {
    const { invalid } = this.#source;
    if (entry.size > LARGEST_ENTRY) throw invalid(`'${entry.name}' holds more than 4 GiB`);
    const packed = await readPacked(this.#source, entry);
    const bytes = entry.isDeflated ? await unpack(packed, entry, invalid) : packed;
    if (crc32(bytes) !== entry.crc32)
      throw invalid(`the checksum of '${entry.name}' is not that of its bytes`);
    return bytes;
  }

  close(): Promise<void> {
    return this.#source.file.close();
  }
}

interface Source {
  readonly file: FileHandle;
  readonly size: number;
  readonly invalid: ArchiveError;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw readError(cause, path);
  }
}

function readError(cause: unknown, path: string): unknown {
  if (cause instanceof TensorRTError) return cause;
  const message = `cannot read ${path}: ${(cause as Error).message}`;
  return new TensorRTError('ERR_TRT_LOAD_FILE', message, { details: { path }, cause });
}

async function readAt({ file, size, invalid }: Source, offset: number, length: number): Promise<Buffer> {
  if (offset < 0 || length < 0 || offset + length > size) throw invalid('it ends too early');
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    const wanted = Math.min(LARGEST_READ, length - done);
    const { bytesRead } = await file.read(bytes, done, wanted, offset + done);
    if (bytesRead === 0) throw invalid('it ends too early');
    done += bytesRead;
  }
  return bytes;
}

interface Directory {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
}

async function readDirectory(source: Source): Promise<ZipEntry[]> {
  const { count, size, offset } = await findDirectory(source);
  if (size > LARGEST_DIRECTORY) throw source.invalid(`its directory has ${size} bytes`);
  const bytes = await readAt(source, offset, size);
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  for (let at = 0; entries.length < count;) {
    const { entry, length } = readEntry(bytes.subarray(at), source);
    if (names.has(entry.name)) throw source.invalid(`it has '${entry.name}' twice`);
    names.add(entry.name);
    entries.push(entry);
    at += length;
  }
  return entries;
}

/** The end record is the last thing in the file, but for a comment of any length. */
async function findDirectory(source: Source): Promise<Directory> {
  const tailLength = Math.min(source.size, END_BYTES + LONGEST_COMMENT);
  const tail = await readAt(source, source.size - tailLength, tailLength);
  let at = tailLength - END_BYTES;
  while (
    at >= 0 &&
    !(tail.readUInt32LE(at) === END && at + END_BYTES + tail.readUInt16LE(at + 20) <= tailLength)
  )
    at -= 1;
  if (at < 0) throw source.invalid('it is no zip archive, or not all of one');
  if (tail.readUInt16LE(at + 4) !== tail.readUInt16LE(at + 6))
    throw source.invalid('it is a part of several');
  const directory = {
    count: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  const isLarge =
    directory.count === 0xffff || directory.size === 0xffffffff || directory.offset === 0xffffffff;
  return isLarge ? findLargeDirectory(source, source.size - tailLength + at, directory) : directory;
}

/** ZIP64: a locator before the end record says where the larger one is; without it the numbers are what they are. */
async function findLargeDirectory(source: Source, endOffset: number, plain: Directory): Promise<Directory> {
  if (endOffset < 20) return plain;
  const locator = await readAt(source, endOffset - 20, 20);
  if (locator.readUInt32LE(0) !== LOCATOR_64) return plain;
  const record = await readAt(source, toNumber(locator.readBigUInt64LE(8), source), 56);
  if (record.readUInt32LE(0) !== END_64) throw source.invalid('its ZIP64 record is not where it should be');
  return {
    count: toNumber(record.readBigUInt64LE(32), source),
    size: toNumber(record.readBigUInt64LE(40), source),
    offset: toNumber(record.readBigUInt64LE(48), source),
  };
}

function toNumber(value: bigint, { invalid }: Source): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid('its directory has impossible numbers');
  return Number(value);
}

function readEntry(bytes: Buffer, source: Source): { entry: ZipEntry; length: number } {
  if (bytes.length < 46 || bytes.readUInt32LE(0) !== CENTRAL) throw source.invalid('its directory is broken');
  const flags = bytes.readUInt16LE(8);
  const nameEnd = 46 + bytes.readUInt16LE(28);
  const extraEnd = nameEnd + bytes.readUInt16LE(30);
  const length = extraEnd + bytes.readUInt16LE(32);
  if (length > bytes.length) throw source.invalid('its directory is broken');
  // Bit 11: the name is UTF-8. NumPy writes other names in ASCII, which is both.
  const name = bytes.toString((flags & 0x800) === 0 ? 'latin1' : 'utf8', 46, nameEnd);
  if ((flags & 1) !== 0) throw source.invalid(`'${name}' is encrypted`);
  const method = bytes.readUInt16LE(10);
  if (method !== 0 && method !== 8) throw source.invalid(`'${name}' is packed by method ${method}`);
  const sizes = readSizes(bytes, bytes.subarray(nameEnd, extraEnd), source);
  const entry = { name, isDeflated: method === 8, crc32: bytes.readUInt32LE(16), ...sizes };
  checkEntry(entry, source);
  return { entry, length };
}

/** Numbers that do not fit into 32 bits stand in an extra field, in this order and only those. */
function readSizes(
  bytes: Buffer,
  extra: Buffer,
  source: Source,
): Pick<ZipEntry, 'size' | 'packedSize' | 'offset'> {
  const large = findExtra(extra, 1);
  let at = 0;
  const read = (position: number): number => {
    const value = bytes.readUInt32LE(position);
    if (value !== 0xffffffff || large === undefined) return value;
    if (at + 8 > large.length) throw source.invalid('its directory is broken');
    at += 8;
    return toNumber(large.readBigUInt64LE(at - 8), source);
  };
  const size = read(24);
  const packedSize = read(20);
  return { size, packedSize, offset: read(42) };
}

function findExtra(extra: Buffer, id: number): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length;) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, end);
    at = end;
  }
  return undefined;
}

function checkEntry({ name, size, packedSize, isDeflated, offset }: ZipEntry, source: Source): void {
  if (offset + packedSize > source.size) throw source.invalid(`'${name}' ends behind the end of the file`);
  const isPossible = isDeflated ? size <= packedSize * LARGEST_RATIO : size === packedSize;
  if (!isPossible) throw source.invalid(`'${name}' cannot have ${size} bytes in ${packedSize}`);
}

async function readPacked(source: Source, { name, offset, packedSize }: ZipEntry): Promise<Buffer> {
  const header = await readAt(source, offset, 30);
  if (header.readUInt32LE(0) !== LOCAL) throw source.invalid(`'${name}' is not where the directory says`);
  return readAt(source, offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28), packedSize);
}

async function unpack(packed: Uint8Array, entry: ZipEntry, invalid: ArchiveError): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    // A limit of 0 means none; an empty entry fails the check below if it is not.
    bytes = await inflateRaw(packed, { maxOutputLength: Math.max(1, entry.size) });
  } catch (cause) {
    throw invalid(`'${entry.name}' cannot be unpacked: ${(cause as Error).message}`);
  }
  if (bytes.length !== entry.size)
    throw invalid(`'${entry.name}' has ${bytes.length} bytes, its directory says ${entry.size}`);
  // zlib hands out parts of larger buffers; elements need an address of their own alignment.
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb88320;
  return crc >>> 0;
});

/** The checksum by a table; for the versions of Node 20 whose zlib does not have it. */
export function tableCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

const crc32 = (zlib as { crc32?: (bytes: Uint8Array) => number }).crc32 ?? tableCrc32;
