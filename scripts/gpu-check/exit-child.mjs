// SPDX-License-Identifier: Apache-2.0
// A process that ends in one of several ways while runs are in flight.
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadPackage } from './load-package.mjs';
import { randomTensor } from './models.mjs';

const task = isMainThread ? JSON.parse(process.argv[2]) : workerData;

/** Starts runs that take a while and does not wait for them. */
async function startRuns() {
  const api = loadPackage();
  const session = await api.createSession(task.engine, { ...task.options, contexts: 2 });
  const x = randomTensor([512, 1024], 1);
  await session.run({ x });
  const runs = Array.from({ length: 64 }, () => session.run({ x }));
  return { api, session, x, runs };
}

const say = () => process.stdout.write('runs are in flight\n');

const WAYS = {
  async exit() {
    await startRuns();
    say();
    process.exit(7);
  },
  async uncaught() {
    await startRuns();
    say();
    setImmediate(() => {
      throw new Error('on purpose');
    });
  },
  async unclosed() {
    const { runs } = await startRuns();
    say();
    await Promise.all(runs);
  },
  async natural() {
    await startRuns();
    say();
  },
  async worker() {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: task });
    await new Promise((resolve) => worker.once('message', resolve));
    say();
    await worker.terminate();
  },
  async 'kept-tensor'() {
    const { api, session, x, runs } = await startRuns();
    const tensor = await api.uploadTensor({ type: 'float32', ...x }, { device: task.options.device });
    const kept = await session.run({ x: tensor }, { deviceOutputs: true });
    say();
    await Promise.all(runs);
    globalThis.kept = [tensor, kept];
  },
};

if (isMainThread) {
  await WAYS[task.way]();
} else {
  await startRuns();
  parentPort.postMessage('ready');
}
