// SPDX-License-Identifier: Apache-2.0
// Arrays that are detached, resized, shared or views of a part, before, during and after runs.
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { loadAddon } from '../../../lib/binding/load';
import { Engine } from '../../../lib/runtime/engine';
import { GpuBackend } from '../../../lib/runtime/gpu-backend';
import { openSession, type Session } from '../../../lib/runtime/session';
import { ADD, makePlan, NON_ZERO, SCALE, SLOW, type PlanDescription } from '../../standin-plan';
import { detach, doubled, expectCleanAfterCollection, four, gpu, open } from './support';

beforeEach(() => gpu.reset());
afterEach(expectCleanAfterCollection);

/** A session where Node allows no ArrayBuffer over native memory. */
function openWithCopies(description: PlanDescription): Promise<Session> {
  const bytes = makePlan('tensorrt-11', description);
  const engine = new Engine({
    family: 'tensorrt-11',
    version: '11.2.1',
    manifest: null,
    source: { bytes },
    bytes: bytes.length,
  });
  const addon = loadAddon();
  const backend = new GpuBackend({
    engine,
    device: 'cuda:0',
    ordinal: 0,
    library: {
      family: 'tensorrt-11',
      version: '11.2.1',
      path: `${gpu.tensorRt11Folder}/libnvinfer.so.11`,
    },
    driverLibrary: gpu.driverPath,
    settings: {
      contexts: 1,
      maxQueue: 10,
      cudaGraph: 'auto',
      cudaGraphLimit: 8,
      contextMemory: 'static',
      profile: 'auto',
      streamPriority: 'normal',
      auxStreams: true,
      spinWait: false,
    },
    addon: {
      createSession: (request, onFinished) =>
        addon.createSession({ ...request, externalBuffers: false }, onFinished),
    },
  });
  return openSession(backend);
}

function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    expect((error as Error).name).toBe('DataCloneError');
  }
}

describe('arrays given to run()', () => {
  let session: Session;
  beforeEach(async () => {
    session = await open(SLOW);
  });
  afterEach(async () => {
    await session.close();
  });

  it('may be changed or taken away as soon as run() has returned', async () => {
    const changed = four(1);
    const taken = four(5);
    const runs = [session.run({ x: changed }), session.run({ x: taken })];
    changed.fill(-1);
    detach(taken);
    const [first, second] = await Promise.all(runs);
    expect(first!.y!.data).toEqual(doubled(1));
    expect(second!.y!.data).toEqual(doubled(5));
  });

  it('are refused where their memory was taken away before', async () => {
    const x = four();
    detach(x);
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_SIZE' });
    await expect(session.run({ x: { data: x, dims: [4] } })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SIZE',
    });
    expect(() => session.runSync({ x })).toThrow(/detached|transferred/);
  });

  it('are refused, not read, where reading another input takes their memory away', async () => {
    const add = await open(ADD);
    const a = four();
    const feeds = {
      a: { data: a, dims: [1, 4] },
      get b() {
        detach(a);
        return { data: four(), dims: [1, 4] };
      },
    };
    await expect(add.run(feeds)).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_SIZE' });
    await add.close();
  });

  it('may lie anywhere in a larger buffer', async () => {
    const whole = Float32Array.from({ length: 64 }, (_, i) => i);
    for (const start of [0, 1, 7, 60]) {
      const { y } = await session.run({ x: whole.subarray(start, start + 4) });
      expect(y!.data).toEqual(doubled(start));
    }
    expect(session.runSync({ x: whole.subarray(33, 37) }).y!.data).toEqual(doubled(33));
  });

  it('may lie in shared memory', async () => {
    const x = new Float32Array(new SharedArrayBuffer(64), 8, 4);
    x.set(four(3));
    expect((await session.run({ x })).y!.data).toEqual(doubled(3));
    expect(session.runSync({ x }).y!.data).toEqual(doubled(3));
  });

  it('may lie in a resizable buffer, and are refused where it is too short by now', async () => {
    const Resizable = ArrayBuffer as unknown as new (
      bytes: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(bytes: number): void };
    const buffer = new Resizable(16, { maxByteLength: 64 });
    const x = new Float32Array(buffer);
    x.set(four(2));
    const running = session.run({ x });
    buffer.resize(4);
    expect((await running).y!.data).toEqual(doubled(2));
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_SIZE' });
    const fixed = new Float32Array(new Resizable(16, { maxByteLength: 16 }), 0, 4);
    (fixed.buffer as unknown as { resize(bytes: number): void }).resize(8);
    await expect(session.run({ x: fixed })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_SIZE' });
    buffer.resize(16);
    expect((await session.run({ x })).y!.data).toEqual(Float32Array.of(4, 0, 0, 0));
  });

  it('become outputs that belong to the caller, also when they are sent away', async () => {
    const { y } = await session.run({ x: four() });
    const { port1, port2 } = new MessageChannel();
    const received = new Promise((resolve) => port2.once('message', resolve));
    port1.postMessage(y!.data, [y!.data.buffer as ArrayBuffer]);
    expect(await received).toEqual(doubled());
    expect(y!.data).toHaveLength(0);
    port1.close();
  });
});

describe('arrays of a binding', () => {
  it('lie over page-locked memory, which goes when it is closed', async () => {
    const session = await open(SCALE);
    const before = gpu.live().pinned.bytes;
    const io = await session.createBinding();
    expect(gpu.live().pinned.bytes).toBeGreaterThan(before);
    (io.inputs.x as Float32Array).set(four());
    for (let run = 0; run < 3; run++) await io.run();
    expect(io.outputs.y).toEqual(doubled());
    await io.close();
    expect([io.inputs.x!.length, io.outputs.y!.length]).toEqual([0, 0]);
    await session.close();
  });

  it('stay where they are when somebody sends them away, before and during a run', async () => {
    const session = await open(SLOW);
    const io = await session.createBinding();
    (io.inputs.x as Float32Array).set(four());
    const { port1 } = new MessageChannel();
    const sendAway = (): void => {
      for (const { buffer } of [io.inputs.x!, io.outputs.y as Float32Array]) {
        // Node 20 sends a copy instead, newer ones refuse.
        attempt(() => structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }));
        attempt(() => port1.postMessage(buffer, [buffer as ArrayBuffer]));
      }
    };
    sendAway();
    const running = io.run();
    sendAway();
    await running;
    port1.close();
    expect(io.outputs.y).toEqual(doubled());
    await session.close();
  });

  it('may be moved by transfer()', async ({ skip }) => {
    if (!('transfer' in ArrayBuffer.prototype)) skip('this Node has no ArrayBuffer.prototype.transfer()');
    const session = await open(SLOW);
    const io = await session.createBinding();
    (io.inputs.x as Float32Array).set(four());
    const running = io.run();
    const moved = [io.inputs.x!, io.outputs.y as Float32Array].map(({ buffer }) =>
      (buffer as unknown as { transfer(): ArrayBuffer }).transfer(),
    );
    await running;
    await io.run();
    await session.close();
    // They belong to whoever has them now, not to the session that is gone.
    expect(moved.map(({ byteLength }) => byteLength)).toEqual([16, 16]);
    expect(new Float32Array(moved[0]!)).toEqual(four());
  });

  it('can be copied to other places as they are', async () => {
    const session = await open(SCALE);
    const io = await session.createBinding();
    (io.inputs.x as Float32Array).set(four());
    await io.run();
    const copy = structuredClone(io.outputs.y);
    await session.close();
    expect(copy).toEqual(doubled());
  });

  it('are values that a binding starts with: any view, copied at the call', async () => {
    const session = await open(SCALE);
    const whole = Float32Array.of(0, 1, 2, 3, 4, 0);
    const pending = session.createBinding({}, { values: { x: whole.subarray(1, 5) } });
    whole.fill(-1);
    const io = await pending;
    await io.run();
    expect(io.outputs.y).toEqual(doubled());
    await session.close();
  });
});

describe('where ArrayBuffers over native memory are refused', () => {
  it('copies instead, with the same results', async () => {
    const session = await openWithCopies(SCALE);
    const io = await session.createBinding();
    const x = io.inputs.x as Float32Array;
    for (let first = 1; first < 5; first++) {
      x.set(four(first));
      await io.run();
      expect(io.outputs.y).toEqual(doubled(first));
    }
    x.set(four(9));
    io.runSync();
    expect(io.outputs.y).toEqual(doubled(9));
    expect(session.runSync({ x: four() }).y!.data).toEqual(doubled());
    await session.close();
    expect(io.outputs.y).toHaveLength(0);
  });

  it('runs on with the last content of an input whose array was sent away', async () => {
    const session = await openWithCopies(SLOW);
    const io = await session.createBinding();
    (io.inputs.x as Float32Array).set(four(2));
    await io.run();
    const running = io.run();
    detach(io.inputs.x);
    detach(io.outputs.y as Float32Array);
    await running;
    await io.run();
    io.runSync();
    expect(io.outputs.y).toHaveLength(0);
    await session.close();
  });

  it('copies outputs whose size only a run tells', async () => {
    const session = await openWithCopies(NON_ZERO);
    const x = Float32Array.of(0, 1, 0, 1, 1, 0);
    const found = BigInt64Array.of(0n, 1n, 1n, 1n, 0n, 1n);
    const { y } = await session.run({ x });
    expect([y!.dims, y!.data]).toEqual([[2, 3], found]);
    const io = await session.createBinding({}, { values: { x } });
    await io.run();
    expect([io.dims.outputs.y, io.outputs.y]).toEqual([[2, 3], found]);
    await session.close();
  });

  it('gives all memory back when bindings are dropped without an end', async () => {
    const use = async (): Promise<void> => {
      const session = await openWithCopies(SCALE);
      for (let i = 0; i < 5; i++) await (await session.createBinding()).run();
    };
    await use();
  });
});
