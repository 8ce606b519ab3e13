// SPDX-License-Identifier: Apache-2.0
// Sessions under load, at their end, in workers, and at the end of a process.
import { spawn } from 'node:child_process';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addonPath, loadAddon } from '../../lib/binding/load';
import { createSession } from '../../lib/session/create-session';
import { CpuBackend } from '../../lib/runtime/cpu-backend';
import { locateOnnxRuntime } from '../../lib/runtime/locate-onnxruntime';
import { openSession } from '../../lib/runtime/session';
import { makeModel } from '../onnx-builder';
import { addModel, identityModel } from '../onnx-models';

const CPU = { device: 'cpu', intraOpNumThreads: 1 } as const;
const folder = mkdtempSync(join(tmpdir(), 'lifecycle-'));
const slowPath = join(folder, 'slow.onnx');
let library: string;

/** Matrix products that take some tens of milliseconds. */
function slowModel(): Uint8Array {
  const names = Array.from({ length: 9 }, (_, i) => (i === 0 ? 'x' : i === 8 ? 'y' : `t${i}`));
  return makeModel({
    inputs: [{ name: 'x', dims: [512, 512] }],
    outputs: [{ name: 'y', dims: [512, 512] }],
    nodes: names.slice(1).map((name, i) => ({ op: 'MatMul', inputs: [names[i]!, 'x'], outputs: [name] })),
  });
}

beforeAll(async () => {
  writeFileSync(slowPath, slowModel());
  const { candidates } = await locateOnnxRuntime();
  library = candidates[0]!.path;
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('under load', () => {
  it('answers 1000 calls at once, each with its own result', async () => {
    const session = await createSession(addModel(), { ...CPU, contexts: 2 });
    const runs = Array.from({ length: 1000 }, (_, i) => session.run({ x: new Float32Array(4).fill(i) }));
    const results = await Promise.all(runs);
    results.forEach(({ y }, i) => expect(y!.data).toEqual(Float32Array.of(i + 1, i + 2, i + 3, i + 4)));
    await session.close();
  });

  it('runs sessions, bindings and blocking calls mixed', async () => {
    const session = await createSession(addModel(), { ...CPU, contexts: 2 });
    const bindings = await Promise.all(Array.from({ length: 4 }, () => session.createBinding()));
    const work = Array.from({ length: 200 }, async (_, i) => {
      if (i % 10 === 0) expect(session.runSync({ x: new Float32Array(4) }).y!.data[0]).toBe(1);
      if (i % 2 === 0) return bindings[(i / 2) % 4]!.run();
      expect((await session.run({ x: new Float32Array(4).fill(i) })).y!.data[0]).toBe(i + 1);
    });
    await Promise.all(work);
    bindings.forEach((io) => expect(io.outputs.y).toEqual(Float32Array.of(1, 2, 3, 4)));
    await session.close();
  });

  it('refuses calls beyond maxQueue', async () => {
    const session = await createSession(slowPath, { ...CPU, maxQueue: 2 });
    const x = new Float32Array(512 * 512);
    // A copy of 1 MiB each against an inference each: far more calls than the session can finish meanwhile.
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => session.run({ x })));
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    failed.forEach(({ reason }) => expect(reason).toMatchObject({ code: 'ERR_TRT_RUN_QUEUE_FULL' }));
    expect(outcomes.slice(0, 2).every(({ status }) => status === 'fulfilled')).toBe(true);
    await session.close();
  });

  it('withdraws a waiting call, not a running one', async () => {
    const session = await createSession(slowPath, CPU);
    const x = new Float32Array(512 * 512);
    const controller = new AbortController();
    const before = Array.from({ length: 10 }, () => session.run({ x }));
    const waiting = session.run({ x }, { signal: controller.signal });
    const after = session.run({ x });
    controller.abort(new Error('too late'));
    await expect(waiting).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
      cause: { message: 'too late' },
    });
    await Promise.all([...before, after]);
    await session.close();
  });
});

describe('the end', () => {
  it('waits for running calls and rejects waiting ones', async () => {
    const session = await createSession(slowPath, CPU);
    const x = new Float32Array(512 * 512);
    const calls = Array.from({ length: 30 }, () => session.run({ x }));
    const settled = Promise.allSettled(calls);
    await calls[0];
    await session.close();
    const outcomes = (await settled).map((outcome) =>
      outcome.status === 'fulfilled' ? 'done' : (outcome.reason as { code: string }).code,
    );
    const rejected = outcomes.indexOf('ERR_TRT_RUN_CLOSED');
    // Those before it ran to their end, all after it never began.
    expect(rejected).toBeGreaterThan(0);
    expect(outcomes.slice(0, rejected)).toEqual(Array(rejected).fill('done'));
    expect(outcomes.slice(rejected)).toEqual(Array(30 - rejected).fill('ERR_TRT_RUN_CLOSED'));
  });

  it('refuses everything afterwards', async () => {
    const session = await createSession(addModel(), CPU);
    const io = await session.createBinding();
    await session.close();
    await session.close();
    const closed = { code: 'ERR_TRT_RUN_CLOSED' };
    await expect(session.run({ x: new Float32Array(4) })).rejects.toMatchObject(closed);
    await expect(io.run()).rejects.toMatchObject(closed);
    await expect(session.createBinding()).rejects.toMatchObject(closed);
    expect(io.outputs.y).toHaveLength(0);
  });
});

describe('where ArrayBuffers over native memory are refused', () => {
  it('copies instead, with the same results', async () => {
    const options = {
      model: addModel(),
      contexts: 1,
      intraOpNumThreads: 1,
      maxQueue: 10,
      externalBuffers: false,
    };
    const session = await openSession(new CpuBackend(options));
    const io = await session.createBinding();
    (io.inputs.x as Float32Array).fill(5);
    await io.run();
    expect(io.outputs.y).toEqual(Float32Array.of(6, 7, 8, 9));
    (io.inputs.x as Float32Array).fill(0);
    io.runSync();
    expect(io.outputs.y).toEqual(Float32Array.of(1, 2, 3, 4));
    await session.close();
    expect(io.outputs.y).toHaveLength(0);
  });
});

/** Plain JavaScript over the addon itself: workers and child processes do not compile TypeScript. */
function script(body: string): string {
  return `
    const addon = require(${JSON.stringify(addonPath())});
    // As lib/binding/load.ts does.
    process.once('exit', () => addon.shutdown());
    const waiting = new Map();
    const settle = (batch) => { for (let i = 0; i < batch.length; i += 3) waiting.get(batch[i])?.(batch[i + 1] ?? batch[i + 2]); };
    const done = (ticket) => new Promise((resolve) => waiting.set(ticket, resolve));
    const request = { backend: 'onnxruntime', library: ${JSON.stringify(library)}, modelPath: ${JSON.stringify(slowPath)}, contexts: 2, intraOpNumThreads: 1, maxQueue: 100 };
    const x = new Float32Array(512 * 512), y = new Float32Array(512 * 512);
    (async () => { ${body} })();`;
}

function runChild(body: string): Promise<{ code: number | null; signal: string | null; out: string }> {
  return runPlain(script(body));
}

function runPlain(code: string): Promise<{ code: number | null; signal: string | null; out: string }> {
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (out += data.toString()));
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, out })));
}

describe('processes and workers', () => {
  it('lets a process exit while calls run and wait', async () => {
    const body = `const session = await addon.createSession(request, settle);
      for (let ticket = 1; ticket < 20; ticket++) session.submit(ticket, [x], null, [y]);
      setTimeout(() => process.exit(7), 10);`;
    expect(await runChild(body)).toEqual({ code: 7, signal: null, out: '' });
  });

  it('lets a process exit while a model is loaded', async () => {
    const body = `addon.createSession(request, settle); setImmediate(() => process.exit(3));`;
    expect(await runChild(body)).toEqual({ code: 3, signal: null, out: '' });
  });

  it('keeps a process alive for calls in flight, and not for an idle session', async () => {
    const body = `const session = await addon.createSession(request, settle);
      const ended = done(1); session.submit(1, [x], null, [y]); ended.then(() => console.log('ended'));`;
    expect(await runChild(body)).toEqual({ code: 0, signal: null, out: 'ended\n' });
  });

  it('stays in memory when the last worker that used it is gone', async () => {
    const worker = `const session = await addon.createSession(request, settle);
      const ended = done(1); session.submit(1, [x], null, [y]); await ended;
      const closed = done(2); session.close(2); await closed;
      // A model that is refused makes ONNX Runtime write to the log.
      const bytes = new Uint8Array(100).fill(8);
      await addon.createSession({ ...request, modelPath: undefined, modelBytes: bytes }, settle).catch(() => {});`;
    const body = `const { Worker } = require('node:worker_threads');
      for (let i = 0; i < 2; i++) {
        const worker = new Worker(${JSON.stringify('WORKER')}, { eval: true });
        await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
      }
      console.log('both ended');`;
    // The main thread of this process never opens the addon.
    const main = `(async () => { ${body.replace('"WORKER"', () => JSON.stringify(script(worker)))} })();`;
    expect(await runPlain(main)).toEqual({ code: 0, signal: null, out: 'both ended\n' });
  });

  it('works in several workers at once', async () => {
    loadAddon();
    const body = `const { parentPort } = require('node:worker_threads');
      const session = await addon.createSession(request, settle);
      for (let ticket = 1; ticket <= 3; ticket++) { const ended = done(ticket); session.submit(ticket, [x.fill(1)], null, [y]); await ended; }
      const closed = done(4); session.close(4); await closed; parentPort.postMessage(y[0]);`;
    const answers = Array.from({ length: 4 }, () => {
      const worker = new Worker(script(body), { eval: true });
      return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    });
    expect(await Promise.all(answers)).toEqual(Array(4).fill(512 ** 8));
  });

  it('lets a worker be terminated in the middle of a run', async () => {
    const body = `const { parentPort } = require('node:worker_threads');
      const session = await addon.createSession(request, settle);
      for (let ticket = 1; ticket < 10; ticket++) session.submit(ticket, [x], null, [y]);
      parentPort.postMessage('running');`;
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(script(body), { eval: true });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      expect(await worker.terminate()).toBe(1);
    }
    const session = await createSession(identityModel(), CPU);
    await session.run({ x: new Float32Array(4) });
    await session.close();
  });
});
