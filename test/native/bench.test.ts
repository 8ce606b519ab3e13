// SPDX-License-Identifier: Apache-2.0
// Measurements of real sessions on ONNX Runtime. No time is asserted; what is, holds however fast the machine is.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readOnnxRuntimeProfile,
  runBench,
  type ColdStart,
  type LayerTime,
  type ModelRequest,
} from '../../lib/bench/index';
import { createSession } from '../../lib/index';
import { asRead, compileSchemas, lostInJson } from '../bench-schemas';
import { convModel, dynamicModel } from '../onnx-models';
import { slowModel } from '../slow-model';

const images = { data: new Float32Array(4 * 64).fill(0.5), dims: [4, 1, 8, 8] };
let folder = '';
let path = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'));
  path = join(folder, 'conv.onnx');
  await writeFile(path, convModel('batch'));
});
afterAll(() => rm(folder, { recursive: true }));

function request(more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: path,
    feeds: { images },
    sessionOptions: { device: 'cpu', intraOpNumThreads: 1 },
    warmUpMs: 20,
    durationMs: 200,
    ...more,
  };
}

describe('runBench on the CPU', () => {
  it('opens the model, measures it with the times of the runtime, and takes its layers', async () => {
    const result = await runBench(request({ layers: true }));
    expect(result).toMatchObject({
      model: path,
      backend: 'onnxruntime',
      device: 'cpu',
      end: 'complete',
      settings: { calls: 'binding', batch: 4, stageTimes: true, session: { intraOpNumThreads: 1 } },
    });
    expect(result.inferences).toBeGreaterThanOrEqual(10);
    expect(result.computeMs!.count).toBe(result.inferences);
    expect(result.computeMs!.mean).toBeLessThan(result.latencyMs.mean);
    expect(result).not.toHaveProperty('h2dMs');
    const layers = result.layers as readonly LayerTime[];
    expect(layers.map(({ type }) => type)).toEqual(expect.arrayContaining(['Conv', 'Gemm']));
    expect(layers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it('gives a result that its schema takes, and that JSON keeps as it is', async () => {
    const isResult = compileSchemas().get('bench-result.schema.json')!;
    const results = [
      await runBench(request({ layers: true, coldStart: 1, percentiles: [97.5], durationMs: 50 })),
      // Calls that never wait, and measurements with hardly a call, are where numbers are divided by none.
      await runBench(request({ load: { ratePerSecond: 50 }, iterations: 1, durationMs: 10, warmUpMs: 0 })),
      await runBench({
        name: 'nothing',
        call: async () => {},
        durationMs: 0.001,
        iterations: 1,
        warmUpMs: 0,
      }),
    ];
    for (const result of results) {
      expect(lostInJson(result)).toEqual([]);
      expect(asRead(result)).toEqual(result);
      isResult(asRead(result));
      expect(isResult.errors).toBeNull();
    }
  });

  it('agrees with the measurement of ONNX Runtime of the same runs within 5 %', async () => {
    const model = slowModel(8);
    const session = await createSession(model, {
      device: 'cpu',
      intraOpNumThreads: 1,
      stageTimes: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    const x = new Float32Array(3 * 32 * 32).fill(0.5);
    const { computeMs } = await runBench(request({ model, session, feeds: { x }, durationMs: 300 }));
    await session.close();
    const [file] = (await readdir(folder)).filter((name) => name.startsWith('profile'));
    const { runMs } = readOnnxRuntimeProfile(await readFile(join(folder, file!), 'utf8'));
    const measured = runMs.slice(-computeMs!.count);
    expect(measured).toHaveLength(computeMs!.count);
    const theirs = measured.reduce((sum, ms) => sum + ms, 0) / measured.length;
    expect(computeMs!.mean / theirs).toBeGreaterThan(0.95);
    expect(computeMs!.mean / theirs).toBeLessThan(1.05);
  });

  it('measures calls that share contexts, and an open loop', async () => {
    const sessionOptions = { device: 'cpu', intraOpNumThreads: 1, contexts: 2 } as const;
    const closed = await runBench(request({ sessionOptions, load: { concurrency: 8 } }));
    expect(closed.settings.calls).toBe('run');
    const shared = await runBench(request({ sessionOptions, load: { concurrency: 8 }, calls: 'binding' }));
    expect(shared.inferences).toBeGreaterThanOrEqual(10);
    const open = await runBench(
      request({ sessionOptions, load: { ratePerSecond: 200, arrivals: 'poisson' } }),
    );
    expect(open.sendDelayMs!.count).toBe(open.latencyMs.count);
    expect(open.latencyMs.mean).toBeGreaterThanOrEqual(open.serviceMs!.mean);
  });

  it('measures the cold start in fresh processes', async () => {
    const result = await runBench(request({ durationMs: 20, coldStart: 1 }));
    const { processes, importMs, loadMs, firstRunMs, totalMs } = result.coldStart as ColdStart;
    expect(processes).toBe(1);
    expect(totalMs).toBeGreaterThan(importMs + loadMs + firstRunMs);
    expect(Math.min(importMs, loadMs, firstRunMs)).toBeGreaterThan(0);
  });

  it('says why the cold start has no numbers', async () => {
    const session = await createSession(path, { device: 'cpu' });
    const sessionOptions = { device: 'cpu', runtimeLibrary: '/nowhere/libonnxruntime.so' } as const;
    const result = await runBench(request({ session, sessionOptions, durationMs: 20, coldStart: 1 }));
    expect(result.coldStart).toEqual({
      unavailable: expect.stringContaining('ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND'),
    });
    await session.close();
  });

  it("refuses inputs that do not fit with the session's own error", async () => {
    const feeds = { images: { data: new Float32Array(3), dims: [1, 3] } };
    await expect(runBench(request({ feeds }))).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_SHAPE' });
    await expect(runBench(request({ feeds: {} }))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_MISSING',
    });
  });

  it('runs dynamic shapes from bytes', async () => {
    const x = { data: new Float32Array(2 * 3 * 5 * 7), dims: [2, 3, 5, 7] };
    const result = await runBench(request({ model: dynamicModel(), feeds: { x }, durationMs: 20 }));
    expect(result).toMatchObject({ model: '(bytes)', settings: { batch: 2 } });
  });

  it('keeps what was measured when the session is closed under it', async () => {
    const session = await createSession(path, { device: 'cpu' });
    let blocks = 0;
    const feeds = { images };
    // The log of the calls is told between calls: a good moment to break something.
    const callLog = { add: () => ++blocks === 500 && void session.close() };
    const result = await runBench(
      request({ session, feeds, callLog: callLog as never, iterations: 100_000, durationMs: 60_000 }),
    );
    expect(result).toMatchObject({ end: 'failed', stable: false, error: { code: 'ERR_TRT_RUN_CLOSED' } });
    expect(result.inferences).toBeGreaterThanOrEqual(500);
  });
});
