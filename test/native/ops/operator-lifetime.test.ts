// SPDX-License-Identifier: Apache-2.0
// Operators of worker threads and processes that end while they run.
import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

import { addonPath } from '../../../lib/binding/load';
import { runOperator } from '../../../lib/ops/run-operator';

/** Plain JavaScript over the addon: `start()` begins 30 operators of a million elements and a chain. */
const SCRIPT = `
  const addon = require(${JSON.stringify(addonPath())});
  process.once('exit', () => addon.shutdown());
  // Reachable until all have ended, as the addon asks for.
  const data = new Float32Array(1e6);
  let ended = 0, onEnd = () => {};
  const operators = addon.openOperators((finished) => { ended += finished.length / 3; onEnd(finished); });
  const spec = { type: 'float32', dims: [1e6] };
  const request = {
    values: [spec, { type: 'int32', dims: [1e6] }], inputs: 1, outputs: [1], threads: 0,
    steps: [{ operator: 'convert', attributes: { scaled: true, scale: 2, zeroPoint: 0 }, inputs: [0], outputs: [1] }],
  };
  const start = () => {
    const prepared = operators.prepare(request);
    for (let ticket = 0; ticket < 30; ticket++)
      operators.run(ticket, prepared, [data], [null]);
    operators.forget(prepared);
    operators.createChain(30, request);
  };`;

const exitOf = (worker: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));

it('workers may be terminated, and end by themselves, in the middle of it', async () => {
  for (const end of ['', 'process.exit(0);', 'onEnd = () => process.exit(0);']) {
    const body = `${SCRIPT} start(); require('node:worker_threads').parentPort.postMessage('running'); ${end}`;
    const worker = new Worker(body, { eval: true });
    const exit = exitOf(worker);
    if (end === '') {
      await new Promise((resolve) => worker.once('message', resolve));
      await worker.terminate();
    }
    await exit;
  }
  // The main thread goes on.
  const call = {
    operator: 'convert',
    attributes: { scaled: true, scale: 2, zeroPoint: 0 },
    inputs: [{ data: new Float32Array([1, 2]), dims: [2] }],
    outputs: [{ type: 'int32', dims: [2] }],
  } as const;
  expect((await runOperator(call))[0]).toMatchObject({ data: new Int32Array([2, 4]) });
});

it.each([
  ['at once', 'process.exit(7);'],
  ['when one has ended', 'onEnd = () => process.exit(7);'],
  ['when all have ended', 'onEnd = () => { if (ended === 31) process.exitCode = 7; };'],
])('a process may end: %s', (_, end) => {
  const { status, signal, stderr } = spawnSync(process.execPath, ['-e', `${SCRIPT} start(); ${end}`], {
    encoding: 'utf8',
  });
  expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: '' });
});
