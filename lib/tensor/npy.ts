// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy files: a magic string, a version, a header that is a Python dictionary as text, then the elements.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import { readFile, writeFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { TensorRTError } from '../errors';
import type { TensorData } from './element-arrays';
import type { ElementType } from './element-type';

/** A tensor as a .npy file holds it. */
export interface NpyArray {
  /** Element type. */
  readonly type: ElementType;
  /** Dimensions, outermost first; empty for a scalar. */
  readonly dims: readonly number[];
  /** The elements in C order; float16 and bfloat16 as their bits, in a `Uint16Array`. */
  readonly data: TensorData;
}

/** An array to write: any typed array or view of the element type's size, e.g. a `Float16Array` for float16. */
export interface NpyInput {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
}

/** How to read what a .npy file cannot say. */
export interface ReadNpyOptions {
  /** Element type of raw data (`V1`, `V2`), which is how NumPy stores types that it does not know. */
  type?: ElementType;
}

interface Format {
  /** NumPy's name without the byte order. */
  readonly descr: string;
  readonly size: 1 | 2 | 4 | 8;
  readonly make: (buffer: ArrayBuffer, offset: number, length: number) => TensorData;
}

const asInt8 = (b: ArrayBuffer, o: number, n: number) => new Int8Array(b, o, n);
const asUint8 = (b: ArrayBuffer, o: number, n: number) => new Uint8Array(b, o, n);
const asUint16 = (b: ArrayBuffer, o: number, n: number) => new Uint16Array(b, o, n);

/** Packed types, strings and 'unknown' have no form in .npy. The order matters: the first of a `descr` is read. */
const FORMATS: Partial<Record<ElementType, Format>> = {
  float32: { descr: 'f4', size: 4, make: (b, o, n) => new Float32Array(b, o, n) },
  float16: { descr: 'f2', size: 2, make: asUint16 },
  float64: { descr: 'f8', size: 8, make: (b, o, n) => new Float64Array(b, o, n) },
  int8: { descr: 'i1', size: 1, make: asInt8 },
  uint8: { descr: 'u1', size: 1, make: asUint8 },
  int16: { descr: 'i2', size: 2, make: (b, o, n) => new Int16Array(b, o, n) },
  uint16: { descr: 'u2', size: 2, make: asUint16 },
  int32: { descr: 'i4', size: 4, make: (b, o, n) => new Int32Array(b, o, n) },
  uint32: { descr: 'u4', size: 4, make: (b, o, n) => new Uint32Array(b, o, n) },
  int64: { descr: 'i8', size: 8, make: (b, o, n) => new BigInt64Array(b, o, n) },
  uint64: { descr: 'u8', size: 8, make: (b, o, n) => new BigUint64Array(b, o, n) },
  bool: { descr: 'b1', size: 1, make: asUint8 },
  // As the ml_dtypes package saves them.
  bfloat16: { descr: 'V2', size: 2, make: asUint16 },
  float8e5m2: { descr: 'f1', size: 1, make: asUint8 },
  float8e4m3: { descr: 'V1', size: 1, make: asUint8 },
};

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');

/**
 * Reads a .npy file.
 *
 * @param path The file, as `numpy.save()` writes it: C order, either byte order.
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if it cannot be read, `ERR_TRT_LOAD_NPY_INVALID` if it is no such array.
 */
export async function readNpy(path: string, options: ReadNpyOptions = {}): Promise<NpyArray> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new TensorRTError('ERR_TRT_LOAD_FILE', `cannot read ${path}: ${(cause as Error).message}`, {
      details: { path },
      cause,
    });
  }
  return parseNpy(bytes, { ...options, name: path });
}

/**
 * Reads the bytes of a .npy file. The result is a view of `bytes` where their alignment and byte order allow, else a
 * copy.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_NPY_INVALID`
 */
export function parseNpy(bytes: Uint8Array, options: ReadNpyOptions & { name?: string } = {}): NpyArray {
  const name = options.name ?? 'the .npy data';
  const { text, dataOffset } = readHeader(bytes, name);
  const { byteOrder, descr, dims } = parseHeader(text, name);
  const type = options.type && descr.startsWith('V') ? options.type : typeOf(descr, name);
  const format = FORMATS[type];
  if (!format || `V${format.size}` !== descr.replace(/^[a-zA-Z]/, 'V')) {
    throw invalid(name, `elements of NumPy type '${descr}' cannot be read as ${type}`);
  }
  const count = elementCount(dims, name);
  const needed = count * format.size;
  const there = bytes.length - dataOffset;
  if (there !== needed) {
    throw invalid(name, `shape [${dims.join(', ')}] of ${type} needs ${needed} bytes, the file has ${there}`);
  }
  const { buffer, offset } = place(bytes.subarray(dataOffset), format.size, byteOrder);
  return { type, dims, data: format.make(buffer, offset, count) };
}

/**
 * Writes a .npy file that `numpy.load()` reads; an existing file is replaced.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE` for strings and packed types, `ERR_TRT_ARG_VALUE` if dims and data do not
 *   fit each other, `ERR_TRT_LOAD_FILE` if the file cannot be written.
 */
export async function writeNpy(path: string, array: NpyInput): Promise<void> {
  const bytes = formatNpy(array);
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw new TensorRTError('ERR_TRT_LOAD_FILE', `cannot write ${path}: ${(cause as Error).message}`, {
      details: { path },
      cause,
    });
  }
}

/** The bytes of a .npy file, format version 1.0, little endian. */
export function formatNpy(array: NpyInput): Uint8Array {
  const format = FORMATS[array.type];
  if (!format) {
    throw new TensorRTError('ERR_TRT_ARG_TYPE', `a .npy file cannot hold elements of type ${array.type}`, {
      details: { type: array.type },
    });
  }
  const needed = array.dims.reduce((product, dim) => product * dim, format.size);
  if (array.data.byteLength !== needed) {
    const dims = array.dims.join(', ');
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `dims [${dims}] of ${array.type} need ${needed} bytes, the data has ${array.data.byteLength}`,
    );
  }
  const data = new Uint8Array(array.data.buffer, array.data.byteOffset, array.data.byteLength);
  const header = makeHeader(format, array.dims);
  const out = new Uint8Array(header.length + data.length);
  out.set(header);
  out.set(data, header.length);
  if (endianness() === 'BE') swapBytes(out.subarray(header.length), format.size);
  return out;
}

/** Magic, version, length and text, padded with spaces so that the elements begin at a multiple of 64. */
function makeHeader(format: Format, dims: readonly number[]): Uint8Array {
  const order = format.size === 1 && !/^[fV]/.test(format.descr) ? '|' : '<';
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const text = `{'descr': '${order}${format.descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const prefix = MAGIC.length + 4;
  const padded = Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix;
  const header = Buffer.alloc(prefix + padded, ' ');
  MAGIC.copy(header);
  header[6] = 1;
  header[7] = 0;
  header.writeUInt16LE(padded, 8);
  header.write(text, prefix, 'latin1');
  header[header.length - 1] = 0x0a;
  return header;
}

function readHeader(bytes: Uint8Array, name: string): { text: string; dataOffset: number } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!view.subarray(0, MAGIC.length).equals(MAGIC)) throw invalid(name, 'it does not begin as a .npy file');
  const major = view[6] ?? 0;
  if (major < 1 || major > 3) throw invalid(name, `its format version ${major} is not 1, 2 or 3`);
  const lengthBytes = major === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  const length = view.length >= start ? view.readUIntLE(8, lengthBytes) : Infinity;
  if (start + length > view.length) throw invalid(name, 'it ends within its header');
  return { text: view.toString('utf8', start, start + length), dataOffset: start + length };
}

function parseHeader(text: string, name: string): { byteOrder: string; descr: string; dims: number[] } {
  const descr = /'descr'\s*:\s*'([<>|=]?)([a-zA-Z]\d+)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text);
  if (!descr || !order || !shape)
    throw invalid(name, `its header is not that of a plain array: ${text.trim().slice(0, 200)}`);
  const dims = shape[1]!
    .split(',')
    .map((dim) => dim.trim())
    .filter((dim) => dim !== '')
    .map(Number);
  if (order[1] === 'True' && dims.length > 1) {
    throw invalid(
      name,
      'it is in Fortran order',
      'Save it with numpy.save(path, numpy.ascontiguousarray(array)).',
    );
  }
  return { byteOrder: descr[1]!, descr: descr[2]!, dims };
}

function typeOf(descr: string, name: string): ElementType {
  const found = Object.entries(FORMATS).find(([, format]) => format.descr === descr);
  if (!found) {
    const known = Object.values(FORMATS)
      .map((format) => format.descr)
      .join(', ');
    throw invalid(name, `its NumPy element type '${descr}' is none of ${known}`);
  }
  return found[0] as ElementType;
}

function elementCount(dims: readonly number[], name: string): number {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (!Number.isSafeInteger(count)) throw invalid(name, `its shape [${dims.join(', ')}] is too large`);
  return count;
}

/** The elements at an address that a typed array accepts, in the byte order of this machine. */
function place(data: Uint8Array, size: number, byteOrder: string): { buffer: ArrayBuffer; offset: number } {
  const isSwapped = size > 1 && byteOrder !== '' && byteOrder === (endianness() === 'LE' ? '>' : '<');
  if (!isSwapped && data.byteOffset % size === 0) {
    return { buffer: data.buffer as ArrayBuffer, offset: data.byteOffset };
  }
  const copy = new Uint8Array(data);
  if (isSwapped) swapBytes(copy, size);
  return { buffer: copy.buffer, offset: 0 };
}

function swapBytes(data: Uint8Array, size: number): void {
  if (size === 1) return;
  const view = Buffer.from(data.buffer, data.byteOffset, data.length);
  if (size === 2) view.swap16();
  else if (size === 4) view.swap32();
  else view.swap64();
}

function invalid(name: string, reason: string, hint?: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_LOAD_NPY_INVALID',
    `${name} is not an array that can be read: ${reason}`,
    {
      hint,
      details: { name, reason },
    },
  );
}
