// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { TensorRTError } from '../../errors';
import type { LazyBytes } from './wire-message';

/** A file of weights as it was when the model was loaded. A file that took its name later is another one. */
export interface WeightFile {
  /** Absolute path, links resolved. */
  readonly path: string;
  /** How the model calls it. */
  readonly location: string;
  readonly identity: string;
}

/** A system call reads less than 2 GB. */
const MOST_BYTES_A_READ = 2 ** 30;

/** Notes which file has a path now. */
export async function describeWeightFile(path: string, location: string): Promise<WeightFile> {
  return { path, location, identity: identityOf(await stat(path)) };
}

/** Content of a tensor that stays in its file until somebody asks for it. Nothing is kept, neither bytes nor handles. */
export class FileBytes implements LazyBytes {
  constructor(
    readonly file: WeightFile,
    readonly offset: number,
    readonly length: number,
  ) {}

  /**
   * Reads all bytes; blocks.
   *
   * @throws {TensorRTError} ERR_TRT_ONNX_EXTERNAL_DATA_MISSING if the file is gone, or not what it was
   */
  read(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.length);
    this.readInto(bytes, 0);
    return bytes;
  }

  /** Reads the bytes from `start` on until `target` is full; blocks. */
  readInto(target: Uint8Array, start: number): void {
    const { path } = this.file;
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, 'r');
      if (identityOf(fstatSync(descriptor)) !== this.file.identity) throw new Error('it was changed');
      for (let got = 0; got < target.length;) {
        const wanted = Math.min(target.length - got, MOST_BYTES_A_READ);
        const count = readSync(descriptor, target, got, wanted, this.offset + start + got);
        if (count === 0) throw new Error('it became shorter');
        got += count;
      }
    } catch (error) {
      throw gone(this.file, error as NodeJS.ErrnoException);
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}

/** Renaming, linking and reading leave it as it is. */
function identityOf({ dev, ino, size, mtimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs].join(':');
}

function gone({ path, location }: WeightFile, error: NodeJS.ErrnoException): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ONNX_EXTERNAL_DATA_MISSING',
    `The model's external data "${location}" cannot be read any more: ${error.code ?? error.message} ("${path}").`,
    {
      hint: 'Keep the files of a model as they are while it is used, or load it again.',
      details: { location, path, reason: error.code ?? error.message },
      cause: error,
    },
  );
}
