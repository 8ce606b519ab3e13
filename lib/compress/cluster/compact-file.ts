// SPDX-License-Identifier: Apache-2.0
// A model for transfer: weights with few different values as tables and codes of a byte, and all of it through gzip, whose
// Huffman codes take what bits a code does not need. It is a plain .onnx.gz: `gunzip` gives a model that runs as it is, so
// no format of our own has to be kept alive. Checks of length and content are gzip's, CRC-32 and size.
//
// Codes of a byte each come to 1 to 2 % above their entropy by it, on the networks of benchmarks/precision with 16 and 64
// values: as little as bits packed by hand and then deflated, or less.

import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { TensorRTError } from '../../errors';
import { loadModel, type OnnxModel } from '../../onnx/graph/onnx-model';
import { inSequence, writeTogether } from '../../onnx/graph/staged-file';
import { expandLookups, writeLookups, type Lookup } from './lookups';

/** A protobuf message is smaller than this. */
const LARGEST_MESSAGE_BYTES = 2 ** 31 - 1;
/**
 * Repeated stretches are worth finding in graphs; among codes they are there by chance, and Huffman codes alone take
 * fewer bits. The smallest of three is kept.
 */
const STRATEGIES = [constants.Z_DEFAULT_STRATEGY, constants.Z_FILTERED, constants.Z_HUFFMAN_ONLY];

/** What a compact file holds. */
export interface CompactFile {
  /** Bytes of the file. */
  readonly bytes: number;
  /** Bytes of the model in it before gzip: its size as .onnx in tables. */
  readonly expandedBytes: number;
  /** Weights that are stored as tables and codes. */
  readonly tables: readonly Lookup[];
}

/**
 * Writes a model for transfer, as small as it gets: a gzip file of the model, its weights of few different values as
 * tables. The model is not changed. `gunzip` makes an .onnx of it that runtimes run, with a Gather for each table;
 * `loadCompact` gives the model itself back, bit for bit. The file appears as a whole or not at all.
 *
 * @param path - By custom `*.onnx.gz`.
 * @throws {TensorRTError} ERR_TRT_ONNX_WRITE; ERR_TRT_ARG_VALUE for a model of 2 GB or more in tables
 * @example
 * const { model } = await cluster('model.onnx', { clusters: 16 });
 * const { bytes } = await saveCompact(model, 'model.onnx.gz');
 */
export async function saveCompact(model: OnnxModel, path: string): Promise<CompactFile> {
  const { bytes, ...rest } = await packModel(model);
  await writeTogether([{ path, parts: inSequence([bytes]) }]);
  return { bytes: bytes.length, ...rest };
}

/** The bytes that `saveCompact` writes. */
export async function packModel(
  model: OnnxModel,
): Promise<{ bytes: Uint8Array; expandedBytes: number; tables: Lookup[] }> {
  const copy = model.clone();
  const tables = writeLookups(copy, { wide: true });
  const message = copy.toBytes();
  const tried = await Promise.all(
    STRATEGIES.map((strategy) => promisify(gzip)(message, { level: 9, strategy })),
  );
  const bytes = tried.reduce((best, one) => (one.length < best.length ? one : best));
  return { bytes, expandedBytes: message.length, tables };
}

/** Limits of `loadCompact`. */
export interface LoadCompactOptions {
  /** Most bytes that the file may expand to. Default 2 GB, the largest model in one piece. */
  readonly maxBytes?: number;
}

/**
 * Reads what `saveCompact` wrote, and any other gzip file of an ONNX model; tables become weights again.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_FILE_UNREADABLE, ERR_TRT_ONNX_NOT_ONNX for another kind of file,
 * ERR_TRT_ONNX_TRUNCATED, ERR_TRT_ONNX_INVALID for damaged content, ERR_TRT_ARG_VALUE for more than `maxBytes`
 * @example
 * const model = await loadCompact('model.onnx.gz');
 * const session = await createSession(model.toBytes());
 */
export async function loadCompact(path: string, options: LoadCompactOptions = {}): Promise<OnnxModel> {
  const { maxBytes = LARGEST_MESSAGE_BYTES } = options;
  const file: Uint8Array = await readFile(path).catch((error: unknown) => {
    throw new TensorRTError('ERR_TRT_ONNX_FILE_UNREADABLE', `"${path}" cannot be read: ${String(error)}.`, {
      details: { path },
      cause: error,
    });
  });
  if (file[0] !== 0x1f || file[1] !== 0x8b) throw foreign(path, file);
  const bytes = await promisify(gunzip)(file, { maxOutputLength: maxBytes }).catch((error: unknown) => {
    throw broken(path, error as NodeJS.ErrnoException, maxBytes);
  });
  const model = await loadModel(bytes);
  expandLookups(model);
  return model;
}

function foreign(path: string, file: Uint8Array): TensorRTError {
  const start = Array.from(file.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const what = file.length === 0 ? 'it is empty' : `it begins with ${start}`;
  return new TensorRTError(
    'ERR_TRT_ONNX_NOT_ONNX',
    `"${path}" was expected to be a gzip file of an ONNX model, which begins with 1f 8b; ${what}.`,
    { hint: 'Load an .onnx file with loadModel().', details: { path } },
  );
}

function broken(path: string, error: NodeJS.ErrnoException, maxBytes: number): TensorRTError {
  const settings = { details: { path, reason: error.code ?? error.message }, cause: error };
  if (error.code === 'ERR_BUFFER_TOO_LARGE')
    return new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `"${path}" expands to more than the ${maxBytes} bytes that are allowed.`,
      { ...settings, hint: 'Pass a larger `maxBytes` if you trust the file.' },
    );
  if (error.code === 'Z_BUF_ERROR')
    return new TensorRTError(
      'ERR_TRT_ONNX_TRUNCATED',
      `"${path}" ends in the middle of its content.`,
      settings,
    );
  return new TensorRTError('ERR_TRT_ONNX_INVALID', `"${path}" is damaged: ${error.message}.`, {
    ...settings,
    hint: 'Copy the file again, or write it again.',
  });
}
