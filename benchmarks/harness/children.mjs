// SPDX-License-Identifier: Apache-2.0
// Fresh processes: for one measurement each, or kept to answer one request a line.

import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Runs a command to its end and returns the JSON of the last line that it printed, or of all that it printed. */
export async function runForJson(command, args, { env = process.env, wholeOutput = false } = {}) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let talk = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (talk += text));
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (...how) => resolve(how));
  });
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}:\n${talk.slice(-2000)}`);
  return JSON.parse(wholeOutput ? out : out.trimEnd().split('\n').at(-1));
}

/** A process that answers each line on stdin with one line on stdout, in order. */
export class LinePeer {
  #child;
  #waiting = [];

  constructor(command, args, { env = process.env } = {}) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.#waiting.shift()?.resolve(JSON.parse(line)),
    );
    const fail = (error) => this.#waiting.splice(0).forEach(({ reject }) => reject(error));
    this.#child.once('error', fail);
    this.#child.once('close', (code, signal) => fail(new Error(`${command} ended with ${signal ?? code}`)));
  }

  /** Sends a request; resolves with its answer. */
  ask(request) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  close() {
    this.#child.stdin.end();
  }
}

/** Starts this program again with `--expose-gc` where it has no garbage collector to call, and ends with its status. */
export function withGarbageCollector() {
  if (typeof globalThis.gc === 'function') return;
  const again = spawnSync(process.execPath, ['--expose-gc', ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(again.status ?? 1);
}
