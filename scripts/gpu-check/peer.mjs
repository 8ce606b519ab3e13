// SPDX-License-Identifier: Apache-2.0
// The other side of peer.py: a process of its own that measures when it is told to.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from './load-package.mjs';

const SCRIPT = fileURLToPath(new URL('peer.py', import.meta.url));

/** Loading TensorRT takes seconds, and so may a thousand runs of a slow engine. */
const ANSWER_LIMIT_MS = 120_000;

/** Python modules of a family's official API, best first. */
const MODULES = {
  'tensorrt-rtx': ['tensorrt_rtx', 'tensorrt_rtx_bindings'],
  'tensorrt-11': ['tensorrt'],
  'tensorrt-10': ['tensorrt'],
};

/**
 * The module that can run engines of this library, or the reason why there is none.
 *
 * @param {{family: string, version: string}} library
 * @param {{modules: Record<string, string | null>}} python as the environment has it
 * @returns {{module: string, version: string} | {reason: string}}
 */
export function findPeerModule(library, python) {
  const names = MODULES[library.family];
  const module = names.find((name) => python.modules[name]);
  if (!module) return { reason: `Python has none of ${names.join(', ')}` };
  const version = python.modules[module];
  // An engine runs on the version that built it. The library's own version has fewer parts than the package's.
  const parts = (text) => text.split('.').slice(0, 3).join('.');
  if (version === 'unknown' || parts(version) === parts(library.version)) return { module, version };
  return {
    reason: `Python's ${module} is ${version}, the library ${library.version}: no engine runs on both`,
  };
}

/** The peer cannot do its part; that says nothing about this package. */
export class PeerError extends Error {}

/** A running peer. */
export class Peer {
  #child;
  #lines;
  #stderr = '';

  /** @param {{command: string, module: string, engine: string, ordinal: number, shapes: object}} task */
  constructor({ command, module, engine, ordinal, shapes }) {
    const args = [SCRIPT, module, engine, String(ordinal), JSON.stringify(shapes)];
    this.#child = spawn(command, args, { env: pythonEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.on('data', (text) => (this.#stderr = (this.#stderr + text).slice(-4096)));
    this.#child.stdin.on('error', () => undefined);
    this.#child.on('error', (error) => (this.#stderr += error.message));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Waits until the engine is loaded; gives back the version of the Python package. */
  async ready() {
    return (await this.#answer()).version;
  }

  /** Microseconds of each of `count` inferences. @param {'plain' | 'graph'} mode */
  async measure(mode, count) {
    this.#child.stdin.write(`${JSON.stringify({ mode, count })}\n`);
    return (await this.#answer()).microseconds;
  }

  async #answer() {
    const { value, done } = await this.#nextLine();
    // The last line of a traceback is what went wrong.
    if (done) throw new PeerError(`the Python peer ended: ${this.#stderr.trim().split('\n').at(-1)}`);
    let answer;
    try {
      answer = JSON.parse(value);
    } catch {
      throw new PeerError(`the Python peer gives no answer but "${value}"`);
    }
    if (answer.error) throw new PeerError(`the Python peer says: ${answer.error}`);
    return answer;
  }

  async #nextLine() {
    let timer;
    const tooLate = new Promise((_, reject) => {
      const error = new PeerError(`the Python peer gives no answer in ${ANSWER_LIMIT_MS / 1000} s`);
      timer = setTimeout(() => reject(error), ANSWER_LIMIT_MS);
    });
    try {
      return await Promise.race([this.#lines.next(), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  close() {
    this.#child.stdin.end();
    this.#child.kill();
  }
}
