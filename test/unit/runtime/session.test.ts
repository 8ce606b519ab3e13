// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import { FakeBackend, fakeTensor, nativeError, type FakeModel } from '../../fake-backend';
import { openSession } from '../../../lib/runtime/session';

/** y = 2x on a fixed vector of four. */
const doubling: FakeModel = {
  inputs: [fakeTensor('x', 'float32', [4])],
  outputs: [fakeTensor('y', 'float32', [4])],
  compute: ([x]) => [{ data: (x as Float32Array).map((value) => value * 2), dims: [4] }],
};

/** Two outputs of a batch: the values doubled, and their number. */
const batched: FakeModel = {
  inputs: [fakeTensor('x', 'float32', ['batch', 2])],
  outputs: [fakeTensor('y', 'float32', ['batch', 2]), fakeTensor('count', 'int64', [1])],
  compute: ([x], dims) => [
    { data: (x as Float32Array).map((value) => value * 2), dims: [...dims![0]!] },
    { data: BigInt64Array.of(BigInt(x!.length)), dims: [1] },
  ],
};

async function open(model: FakeModel, maxQueue?: number) {
  const backend = new FakeBackend(model, maxQueue === undefined ? {} : { maxQueue });
  return { backend, session: await openSession(backend, 'because') };
}

describe('Session over any backend', () => {
  it('tells what it runs on and what the model takes', async () => {
    const { session } = await open(batched);
    expect(session).toMatchObject({ device: 'cuda:0', backend: 'tensorrt', fallbackReason: 'because' });
    expect(session.inputs).toEqual([{ name: 'x', type: 'float32', dims: ['batch', 2] }]);
  });

  it('gives outputs by name, with type and dims', async () => {
    const { session } = await open(batched);
    const { y, count } = await session.run({ x: Float32Array.of(1, 2, 3, 4) });
    expect(y).toMatchObject({ type: 'float32', dims: [2, 2], data: Float32Array.of(2, 4, 6, 8) });
    expect(count!.data).toEqual(BigInt64Array.of(4n));
  });

  it('leaves out the outputs that were not asked for', async () => {
    const { session } = await open(batched);
    expect(Object.keys(await session.run({ x: new Float32Array(2) }, { outputs: ['count'] }))).toEqual([
      'count',
    ]);
    expect(Object.keys(session.runSync({ x: new Float32Array(2) }, { outputs: ['y'] }))).toEqual(['y']);
  });

  it('names the nearest output', async () => {
    const { session } = await open(batched);
    const run = session.run({ x: new Float32Array(2) }, { outputs: ['cuont'] });
    await expect(run).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_OUTPUT_NAME',
      message: expect.stringContaining('"count"'),
    });
    await expect(session.run({ x: new Float32Array(2) }, { outputs: [] })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_OUTPUT_NAME',
    });
  });

  it('takes the inputs as they are at the call', async () => {
    const { session } = await open(doubling);
    const x = Float32Array.of(1, 2, 3, 4);
    const running = session.run({ x });
    x.fill(100);
    expect((await running).y!.data).toEqual(Float32Array.of(2, 4, 6, 8));
  });

  it('settles a batch of calls, each with its own result', async () => {
    const { backend, session } = await open(doubling);
    backend.isAutomatic = false;
    const runs = [1, 2, 3].map((value) => session.run({ x: new Float32Array(4).fill(value) }));
    backend.step();
    expect((await Promise.all(runs)).map(({ y }) => y!.data[0])).toEqual([2, 4, 6]);
  });

  it('throws errors of native code as TensorRTError with a stack that leads to the caller', async () => {
    const failing = {
      ...doubling,
      compute: () => {
        throw Object.assign(new Error('node 7 failed'), {
          code: 'ERR_TRT_RUN_FAILED',
          where: 'Run',
          log: [{ severity: 'error', message: 'line' }],
        });
      },
    };
    const { session } = await open(failing);
    const error = await (async function callerOfRun() {
      return session.run({ x: new Float32Array(4) }).catch((e: unknown) => e);
    })();
    expect(error).toMatchObject({
      name: 'TensorRTError',
      code: 'ERR_TRT_RUN_FAILED',
      message: 'node 7 failed',
      details: { where: 'Run' },
    });
    expect((error as { log: unknown[] }).log).toHaveLength(1);
    await expect(async () => session.runSync({ x: new Float32Array(4) })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_FAILED',
    });
  });

  it('passes a full queue on', async () => {
    const { backend, session } = await open(doubling, 1);
    backend.isAutomatic = false;
    const x = new Float32Array(4);
    const accepted = [session.run({ x }), session.run({ x })];
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_QUEUE_FULL' });
    backend.step();
    await Promise.all(accepted);
  });
});

describe('AbortSignal', () => {
  it('withdraws a call that waits', async () => {
    const { backend, session } = await open(doubling);
    backend.isAutomatic = false;
    const controller = new AbortController();
    const run = session.run({ x: new Float32Array(4) }, { signal: controller.signal });
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await expect(run).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED', cause: reason });
    expect(backend.queue).toHaveLength(0);
  });

  it('refuses a call whose signal has fired already', async () => {
    const { backend, session } = await open(doubling);
    backend.isAutomatic = false;
    const run = session.run({ x: new Float32Array(4) }, { signal: AbortSignal.abort() });
    await expect(run).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    expect(backend.queue).toHaveLength(0);
  });

  it('does not disturb a call that has ended', async () => {
    const { session } = await open(doubling);
    const controller = new AbortController();
    await session.run({ x: new Float32Array(4) }, { signal: controller.signal });
    controller.abort();
  });
});

describe('closing', () => {
  it('rejects waiting calls and refuses later ones', async () => {
    const { backend, session } = await open(doubling);
    backend.isAutomatic = false;
    const waiting = session.run({ x: new Float32Array(4) });
    const closed = session.close();
    expect(session.close()).toBe(closed);
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    await closed;
    await expect(session.run({ x: new Float32Array(4) })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_CLOSED',
    });
    await expect(session.createBinding()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    expect(() => session.runSync({ x: new Float32Array(4) })).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_RUN_CLOSED' }),
    );
  });

  it('closes its bindings', async () => {
    const { session } = await open(doubling);
    const io = await session.createBinding();
    await session[Symbol.asyncDispose]();
    expect(io.inputs.x).toHaveLength(0);
    await expect(io.run()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
  });
});

describe('options of a call', () => {
  const feeds = { x: new Float32Array(4) };
  const WRONG: readonly (readonly [unknown, string])[] = [
    [{ ouputs: ['y'] }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    [{ signal: 5 }, 'ERR_TRT_ARG_TYPE'],
    [{ signal: null }, 'ERR_TRT_ARG_TYPE'],
    [{ signal: {} }, 'ERR_TRT_ARG_TYPE'],
    [null, 'ERR_TRT_ARG_TYPE'],
    [[], 'ERR_TRT_ARG_TYPE'],
  ];

  it.each(WRONG)('%j are refused by run() and by that of a binding', async (options, code) => {
    const { session } = await open(doubling);
    await expect(session.run(feeds, options as never)).rejects.toMatchObject({ name: 'TensorRTError', code });
    const io = await session.createBinding();
    await expect(io.run(options as never)).rejects.toMatchObject({ name: 'TensorRTError', code });
  });

  it('are refused by runSync()', async () => {
    const { session } = await open(doubling);
    const call = (options: unknown) => () => session.runSync(feeds, options as never);
    expect(call({ ouputs: ['y'] })).toThrow('Did you mean "outputs"?');
    expect(call({ signal: AbortSignal.abort() })).toThrow('no option "signal"');
    expect(call(null)).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_TYPE' }));
    expect(call({ outputs: [] })).toThrow(expect.objectContaining({ code: 'ERR_TRT_RUN_OUTPUT_NAME' }));
  });

  it.each([
    ['outputs', 'y'],
    ['outputs', null],
    ['outputs', [5]],
    ['deviceOutputs', 'y'],
    ['deviceOutputs', 1],
    ['deviceOutputs', [5]],
  ])('%s: %j is of a wrong type, and the option is named', async (option, value) => {
    const { session } = await open(doubling);
    const wrong = { code: 'ERR_TRT_ARG_TYPE', details: expect.objectContaining({ option }) };
    await expect(session.run(feeds, { [option]: value })).rejects.toMatchObject(wrong);
    expect(() => session.runSync(feeds, { [option]: value })).toThrow(expect.objectContaining(wrong));
    if (option === 'deviceOutputs')
      await expect(session.createBinding({}, { deviceOutputs: value as never })).rejects.toMatchObject(wrong);
  });

  it('may be undefined, and a signal may be of another realm', async () => {
    const { session } = await open(doubling);
    const { aborted } = new AbortController().signal;
    const signal = { aborted, addEventListener: () => {}, removeEventListener: () => {} };
    await session.run(feeds, undefined);
    await session.run(feeds, { outputs: undefined, signal: undefined });
    await session.run(feeds, { signal: signal as never });
  });
});

describe('a native session', () => {
  it('is released where it cannot be used', async () => {
    const backend = new FakeBackend({ ...doubling, inputs: [fakeTensor('codes', 'unknown', [1])] });
    await expect(openSession(backend)).rejects.toMatchObject({ code: 'ERR_TRT_RUN_MODEL' });
    expect(backend.isClosed).toBe(true);
  });

  it('that cannot be closed does not keep its bindings', async () => {
    const { backend, session } = await open(doubling);
    const io = await session.createBinding();
    backend.closeError = nativeError('ERR_TRT_CUDA_CALL', 'no');
    await expect(session.close()).rejects.toMatchObject({ code: 'ERR_TRT_CUDA_CALL' });
    expect(io.inputs.x).toHaveLength(0);
  });
});

describe('bindings of a session', () => {
  /** A session whose native bindings are watched. */
  async function openWatched() {
    const backend = new FakeBackend(doubling);
    const load = backend.load.bind(backend);
    const closes: ReturnType<typeof vi.fn>[] = [];
    backend.load = (onFinished) =>
      load((finished) => {
        const binding = finished[2] as { close?: () => void } | undefined;
        if (binding?.close) closes.push((binding.close = vi.fn(binding.close)));
        onFinished(finished);
      });
    return { backend, session: await openSession(backend), closes };
  }

  it('do not escape a close in the turn that delivers them', async () => {
    const { backend, session, closes } = await openWatched();
    backend.isAutomatic = false;
    const made = session.createBinding();
    backend.step();
    const closed = session.close();
    await expect(made).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    await closed;
    expect(closes).toHaveLength(1);
    expect(closes[0]).toHaveBeenCalledTimes(1);
  });

  it('are forgotten by the session once they are closed', async () => {
    const { session, closes } = await openWatched();
    await (await session.createBinding()).close();
    (await session.createBinding())[Symbol.dispose]();
    const open = await session.createBinding();
    await session.close();
    expect(open.inputs.x).toHaveLength(0);
    // The session had the last one alone to close.
    expect(closes.map((close) => close.mock.calls.length)).toEqual([1, 1, 1]);
  });
});

describe('IoBinding', () => {
  it('runs over its own arrays', async () => {
    const { session } = await open(doubling);
    const io = await session.createBinding();
    io.inputs.x!.set([1, 2, 3, 4] as never);
    await io.run();
    expect(io.outputs.y).toEqual(Float32Array.of(2, 4, 6, 8));
    (io.inputs.x as Float32Array).fill(5);
    io.runSync();
    expect(io.outputs.y).toEqual(Float32Array.of(10, 10, 10, 10));
    expect(io.dims).toEqual({ inputs: { x: [4] }, outputs: { y: [4] } });
  });

  it('asks for the dims of dynamic inputs and checks them', async () => {
    const { session } = await open(batched);
    const shapeError = { code: 'ERR_TRT_RUN_INPUT_SHAPE' };
    await expect(session.createBinding()).rejects.toMatchObject(shapeError);
    await expect(session.createBinding({ x: [1, 3] })).rejects.toMatchObject(shapeError);
    await expect(session.createBinding({ z: [1, 2] })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_NAME',
    });
    const io = await session.createBinding({ x: [3, 2] });
    expect(io.inputs.x).toHaveLength(6);
    expect(io.dims.outputs.y).toEqual([3, 2]);
  });

  it('waits for runs in flight when it is closed, and empties its arrays', async () => {
    const { backend, session } = await open(doubling);
    const io = await session.createBinding();
    backend.isAutomatic = false;
    const running = io.run();
    const closed = io.close();
    expect(io.inputs.x).toHaveLength(4);
    backend.step();
    await Promise.all([running, closed]);
    expect(io.inputs.x).toHaveLength(0);
    expect(io.outputs.y).toHaveLength(0);
    expect(() => io.runSync()).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_RUN_CLOSED',
        hint: expect.stringContaining('createBinding()'),
      }),
    );
  });
});
