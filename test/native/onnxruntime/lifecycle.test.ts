// SPDX-License-Identifier: Apache-2.0
// The life of a session: release, also while it runs, concurrency, the event loop meanwhile, threads of Node.js.
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

import { compiledModule } from '../../../lib/runtime/fork-worker';
import { makeModel } from '../../onnx-builder';
import { addModel } from '../../onnx-models';
import { dropIn, failureOf, open, PACKAGES, plainAll } from './both';

const feeds = (): { x: InstanceType<typeof dropIn.Tensor> } => ({
  x: new dropIn.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]),
});

/** Matrix products that take some tens of milliseconds. */
function slowModel(): Uint8Array {
  const names = Array.from({ length: 9 }, (_, i) => (i === 0 ? 'x' : i === 8 ? 'y' : `t${i}`));
  return makeModel({
    inputs: [{ name: 'x', dims: [512, 512] }],
    outputs: [{ name: 'y', dims: [512, 512] }],
    nodes: names.slice(1).map((name, i) => ({ op: 'MatMul', inputs: [names[i]!, 'x'], outputs: [name] })),
  });
}

const slowFeeds = (): ReturnType<typeof feeds> => ({
  x: new dropIn.Tensor('float32', new Float32Array(512 * 512).fill(1 / 512), [512, 512]),
});

describe.each(PACKAGES)('%s', (_, ort) => {
  it('refuses everything after its release', async () => {
    const session = await open(ort, addModel());
    await session.release();
    const x = new ort.Tensor('float32', new Float32Array(4), [4]);
    for (const failure of [
      await failureOf(session.release()),
      await failureOf(session.run({ x })),
      await failureOf(Promise.resolve().then(() => session.endProfiling())),
    ])
      expect(failure).toMatchObject({ name: 'Error', message: 'Session already disposed.' });
  });

  it('gives each of many runs its own result', async () => {
    const session = await open(ort, addModel());
    const runs = Array.from({ length: 200 }, (__, i) =>
      session.run({ x: new ort.Tensor('float32', new Float32Array(4).fill(i), [4]) }),
    );
    for (const [i, results] of (await Promise.all(runs)).entries())
      expect(plainAll(results)).toMatchObject({ y: { data: Float32Array.of(i + 1, i + 2, i + 3, i + 4) } });
  });
});

describe('the drop-in', () => {
  it('has the code of a closed session', async () => {
    const session = await open(dropIn, addModel());
    await session.release();
    await expect(session.run(feeds())).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
  });

  it('copies its inputs before run() returns', async () => {
    const session = await open(dropIn, addModel());
    const given = feeds();
    const run = session.run(given);
    (given.x.data as Float32Array).fill(100);
    expect(plainAll(await run)).toMatchObject({ y: { data: Float32Array.of(2, 4, 6, 8) } });
  });

  it('settles every run that its release finds', async () => {
    const session = await open(dropIn, slowModel(), {
      executionProviders: [{ name: 'cpu', contexts: 1 } as never],
    });
    const runs = Array.from({ length: 6 }, () => session.run(slowFeeds()));
    const settled = Promise.allSettled(runs);
    await session.release();
    const results = await settled;
    const rejected = results.filter((result) => result.status === 'rejected');
    expect(rejected.length).toBeGreaterThan(0);
    for (const { reason } of rejected)
      expect(reason).toMatchObject({ message: 'Session already disposed.', code: 'ERR_TRT_RUN_CLOSED' });
    for (const result of results)
      if (result.status === 'fulfilled')
        expect((result.value.y as { dims: unknown }).dims).toEqual([512, 512]);
  });

  it('leaves the event loop free while it runs', async () => {
    const session = await open(dropIn, slowModel());
    let turns = 0;
    let isRunning = true;
    const count = (): void => {
      turns++;
      if (isRunning) setImmediate(count);
    };
    const run = session.run(slowFeeds()).finally(() => (isRunning = false));
    setImmediate(count);
    await run;
    // A synchronous run would allow for a few turns at most, however slow the machine is.
    expect(turns).toBeGreaterThan(20);
  });
});

/** What a body posts that runs in a worker, with `ours` the path of the drop-in and `model` a model. */
function inWorker(body: string): Promise<unknown> {
  const source = `
    const { parentPort, workerData: { ours, upstream, common, model } } = require('node:worker_threads');
    (async () => { ${body} })();`;
  const require = createRequire(import.meta.url);
  const workerData = {
    ours: compiledModule('onnxruntime/index'),
    upstream: require.resolve('onnxruntime-node'),
    common: require.resolve('onnxruntime-common'),
    model: addModel(),
  };
  const worker = new Worker(source, { eval: true, workerData });
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
}

describe('worker_threads', () => {
  it('have sessions of their own', async () => {
    const body = `
      const ort = require(ours);
      const session = await ort.InferenceSession.create(model);
      const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]);
      const { y } = await session.run({ x });
      await session.release();
      parentPort.postMessage([...y.data]);`;
    const results = await Promise.all([inWorker(body), inWorker(body), inWorker(body)]);
    expect(results).toEqual(Array(3).fill([2, 4, 6, 8]));
  });
});

describe('beside onnxruntime-node, on one copy of onnxruntime-common', () => {
  const body = (first: string, second: string): string => `
    require(${first}); require(${second});
    const { InferenceSession, sessionInfo } = require(ours);
    const whose = async (factory) => {
      const session = await factory.create(model, { executionProviders: ['cpu'] });
      try { return sessionInfo(session).provider; } catch { return 'theirs'; }
    };
    parentPort.postMessage([await whose(InferenceSession), await whose(require(common).InferenceSession)]);`;

  it('runs its own sessions, and all others where it came first', async () => {
    expect(await inWorker(body('ours', 'upstream'))).toEqual(['cpu', 'cpu']);
  });

  it('runs its own sessions alone where it came second', async () => {
    expect(await inWorker(body('upstream', 'ours'))).toEqual(['cpu', 'theirs']);
  });
});
