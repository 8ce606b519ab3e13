// SPDX-License-Identifier: Apache-2.0
import { open, stat, type FileHandle } from 'node:fs/promises';
import { TensorRTError } from '../errors';

/** Random access to a model's bytes. */
export interface ByteSource {
  /** What messages call it: the path, or "the model" for bytes. */
  readonly label: string;
  readonly size: number;
  /** At least `length` bytes from `position` if the source has them, often more; a view or a reused buffer. */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

const SMALLEST_WINDOW = 16 * 1024;
const LARGEST_WINDOW = 256 * 1024;

/** A source over bytes in memory; nothing is copied. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    label: 'the model',
    size: bytes.length,
    read: (position) => Promise.resolve(bytes.subarray(position)),
    close: () => Promise.resolve(),
  };
}

/**
 * A source over a file.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_FILE_NOT_FOUND, or ERR_TRT_ONNX_FILE_UNREADABLE for a directory, a device or
 * a file without read permission.
 */
export async function fileSource(path: string): Promise<ByteSource> {
  try {
    // A pipe or device would block in open() or never end: ask before opening.
    const facts = await stat(path);
    if (!facts.isFile()) throw notAFile(path, facts.isDirectory() ? 'directory' : 'device');
    return new FileSource(path, facts.size, await open(path, 'r'));
  } catch (error) {
    throw unreadable(path, error);
  }
}

class FileSource implements ByteSource {
  private buffer = Buffer.allocUnsafe(0);
  private windowBytes = SMALLEST_WINDOW;
  private expected = -1;

  constructor(
    readonly label: string,
    readonly size: number,
    private readonly handle: FileHandle,
  ) {}

  /** Windows grow while reading goes on where it ended, and shrink after a jump over weights. */
  async read(position: number, length: number): Promise<Uint8Array> {
    const isSequential = position <= this.expected && position >= this.expected - LARGEST_WINDOW;
    this.windowBytes = isSequential ? Math.min(this.windowBytes * 2, LARGEST_WINDOW) : SMALLEST_WINDOW;
    const wanted = Math.max(length, Math.min(this.windowBytes, this.size - position));
    if (this.buffer.length < wanted) this.buffer = Buffer.allocUnsafe(wanted);
    try {
      let got = 0;
      while (got < wanted) {
        const { bytesRead } = await this.handle.read(this.buffer, got, wanted - got, position + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      this.expected = position + got;
      return this.buffer.subarray(0, got);
    } catch (error) {
      throw unreadable(this.label, error);
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

function notAFile(path: string, kind: string): TensorRTError {
  return new TensorRTError('ERR_TRT_ONNX_FILE_UNREADABLE', `"${path}" is a ${kind}, not an ONNX file.`, {
    details: { path, kind },
  });
}

function unreadable(path: string, error: unknown): unknown {
  if (error instanceof TensorRTError) return error;
  const systemCode = (error as NodeJS.ErrnoException).code ?? '';
  if (systemCode === 'ENOENT' || systemCode === 'ENOTDIR') {
    return new TensorRTError('ERR_TRT_ONNX_FILE_NOT_FOUND', `There is no file "${path}".`, {
      details: { path },
      cause: error,
    });
  }
  const message = `"${path}" cannot be read: ${(error as Error).message}`;
  return new TensorRTError('ERR_TRT_ONNX_FILE_UNREADABLE', message, {
    details: { path, systemCode },
    cause: error,
  });
}
