// SPDX-License-Identifier: Apache-2.0
import { isPlainObject } from '../option-checks';
import { optionTypeError } from './upstream-error';

/** A file of external data, given as bytes. */
export interface ExternalFile {
  /** The path that the model names. */
  readonly path: string;
  readonly data: Uint8Array;
}

const OPTION = 'sessionOptions.externalData';

/**
 * Reads the option `externalData`: `{ path, data }` each, with bytes as data.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`
 */
export function readExternalData(files: unknown): readonly ExternalFile[] {
  if (files === undefined) return [];
  if (!Array.isArray(files)) throw optionTypeError(OPTION, 'an array');
  return files.map(readFile);
}

function readFile(file: unknown): ExternalFile {
  if (!isPlainObject(file)) throw optionTypeError(`${OPTION} value`, 'an object in Node.js binding');
  const { path, data } = file as { path?: unknown; data?: unknown };
  if (typeof path !== 'string') throw optionTypeError(`${OPTION} value's path`, 'a string');
  const bytes = readBytes(data);
  if (!bytes) throw optionTypeError(`${OPTION} value's data`, 'a buffer or typed array');
  return { path, data: bytes };
}

function readBytes(data: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const isBuffer = data instanceof ArrayBuffer || data instanceof SharedArrayBuffer;
  return isBuffer ? new Uint8Array(data) : undefined;
}
