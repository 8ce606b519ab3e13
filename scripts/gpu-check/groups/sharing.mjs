// SPDX-License-Identifier: Apache-2.0
// Several threads of JavaScript on one GPU, and several GPUs in one process.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { familyCheck } from '../check.mjs';
import { MODELS, randomTensor } from '../models.mjs';

const WORKER = new URL('../run-worker.mjs', import.meta.url);
const WORKERS = 3;

/** Workers with sessions of their own run at the same time as this thread. */
async function workers(t) {
  const engine = await t.enginePath('mlp');
  const session = await t.session('mlp', { contexts: 2 });
  const rounds = t.times(2000, 200);
  const options = { device: t.device, ...t.runLibrary };
  const threads = Array.from(
    { length: WORKERS },
    (_, seed) => new Worker(WORKER, { workerData: { engine, options, rounds, seed: 1000 * (seed + 1) } }),
  );
  for (const thread of threads) t.own({ close: () => thread.terminate() });
  const ends = threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve)));
  // What a worker throws comes out of the promise of its message.
  for (const thread of threads) thread.on('error', () => undefined);
  // All have a session before the first one runs.
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  const answers = Promise.all(threads.map((thread) => once(thread, 'message')));
  answers.catch(() => undefined);
  for (const thread of threads) thread.postMessage('go');
  for (let round = 0; round < rounds; round++) {
    const feeds = MODELS.mlp.feeds(8, round);
    t.expectOutputs('mlp', feeds, await session.run(feeds), `run ${round} of this thread`);
  }
  const found = (await answers).map(([answer]) => answer);
  t.note('workers', found);
  for (const { runs, largestError, tolerance } of found) {
    t.expectEqual(runs, rounds, 'runs of a worker');
    t.expect(largestError <= tolerance, `a worker's relative error ${largestError} is above ${tolerance}`);
  }
  t.expectEqual(
    await Promise.all(ends),
    threads.map(() => 0),
    'exit codes of the workers',
  );
}

/** The next GPU runs the same engine at the same time, and its tensors stay its own. */
async function secondGpu(t) {
  const { gpu, cuda } = t.host;
  const others = cuda.devices.filter(({ ordinal }) => ordinal !== gpu.ordinal);
  if (others.length === 0) t.skip('this host has one GPU');
  const other = others.find(({ computeCapability }) => computeCapability === gpu.computeCapability);
  if (!other) t.skip(`no other GPU has the compute capability ${gpu.computeCapability} of ${t.device}`);
  const device = `cuda:${other.ordinal}`;
  const sessions = [await t.session('mlp'), await t.session('mlp', { device })];
  t.expectEqual(
    sessions.map((one) => one.device),
    [t.device, device],
    'devices of the sessions',
  );
  for (let round = 0; round < t.times(200, 50); round++) {
    const feeds = MODELS.mlp.feeds(8, round);
    const outputs = await Promise.all(sessions.map((one) => one.run(feeds)));
    outputs.forEach((one, index) =>
      t.expectOutputs('mlp', feeds, one, `${sessions[index].device}, ${round}`),
    );
  }
  const data = { type: 'float32', ...randomTensor([8, 64], 1) };
  const x = t.own(await t.api.uploadTensor(data, { device }));
  t.expectOutputs('mlp', { x: data }, await sessions[1].run({ x }), `a tensor on ${device}`);
  const error = await t.expectError('ERR_TRT_RUN_DEVICE_TENSOR', () => sessions[0].run({ x }));
  t.note('message of a tensor on another device', error.message);
  t.note('device', device);
}

export const sharing = {
  name: 'sharing',
  title: 'Workers and GPUs',
  needs: 'gpu',
  checks: [
    familyCheck('workers', 'three workers run on the device at once, beside the main thread', workers),
    familyCheck('second-gpu', 'a second GPU runs beside the first', secondGpu),
  ],
};
