// SPDX-License-Identifier: Apache-2.0
// How a process ends while the GPU is at work: with its own exit code, soon, and without a crash.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { familyCheck } from '../check.mjs';

const CHILD = fileURLToPath(new URL('../exit-child.mjs', import.meta.url));
const CHILD_LIMIT_MS = 60_000;

/** Runs the child in one of its ways to end; gives back how it ended and what it printed. */
function endOfChild(task) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), CHILD_LIMIT_MS);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ end: signal ?? code, output: output.slice(-4096) });
    });
  });
}

async function endsWith(t, way, wanted) {
  const engine = await t.enginePath('heavy');
  const { runLibrary, device } = t;
  const ends = [];
  for (let round = 0; round < t.times(10, 2); round++) {
    const started = performance.now();
    const { end, output } = await endOfChild({ way, engine, options: { device, ...runLibrary } });
    ends.push(Math.round(performance.now() - started));
    t.expect(
      output.includes('runs are in flight'),
      `the child did not get to its runs: ended by ${end}: ${output}`,
    );
    t.expect(end === wanted, `round ${round}: expected exit code ${wanted}, got ${end}: ${output}`);
  }
  t.note('milliseconds of the whole process', ends);
}

const ends = (way, title, code) =>
  familyCheck(way, title, (t) => endsWith(t, way, code), { limitSeconds: 600 });

export const exit = {
  name: 'exit',
  title: 'The end of a process',
  needs: 'gpu',
  checks: [
    ends('exit', 'process.exit() during runs keeps its exit code', 7),
    ends('uncaught', 'an uncaught error during runs ends with 1', 1),
    ends('unclosed', 'a session that nobody closed does not keep the process', 0),
    ends('natural', 'runs that nobody waits for are finished', 0),
    ends('worker', 'a worker thread is terminated during its runs', 0),
    ends('kept-tensor', 'device tensors that nobody closed do no harm', 0),
  ],
};
