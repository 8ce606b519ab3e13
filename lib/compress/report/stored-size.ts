// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createDeflateRaw } from 'node:zlib';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { makeTemporaryFolder } from '../../temporary-folder';

/** How much room a model takes as files. */
export interface StoredSize {
  /** Bytes of the .onnx file and of its file of weights, if it has one. */
  readonly bytes: number;
  /** Bytes of the same as a ZIP or gzip archive would hold them: DEFLATE, level 6. */
  readonly zippedBytes: number;
}

/**
 * Measures how large a model is on disk and zipped. It is written to a temporary folder and read a piece at a time.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_WRITE, ERR_TRT_ONNX_EXTERNAL_DATA_MISSING, ERR_TRT_LOAD_TEMPORARY_FOLDER
 */
export async function measureStoredSize(model: OnnxModel): Promise<StoredSize> {
  const folder = makeTemporaryFolder('tensorrt-node-size-');
  try {
    await model.save(join(folder.path, 'model.onnx'));
    return await measureFiles((await readdir(folder.path)).map((name) => join(folder.path, name)));
  } finally {
    await folder.remove();
  }
}

/** The same of files that are there. */
export async function measureFiles(paths: readonly string[]): Promise<StoredSize> {
  let [bytes, zippedBytes] = [0, 0];
  for (const path of paths) {
    bytes += (await stat(path)).size;
    zippedBytes += await zippedSize(path);
  }
  return { bytes, zippedBytes };
}

async function zippedSize(path: string): Promise<number> {
  let bytes = 0;
  const counter = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  await pipeline(createReadStream(path), createDeflateRaw({ level: 6 }), counter);
  return bytes;
}
