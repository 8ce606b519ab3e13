// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';

/**
 * Runs tar, compresses what it writes and cuts that into files of at most `partBytes`.
 *
 * @param {string[]} tarArguments
 * @param {string} folder
 * @param {number} partBytes
 * @returns {Promise<{name: string, bytes: number, sha256: string}[]>}
 */
export async function splitStream(tarArguments, folder, partBytes) {
  const tar = spawn('tar', tarArguments, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  tar.stderr.on('data', (text) => (complaint += text));
  const ended = new Promise((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar failed: ${complaint}`))));
  });
  // Reported below, where it is awaited; not earlier as an unhandled rejection.
  ended.catch(() => undefined);
  const parts = new PartWriter(folder, partBytes);
  // gzip and not a better format: it is the one that every tar and sh can undo.
  for await (const chunk of tar.stdout.pipe(createGzip({ level: 9 }))) parts.write(chunk);
  parts.end();
  await ended;
  return parts.done;
}

/** Writes a stream of bytes to numbered files of at most so many bytes each. */
export class PartWriter {
  /** @type {{name: string, bytes: number, sha256: string}[]} */
  done = [];
  #folder;
  #limit;
  #current = null;

  constructor(folder, partBytes) {
    this.#folder = folder;
    this.#limit = Math.floor(partBytes);
  }

  write(chunk) {
    for (let from = 0; from < chunk.length;) {
      this.#current ??= this.#open();
      const piece = chunk.subarray(from, from + this.#limit - this.#current.bytes);
      writeSync(this.#current.file, piece);
      this.#current.hash.update(piece);
      this.#current.bytes += piece.length;
      from += piece.length;
      if (this.#current.bytes === this.#limit) this.end();
    }
  }

  /** Closes the last part. */
  end() {
    if (this.#current === null) return;
    const { file, name, bytes, hash } = this.#current;
    closeSync(file);
    this.done.push({ name, bytes, sha256: hash.digest('hex') });
    this.#current = null;
  }

  #open() {
    const name = `gpu-check.tar.gz.${String(this.done.length).padStart(3, '0')}`;
    return { name, file: openSync(join(this.#folder, name), 'wx'), bytes: 0, hash: createHash('sha256') };
  }
}
