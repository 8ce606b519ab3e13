// SPDX-License-Identifier: Apache-2.0
// Every error of running and of CUDA as a user meets it: provoked through the public functions, with a text that says
// what happened and a hint that says what to do.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { errorCodes, type TensorRTErrorCode } from '../../../lib/errors';
import { uploadTensor } from '../../../lib/runtime/device-memory';
import type { Session } from '../../../lib/runtime/session';
import { createSession } from '../../../lib/session/create-session';
import { ADD, PLUGIN, SCALE, SLOW } from '../../standin-plan';
import { until } from '../../gpu-session';
import { enqueues, expectCleanAfterCollection, failureOf, four, gpu, open } from './support';

/** Those of image files are not of a session: test/native/ops and test/native/pipeline provoke them. */
const wanted = errorCodes.filter((code) =>
  /^ERR_TRT_(RUN_(?!IMAGE_)|CUDA_|LOAD_DESERIALIZE$|LOAD_PLUGIN$)/.test(code),
);
const opened: Session[] = [];

beforeEach(() => gpu.reset());
afterEach(async () => {
  await Promise.all(opened.splice(0).map((session) => session.close()));
  gpu.reset();
  await expectCleanAfterCollection();
});

async function kept(...given: Parameters<typeof open>): Promise<Session> {
  const session = await open(...given);
  opened.push(session);
  return session;
}

/** A session with a variable of the environment changed for the time of the load. */
async function openWith(name: string, value: string): Promise<unknown> {
  const before = process.env[name];
  process.env[name] = value;
  try {
    return await kept();
  } finally {
    if (before === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before;
  }
}

async function run(feeds: Parameters<Session['run']>[0], plan = SCALE): Promise<unknown> {
  return (await kept(plan)).run(feeds);
}

async function faulty(entry: string, result: number): Promise<unknown> {
  const session = await kept();
  gpu.fault(entry, 1, result);
  return session.run({ x: four() });
}

async function closed(): Promise<unknown> {
  const session = await open();
  await session.close();
  return session.run({ x: four() });
}

async function aborted(): Promise<unknown> {
  const session = await kept(SLOW);
  const running = session.run({ x: four() });
  await until(() => enqueues() === 1);
  const controller = new AbortController();
  const waiting = session.run({ x: four() }, { signal: controller.signal });
  controller.abort();
  return waiting.finally(() => running);
}

async function queueFull(): Promise<unknown> {
  const session = await kept(SLOW, { maxQueue: 0 });
  return Promise.all([session.run({ x: four() }), session.run({ x: four() })]);
}

async function busy(): Promise<unknown> {
  const io = await (await kept(SLOW)).createBinding();
  const running = io.run();
  try {
    return io.runSync();
  } finally {
    await running;
  }
}

async function graph(): Promise<unknown> {
  const session = await kept({ ...SCALE, notCapturable: true }, { cudaGraph: 'on' });
  for (let i = 0; i < 3; i++) await session.run({ x: four() });
  return undefined;
}

async function closedTensor(): Promise<unknown> {
  const x = await uploadTensor({ type: 'float32', data: four(), dims: [4] });
  x.close();
  return run({ x });
}

async function poisoned(): Promise<unknown> {
  await faulty('op:kernel', 700).catch(() => {});
  return opened[0]!.run({ x: four() });
}

const wide = { data: new Float32Array(36), dims: [9, 4] };
const PROVOKED: Partial<Record<TensorRTErrorCode, () => Promise<unknown>>> = {
  ERR_TRT_LOAD_DESERIALIZE: () => {
    gpu.fault('IRuntime::deserializeCudaEngine', 1, 1);
    return kept();
  },
  ERR_TRT_LOAD_PLUGIN: () => kept(PLUGIN),
  ERR_TRT_RUN_CLOSED: closed,
  ERR_TRT_RUN_DEVICE: () => kept(SCALE, { device: 'cuda:9' }),
  ERR_TRT_RUN_MODEL: () => createSession(Buffer.from('GIF89a............'), { device: 'cuda:0' }),
  ERR_TRT_RUN_INPUT_NAME: () => run({ z: four() }),
  ERR_TRT_RUN_INPUT_MISSING: () => run({}),
  ERR_TRT_RUN_INPUT_TYPE: () => run({ x: new Int32Array(4) }),
  ERR_TRT_RUN_INPUT_SHAPE: () => run({ x: { data: four(), dims: [2, 2] } }),
  ERR_TRT_RUN_INPUT_SIZE: () => run({ x: new Float32Array(5) }),
  ERR_TRT_RUN_OUTPUT_NAME: async () => (await kept()).run({ x: four() }, { outputs: ['z'] }),
  ERR_TRT_RUN_QUEUE_FULL: queueFull,
  ERR_TRT_RUN_ABORTED: aborted,
  ERR_TRT_RUN_FAILED: () => faulty('IExecutionContext::enqueueV3', 1),
  ERR_TRT_RUN_PROFILE: () => run({ a: wide, b: wide }, ADD),
  ERR_TRT_RUN_BUSY: busy,
  ERR_TRT_RUN_UNSUPPORTED: () => kept(SCALE, { runtimeCache: 'cache.bin' }),
  ERR_TRT_RUN_GRAPH: graph,
  ERR_TRT_RUN_REFIT: async () => (await kept()).refit(new Uint8Array(8)),
  ERR_TRT_RUN_MEMORY_LIMIT: async () => (await kept(SCALE, { pinnedMemoryBytes: 1 })).run({ x: four() }),
  ERR_TRT_RUN_DEVICE_TENSOR: closedTensor,
  ERR_TRT_CUDA_DRIVER_NOT_FOUND: () => openWith('TENSORRT_NODE_DRIVER_LIBRARY', '/none/libcuda.so.1'),
  ERR_TRT_CUDA_DRIVER_TOO_OLD: () => openWith('TRTN_STANDIN_CUDA_VERSION', '11040'),
  ERR_TRT_CUDA_DRIVER_MISMATCH: () => openWith('TRTN_STANDIN_CUDA_INIT', '803'),
  ERR_TRT_CUDA_NO_DEVICE: () => openWith('TRTN_STANDIN_CUDA_INIT', '100'),
  ERR_TRT_CUDA_INIT: () => openWith('TRTN_STANDIN_CUDA_INIT', '999'),
  ERR_TRT_CUDA_CALL: () => faulty('cuEventRecord', 1),
  ERR_TRT_CUDA_OUT_OF_MEMORY: () => faulty('cuMemAllocAsync', 2),
  ERR_TRT_CUDA_DEVICE_LOST: () => faulty('op:kernel', 700),
  ERR_TRT_CUDA_POISONED: poisoned,
};

describe('an error that a user meets', () => {
  it('is provoked for every code of running and of CUDA', () => {
    expect(Object.keys(PROVOKED).sort()).toEqual([...wanted].sort());
  });

  it.each(wanted)('%s says what happened and what to do', async (code) => {
    const error = await failureOf(PROVOKED[code]!());
    expect(error).toMatchObject({ name: 'TensorRTError', code });
    expect(error.message).toMatch(/^.{12,}[.)?"]$/s);
    expect(error.message).not.toMatch(/undefined|\[object|NaN|\.\.(?!\d)/);
    expect(error.hint.length).toBeGreaterThan(15);
    expect(error.stack).toContain('codes.test.ts');
    expect(() => error.toReport()).not.toThrow();
  });
});
