// SPDX-License-Identifier: Apache-2.0
// A worker thread with a session of its own: says when it is ready, waits for its start, runs, tells what came out.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { loadPackage } from './load-package.mjs';
import { MODELS } from './models.mjs';
import { relativeError } from './numbers.mjs';

const { engine, options, rounds, seed } = workerData;
const { feeds, expected, sizes } = MODELS.mlp;

const session = await loadPackage().createSession(engine, options);
parentPort.postMessage('ready');
await once(parentPort, 'message');
let largestError = 0;
let tolerance = 0;
for (let round = 0; round < rounds; round++) {
  const inputs = feeds(sizes[round % sizes.length], seed + round);
  const { y } = await session.run(inputs);
  const wanted = expected(inputs).y;
  largestError = Math.max(largestError, relativeError(y.data, wanted.data));
  tolerance = wanted.tolerance;
}
await session.close();
parentPort.postMessage({ runs: rounds, largestError, tolerance });
// The port's listener is gone with `once`; nothing else keeps this thread.
parentPort.unref();
