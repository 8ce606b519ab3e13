// SPDX-License-Identifier: Apache-2.0
// The providers 'tensorrt' and 'cuda' on the stand-in GPU: engines that were built before, options, fallbacks.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { env, InferenceSession, sessionInfo, Tensor } from '../../../lib/onnxruntime';
import { counting, times, useStandinGpu } from '../../gpu-session';
import { addModel, dynamicModel } from '../../onnx-models';
import { makePlan, MLP, SCALE } from '../../standin-plan';
import { failureOf } from './both';

const bench = useStandinGpu({ devices: 2 });
const folder = mkdtempSync(join(tmpdir(), 'drop-in-gpu-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  process.env.TENSORRT_NODE_LIB_DIR = bench.folder('tensorrt-11');
});
afterEach(() => {
  vi.restoreAllMocks();
  env.logLevel = 'warning';
});

/** A session that is released after the test. */
async function open(
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  const session =
    typeof model === 'string'
      ? await InferenceSession.create(model, options)
      : await InferenceSession.create(model, options);
  bench.keep({ close: () => session.release() });
  return session;
}

describe('an engine', () => {
  it.each(['tensorrt', 'cuda'] as const)('runs on %s, from bytes and from a path', async (provider) => {
    const path = join(folder, `${provider}.engine`);
    writeFileSync(path, makePlan('tensorrt-11', SCALE));
    for (const source of [makePlan('tensorrt-11', SCALE), path]) {
      const session = await open(source, { executionProviders: [provider] });
      expect(sessionInfo(session)).toEqual({
        device: 'cuda:0',
        backend: 'tensorrt',
        provider,
        fallbackReason: null,
      });
      expect(session.inputMetadata).toEqual([{ name: 'x', isTensor: true, type: 'float32', shape: [4] }]);
      const { y } = await session.run({ x: new Tensor('float32', counting(4), [4]) });
      expect(y).toBeInstanceOf(Tensor);
      expect(y).toMatchObject({ type: 'float32', dims: [4], data: times(counting(4), 2) });
    }
  });

  it('runs dynamic shapes, also into a given tensor', async () => {
    const session = await open(makePlan('tensorrt-11', MLP), { executionProviders: ['tensorrt'] });
    for (const rows of [1, 8, 3]) {
      const y = new Tensor('float32', new Float32Array(rows * 3), [rows, 3]);
      const results = await session.run({ x: new Tensor('float32', counting(rows * 4), [rows, 4]) }, { y });
      expect(results.y).toBe(y);
      const sums = Array.from({ length: rows }, (_, row) => (16 * row + 10) / 2);
      expect([...y.data]).toEqual(sums.flatMap((sum) => [sum, sum, sum]));
    }
  });

  it('runs on the GPU that is numbered', async () => {
    for (const provider of [
      { name: 'tensorrt', deviceId: 1 } as const,
      { name: 'cuda', device_id: '1' } as const,
    ]) {
      const session = await open(makePlan('tensorrt-11', SCALE), { executionProviders: [provider] });
      expect(sessionInfo(session).device).toBe('cuda:1');
    }
  });

  it('is no model for the CPU', async () => {
    await expect(open(makePlan('tensorrt-11', SCALE), { executionProviders: ['cpu'] })).rejects.toMatchObject(
      {
        code: 'ERR_TRT_RUN_DEVICE',
      },
    );
  });

  it('replays graphs as enableGraphCapture and cudaGraph say', async () => {
    const plan = makePlan('tensorrt-11', SCALE);
    const x = new Tensor('float32', counting(4), [4]);
    const launches = async (options: InferenceSession.SessionOptions): Promise<number> => {
      bench.gpu.reset();
      bench.gpu.configure({ record: true });
      const session = await InferenceSession.create(plan, options);
      for (let i = 0; i < 4; i++) await session.run({ x });
      await session.release();
      return bench.count('cuGraphLaunch');
    };
    expect(await launches({ executionProviders: ['tensorrt'], enableGraphCapture: false })).toBe(0);
    expect(await launches({ executionProviders: ['tensorrt'], enableGraphCapture: true })).toBeGreaterThan(0);
    const off = { name: 'tensorrt', cudaGraph: false } as const;
    expect(await launches({ executionProviders: [off], enableGraphCapture: true })).toBe(0);
  });
});

describe('a GPU that is not there', () => {
  it('is an error, also where the CPU comes next', async () => {
    const executionProviders = [{ name: 'tensorrt', deviceId: 7 } as const, 'cpu'];
    await expect(open(addModel(), { executionProviders })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE',
    });
  });
});

describe('a model of which no engine can be made', () => {
  const dynamic = (fallback: 'unusable' | 'always' | 'never'): InferenceSession.SessionOptions => ({
    executionProviders: [{ name: 'tensorrt', fallback }, 'cpu'],
  });

  it('is an error with fallback never', async () => {
    await expect(open(dynamicModel(), dynamic('never'))).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_PROFILE_MISSING',
    });
  });

  it.each(['unusable', 'always'] as const)(
    'goes to the next provider for want of ranges with fallback %s, and says what to write',
    async (fallback) => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
      const session = await open(dynamicModel(), dynamic(fallback));
      expect(warn).toHaveBeenCalledTimes(1);
      const line =
        /"tensorrt".+\[ERR_TRT_ARG_PROFILE_MISSING\]; pass \{ name: 'tensorrt', dynamicAxes: \{ .+ \} \}$/s;
      expect(warn.mock.calls[0]![0]).toMatch(line);
      expect(sessionInfo(session)).toMatchObject({ device: 'cpu', backend: 'onnxruntime', provider: 'cpu' });
      expect(sessionInfo(session).fallbackReason).toMatch(
        /^tensorrt: .+\[ERR_TRT_ARG_PROFILE_MISSING\]; pass /s,
      );
    },
  );

  it('is an error without a next provider, and where the ranges do not fit', async () => {
    await expect(open(dynamicModel(), { executionProviders: ['cuda'] })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_PROFILE_MISSING',
      hint: expect.stringMatching(/^Pass \{ name: 'cuda', dynamicAxes: .+'cpu'/) as unknown,
    });
    const partial = { name: 'cuda', dynamicAxes: {} } as const;
    await expect(open(dynamicModel(), { executionProviders: [partial, 'cpu'] })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_PROFILE_MISSING',
    });
  });

  it('says nothing where env.logLevel asks for errors alone', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    env.logLevel = 'error';
    const session = await open(dynamicModel(), dynamic('always'));
    expect(warn).not.toHaveBeenCalled();
    expect(sessionInfo(session).fallbackReason).not.toBeNull();
  });

  it('is an error of the build where TensorRT cannot build', async () => {
    const failure = await failureOf(open(addModel(), { executionProviders: ['tensorrt'] }));
    expect(failure).toMatchObject({
      code: expect.stringMatching(/^ERR_TRT_(BUILD_FAILED|LOAD_TENSORRT_BROKEN)$/) as unknown,
    });
  });
});

describe('no TensorRT', () => {
  it('leads to the next provider, and is an error without one', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const absent = { runtimeLibrary: folder };
    const gpus = [
      { name: 'tensorrt', ...absent },
      { name: 'cuda', ...absent },
    ] as const;
    const session = await open(addModel(), { executionProviders: [...gpus, 'cpu'] });
    expect(sessionInfo(session)).toMatchObject({ provider: 'cpu' });
    expect(sessionInfo(session).fallbackReason).toMatch(/^tensorrt: .+; cuda: .+$/s);
    expect(warn).toHaveBeenCalledTimes(2);
    await expect(open(addModel(), { executionProviders: gpus })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_TRT_LOAD_TENSORRT_/) as unknown,
    });
  });
});

describe('options of the provider', () => {
  it('are checked although an earlier provider serves', async () => {
    const executionProviders = ['cpu', { name: 'tensorrt', engineCashe: 'x' } as never];
    await expect(open(addModel(), { executionProviders })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_UNKNOWN_OPTION',
      message: expect.stringContaining('Did you mean "engineCache"?') as unknown,
    });
  });
});
