// SPDX-License-Identifier: Apache-2.0
// Measurements over the stand-in GPU and its sensors: what the device was told to do is what the result must say.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runBench, sessionOptionsFor, type ModelRequest } from '../../lib/bench/index';
import type { GpuUsage } from '../../lib/bench/result';
import type { Session, SessionOptions } from '../../lib/index';
import { NVML_VARIABLE } from '../../lib/runtime/nvml-library';
import { useStandinGpu } from '../gpu-session';
import { StandinNvml } from '../standin-nvml';
import { makePlan, SCALE } from '../standin-plan';

const bench = useStandinGpu({ configuration: { copyUs: 500 } });
const nvml = StandinNvml.open();
const FAMILY = 'tensorrt-11';
const PLAN = { ...SCALE, durationUs: 2000 };
const model = makePlan(FAMILY, PLAN);

beforeEach(() => {
  vi.stubEnv(NVML_VARIABLE, nvml.path);
  nvml.reset();
});
afterEach(() => vi.unstubAllEnvs());

const openSession = (options: SessionOptions = {}) =>
  bench.open(FAMILY, model, { ...sessionOptionsFor({}, options) });

const request = (session: Session, more: Partial<ModelRequest> = {}): ModelRequest => ({
  model,
  session,
  feeds: { x: Float32Array.of(1, 2, 3, 4) },
  warmUpMs: 10,
  durationMs: 150,
  ...more,
});

describe('runBench on a GPU', () => {
  it('tells the stages of each call, one at a time and pipelined, and what trtexec would', async () => {
    const result = await runBench(request(await openSession()));
    expect(result).toMatchObject({
      backend: 'tensorrt',
      device: 'cuda:0',
      deviceName: 'Stand-in GPU 0',
      end: 'complete',
      settings: {
        calls: 'binding',
        stageTimes: true,
        session: { contexts: 1, cudaGraph: 'auto', spinWait: false, transfers: true },
      },
      pipelined: { concurrency: 2 },
    });
    for (const phase of [result, result.pipelined!]) {
      expect(phase.computeMs!.count).toBe(phase.inferences);
      // The device takes no less than it was told; how much more is a matter of the machine.
      expect(phase.computeMs!.min).toBeGreaterThan(1.9);
      expect(phase.h2dMs!.min).toBeGreaterThan(0.4);
      expect(phase.d2hMs!.min).toBeGreaterThan(0.4);
      expect(phase.deviceLatencyMs!.min).toBeGreaterThan(2.8);
      expect(phase.enqueueMs!.count).toBe(phase.inferences);
    }
    expect(result.deviceLatencyMs!.mean).toBeLessThan(result.latencyMs.mean);
    const { trtexec, pipelined } = result;
    expect(trtexec!.gpuComputeTime.mean).toBeCloseTo(pipelined!.computeMs!.mean, 9);
    expect(trtexec!.totalGpuComputeTimeS).toBeLessThan(trtexec!.totalHostWalltimeS);
  });

  it('keeps inputs and outputs on the device without transfers', async () => {
    const session = await openSession();
    for (const calls of ['binding', 'run'] as const) {
      const result = await runBench(request(session, { transfers: false, calls, pipelined: false }));
      expect(result.settings.session.transfers).toBe(false);
      expect(result).not.toHaveProperty('h2dMs');
      expect(result).not.toHaveProperty('d2hMs');
      expect(result.deviceLatencyMs!.mean).toBeCloseTo(result.computeMs!.mean, 9);
    }
  });

  it.each([
    [10, { cudaGraph: 'off', spinWait: false, transfers: true }],
    [11, { cudaGraph: 'auto', spinWait: true, transfers: false }],
  ] as const)('measures as trtexec %i does', async (trtexecCompat, settings) => {
    const options = sessionOptionsFor({ trtexecCompat });
    const session = await bench.open(FAMILY, model, options);
    const result = await runBench(
      request(session, { sessionOptions: options, trtexecCompat, warmUpMs: 10, durationMs: 100 }),
    );
    expect(result.settings).toMatchObject({ trtexecCompat, session: settings });
    expect(Object.keys(result.trtexec!.latency.percentiles)).toEqual(['90', '95', '99']);
    expect(session.statistics().cudaGraph.launches > 0).toBe(trtexecCompat === 11);
  });

  it('has what the sensors said', async () => {
    nvml.script('nvmlDeviceGetPowerUsage', 300_000);
    nvml.script('nvmlDeviceGetClockInfo:1', 1410);
    nvml.script('nvmlDeviceGetCurrentClocksEventReasons', 0x4);
    const result = await runBench(request(await openSession(), { pipelined: false, durationMs: 400 }));
    const gpu = result.gpu as GpuUsage;
    expect(gpu.uuid).toMatch(/^GPU-/);
    expect(gpu.powerW).toMatchObject({ min: 300, max: 300 });
    expect(gpu.smClockMhz).toMatchObject({ mean: 1410 });
    expect(gpu.throttling).toEqual({ sw_power_cap: 1 });
    expect(gpu.sessionBytes).toBeGreaterThan(0);
    expect(result.warnings.map(({ code }) => code)).toContain('throttled');
  });

  it('goes on without sensors and says why', async () => {
    vi.stubEnv(NVML_VARIABLE, '/nowhere/libnvidia-ml.so.1');
    const result = await runBench(request(await openSession(), { pipelined: false, durationMs: 50 }));
    expect(result.end).toBe('complete');
    expect(result.gpu).toEqual({ unavailable: expect.stringContaining('libnvidia-ml') });
  });

  it('takes the times of the layers from traced runs', async () => {
    const result = await runBench(request(await openSession(), { layers: true, durationMs: 50 }));
    expect(result.layers).toEqual([expect.objectContaining({ name: expect.any(String), share: 1 })]);
  });
});
