// SPDX-License-Identifier: Apache-2.0
// What is closed while it is in use, closed twice, used after its end, or dropped for the garbage collector to find.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { uploadTensor } from '../../../lib/runtime/device-memory';
import { ADD, SCALE, SLOW } from '../../standin-plan';
import { collectUntil, until } from '../../gpu-session';
import {
  doubled,
  enqueues,
  expectClean,
  expectCleanAfterCollection,
  failureOf,
  four,
  gpu,
  open,
  outcomesOf,
} from './support';

const CLOSED = { code: 'ERR_TRT_RUN_CLOSED' };
const TENSOR_CLOSED = { code: 'ERR_TRT_RUN_DEVICE_TENSOR' };
const upload = (first = 1) => uploadTensor({ type: 'float32', data: four(first), dims: [4] });

beforeEach(() => gpu.reset());

describe('closed while calls are in flight', () => {
  afterEach(expectClean);

  it('a binding lets its runs end', async () => {
    const session = await open(SLOW);
    const io = await session.createBinding({}, { values: { x: [1, 2, 3, 4] } });
    const runs = Array.from({ length: 3 }, () => io.run());
    const closing = [io.close(), io.close()];
    await expect(io.run()).rejects.toMatchObject(CLOSED);
    expect(() => io.runSync()).toThrow(/closed/);
    expect(await outcomesOf(runs)).toEqual(['done', 'done', 'done']);
    await Promise.all(closing);
    expect(io.inputs.x).toHaveLength(0);
    await session.close();
  });

  it('a binding that is disposed takes its arrays away at once, and its runs end unseen', async () => {
    const session = await open(SLOW);
    const io = await session.createBinding({}, { values: { x: [1, 2, 3, 4] } });
    const runs = Array.from({ length: 3 }, () => io.run());
    io[Symbol.dispose]();
    expect([io.inputs.x!.length, (io.outputs.y as Float32Array).length]).toEqual([0, 0]);
    io[Symbol.dispose]();
    expect(await outcomesOf(runs)).toEqual(['done', 'done', 'done']);
    await expect(io.run()).rejects.toMatchObject(CLOSED);
    await io.close();
    expect((await session.run({ x: four() })).y!.data).toEqual(doubled());
    await session.close();
  });

  it('a session ends what runs, rejects what waits, and closes its bindings', async () => {
    const session = await open(SLOW, { contexts: 2 });
    const io = await session.createBinding();
    const calls = Array.from({ length: 10 }, (_, i) => (i % 2 ? session.run({ x: four() }) : io.run()));
    const settled = outcomesOf(calls);
    await calls[0];
    const closing = session.close();
    expect(session.close()).toBe(closing);
    await closing;
    const outcomes = await settled;
    expect(new Set(outcomes)).toEqual(new Set(['done', CLOSED.code]));
    expect(outcomes[0]).toBe('done');
    expect(outcomes.at(-1)).toBe(CLOSED.code);
    expect(io.inputs.x).toHaveLength(0);
    await io.close();
  });

  it('a session refuses every call afterwards', async () => {
    const session = await open();
    const io = await session.createBinding();
    const tensor = await upload();
    await session.close();
    await session[Symbol.asyncDispose]();
    const calls = [
      () => session.run({ x: four() }),
      () => session.run({ x: tensor }),
      () => session.createBinding(),
      () => session.trace({ x: four() }),
      () => session.refit('model.onnx'),
      () => session.inspectEngine(),
      () => session.engineStatistics(),
      () => io.run(),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject(CLOSED);
    expect(() => session.runSync({ x: four() })).toThrow(/closed/);
    expect(() => session.statistics()).toThrow(/closed/);
    expect(() => io.runSync()).toThrow(/closed/);
    tensor.close();
  });

  it('a session that was asked for a binding gives none', async () => {
    const session = await open(SLOW);
    const busy = session.run({ x: four() });
    await until(() => enqueues() === 1);
    const bindings = [session.createBinding(), session.createBinding()];
    const settled = outcomesOf([busy, ...bindings, session.trace({ x: four() })]);
    await session.close();
    expect(await settled).toEqual(['done', CLOSED.code, CLOSED.code, CLOSED.code]);
  });

  it('a device tensor stays for the calls that have it, and for the bindings', async () => {
    const session = await open(SLOW);
    const tensor = await upload(3);
    const io = await session.createBinding({}, { inputs: { x: tensor } });
    const runs = [session.run({ x: tensor }), session.run({ x: tensor }, { deviceOutputs: true })];
    const download = tensor.toTensor();
    const bound = io.run();
    tensor.close();
    tensor.close();
    const [first, second] = await Promise.all(runs);
    await bound;
    expect((first!.y as { data: unknown }).data).toEqual(doubled(3));
    expect((await download).data).toEqual(four(3));
    expect(io.outputs.y).toEqual(doubled(3));
    await io.run();
    const { y } = second as Awaited<ReturnType<typeof upload>> extends infer T ? { y: T } : never;
    const late = y.toTensor();
    y[Symbol.dispose]();
    expect((await late).data).toEqual(doubled(3));
    await expect(y.toTensor()).rejects.toMatchObject(TENSOR_CLOSED);
    await expect(tensor.toTensor()).rejects.toMatchObject(TENSOR_CLOSED);
    await expect(session.run({ x: tensor })).rejects.toMatchObject(TENSOR_CLOSED);
    expect(await failureOf(session.createBinding({}, { inputs: { x: tensor } }))).toMatchObject(
      TENSOR_CLOSED,
    );
    expect(() => session.runSync({ x: tensor })).toThrow(/closed/);
    await session.close();
  });

  it('a device output of a binding goes with the binding', async () => {
    const session = await open(SCALE);
    const io = await session.createBinding({}, { deviceOutputs: true, values: { x: four() } });
    await io.run();
    const y = io.outputs.y as Awaited<ReturnType<typeof upload>>;
    expect((await y.toTensor()).data).toEqual(doubled());
    const running = io.run();
    const reading = y.toTensor();
    io[Symbol.dispose]();
    expect((await reading).data).toEqual(doubled());
    await running;
    expect(await failureOf(y.toTensor())).toMatchObject(TENSOR_CLOSED);
    expect(await failureOf(session.run({ x: y }))).toMatchObject(TENSOR_CLOSED);
    await session.close();
  });

  it('device tensors outlive their session', async () => {
    const session = await open(SCALE);
    const { y } = await session.run({ x: four() }, { deviceOutputs: true });
    await session.close();
    expect((await y!.toTensor()).data).toEqual(doubled());
    const other = await open(SCALE);
    expect((await other.run({ x: y! })).y!.data).toEqual(doubled().map((value) => value * 2));
    y!.close();
    await other.close();
  });
});

describe('dropped without an end', () => {
  afterEach(expectCleanAfterCollection);

  it('a session and its bindings give everything back once their calls have ended', async () => {
    const start = async (): Promise<Promise<unknown>[]> => {
      const session = await open(SLOW, { contexts: 2 });
      const io = await session.createBinding();
      const other = await session.createBinding();
      return [session.run({ x: four() }), io.run(), io.run(), other.run(), session.trace({ x: four() })];
    };
    const calls = await start();
    await collectUntil(() => gpu.live().contexts === 0);
    expect(await outcomesOf(calls)).toEqual(Array(5).fill('done'));
  });

  it('bindings give their memory back while the session goes on', async () => {
    const session = await open(ADD);
    const before = gpu.live();
    const bindAndRun = async (): Promise<void> => {
      const io = await session.createBinding({ a: [8, 4], b: [8, 4] });
      await Promise.all([io.run(), io.run()]);
    };
    for (let i = 0; i < 20; i++) await bindAndRun();
    await collectUntil(() => gpu.live().streams === before.streams);
    expect(gpu.live().streams).toBe(before.streams);
    expect(gpu.live().objects).toEqual(before.objects);
    await session.close();
  });

  it('an array of a binding keeps its memory, but not the session', async () => {
    const makeArray = async (): Promise<Float32Array> => {
      const session = await open(SCALE);
      const io = await session.createBinding({}, { values: { x: four() } });
      await io.run();
      return io.outputs.y as Float32Array;
    };
    const y = await makeArray();
    await collectUntil(() => gpu.live().streams === 0);
    expect(gpu.live().objects.IExecutionContext ?? 0).toBe(0);
    expect(y).toEqual(doubled());
  });

  it('device tensors give their memory back, also those that calls still use', async () => {
    const session = await open(SLOW);
    const start = async (): Promise<Promise<unknown>[]> => {
      const tensor = await upload();
      return [session.run({ x: tensor }), session.run({ x: tensor }, { deviceOutputs: true })];
    };
    const calls = await start();
    // A collection while they run.
    await collectUntil(() => enqueues() === 2);
    expect(await outcomesOf(calls)).toEqual(['done', 'done']);
    calls.length = 0;
    await session.close();
  });
});

describe('memory that the garbage collector is told of', () => {
  afterEach(expectCleanAfterCollection);

  it('grows with a binding and falls when it is closed', async () => {
    const BATCH = { min: [1, 4], opt: [4, 4], max: [1 << 20, 4] };
    const wide = { ...ADD, profiles: [{ dims: { a: BATCH, b: BATCH } }] };
    const session = await open(wide);
    const before = process.memoryUsage().external;
    const io = await session.createBinding({ a: [1 << 18, 4], b: [1 << 18, 4] });
    const bytes = 3 * (1 << 22);
    expect(process.memoryUsage().external - before).toBeGreaterThanOrEqual(bytes);
    await io.close();
    await collectUntil(() => process.memoryUsage().external - before < bytes / 4);
    expect(process.memoryUsage().external - before).toBeLessThan(bytes / 4);
    await session.close();
  });

  it('does not grow over many sessions, bindings and device tensors', async () => {
    const round = async (): Promise<void> => {
      const session = await open(SCALE);
      const io = await session.createBinding();
      await io.run();
      (await upload()).close();
      await session.run({ x: four() }, { deviceOutputs: true });
      await session.close();
    };
    for (let i = 0; i < 3; i++) await round();
    await collectUntil(() => gpu.live().device.bytes === 0);
    const before = process.memoryUsage().external;
    for (let i = 0; i < 30; i++) await round();
    await collectUntil(() => process.memoryUsage().external - before < 20_000);
    expect(process.memoryUsage().external - before).toBeLessThan(20_000);
  });
});
