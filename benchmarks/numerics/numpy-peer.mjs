// SPDX-License-Identifier: Apache-2.0
// NumPy in a process that stays: one question, one answer, so that the two sides can take turns.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonPeer } from '../harness/paths.mjs';

const SCRIPT = fileURLToPath(new URL('numpy_peer.py', import.meta.url));

/**
 * @param {{ python?: string, threads: number, size: number, samples: number }} options
 * @returns {Promise<{ version: string, time: (name: string) => Promise<number>, close: () => void }>} seconds of a call
 */
export async function startNumpy({ python, threads, size, samples }) {
  const peer = pythonPeer();
  // A python that was named has packages of its own.
  const base = python === undefined ? peer.env : process.env;
  const env = { ...base, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
  const child = spawn(python ?? peer.command, [SCRIPT, String(size), String(samples)], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('NumPy ended: see its message above.');
    return JSON.parse(value);
  };
  await once(child, 'spawn');
  const { version } = await answer();
  const time = async (name) => {
    child.stdin.write(`${name}\n`);
    return (await answer()).seconds;
  };
  return { version, time, close: () => child.stdin.end() };
}
