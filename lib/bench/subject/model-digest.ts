// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Engine, TensorRTError } from '../../index';

/** What identifies a model. */
export interface ModelDigest {
  /** In hex; null where the bytes cannot be had. */
  readonly sha256: string | null;
  readonly bytes: number;
}

// A piece of this size takes less than a millisecond of the event loop.
const PIECE_BYTES = 256 * 1024;

/**
 * Digest and size of a model's file or bytes. Of an engine in memory only the size is known. External data of an ONNX
 * model is not among it: which files those are stands in the model, and nothing of the public API reads it.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` for a file that cannot be read.
 */
export async function digestModel(model: string | Uint8Array | Engine): Promise<ModelDigest> {
  if (typeof model === 'string') return digestFile(model);
  if (model instanceof Uint8Array) return digestPieces(piecesOf(model));
  return model.path === null ? { sha256: null, bytes: model.bytes } : digestFile(model.path);
}

/** What the model is called where nobody gave it a name. */
export function modelName(model: string | Uint8Array | Engine): string {
  if (typeof model === 'string') return model;
  return model instanceof Uint8Array ? '(bytes)' : (model.path ?? '(engine)');
}

async function digestFile(path: string): Promise<ModelDigest> {
  try {
    return await digestPieces(
      createReadStream(path, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>,
    );
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new TensorRTError('ERR_TRT_LOAD_FILE', `The model file ${path} cannot be read: ${code}.`, {
      details: { path, code },
      cause: error,
    });
  }
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
    if (offset > 0) await nextTurn();
    yield bytes.subarray(offset, offset + PIECE_BYTES);
  }
}

async function digestPieces(pieces: AsyncIterable<Uint8Array>): Promise<ModelDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}
