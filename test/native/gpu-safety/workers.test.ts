// SPDX-License-Identifier: Apache-2.0
// Sessions of several threads of JavaScript on one device.
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SCALE } from '../../standin-plan';
import { script } from './children';
import { doubled, expectCleanAfterCollection, four, gpu, open } from './support';

function start(body: string): Worker {
  return new Worker(script(`const { parentPort } = require('node:worker_threads'); ${body}`), {
    eval: true,
  });
}

const messageOf = (worker: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
const exitOf = (worker: Worker): Promise<unknown> => new Promise((resolve) => worker.once('exit', resolve));

const BUSY = `
  const session = await open({ contexts: 2 });
  const io = await session.createBinding();
  const tensor = await uploadTensor({ type: 'float32', data: four, dims: [4] });
  for (let i = 0; i < 10; i++) for (const call of [session.run({ x: four }), io.run(), session.run({ x: tensor })])
    call.catch(() => {});
  parentPort.postMessage('running');`;

beforeEach(() => gpu.reset());
afterEach(expectCleanAfterCollection);

describe('workers on one device', () => {
  it('run at the same time as the main thread, and share the device', async () => {
    const session = await open();
    const workers = Array.from({ length: 4 }, (_, i) =>
      start(`const session = await open();
        const x = four.map((v) => v + ${i});
        let y;
        for (let run = 0; run < 5; run++) y = (await session.run({ x })).y.data;
        await session.close();
        parentPort.postMessage(y);`),
    );
    const exits = workers.map(exitOf);
    const answers = Promise.all(workers.map(messageOf));
    for (let run = 0; run < 20; run++) expect((await session.run({ x: four() })).y!.data).toEqual(doubled());
    expect(await answers).toEqual([0, 1, 2, 3].map((i) => doubled(1 + i)));
    await Promise.all(exits);
    expect(gpu.live().contexts).toBe(1);
    await session.close();
  });

  it('may be terminated in flight, and the main thread goes on', async () => {
    const session = await open();
    for (let round = 0; round < 4; round++) {
      const worker = start(BUSY);
      await messageOf(worker);
      const running = session.run({ x: four() });
      await worker.terminate();
      expect((await running).y!.data).toEqual(doubled());
    }
    await session.close();
  });

  it('may end by themselves with everything open', async () => {
    const worker = start(`${BUSY} setImmediate(() => process.exit(0));`);
    await exitOf(worker);
    const idle = start(
      `const session = await open(); await session.createBinding(); await session.run({ x: four });`,
    );
    await exitOf(idle);
    const session = await open(SCALE);
    expect((await session.run({ x: four() })).y!.data).toEqual(doubled());
    await session.close();
  });

  it('may be terminated while the device is lost', async () => {
    const session = await open();
    const worker = start(BUSY);
    await messageOf(worker);
    gpu.fault('op:kernel', 1, 700);
    await session.run({ x: four() }).catch(() => {});
    await worker.terminate();
    await session.close();
    const next = await open();
    await next.run({ x: four() });
    await next.close();
  });
});
