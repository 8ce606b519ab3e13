// SPDX-License-Identifier: Apache-2.0
// The GPU's sensors. What is expected is what the stand-in NVML was told to answer, never a time that passed.
import { spawnSync } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addonPath, loadAddon } from '../../../lib/binding/load';
import { DRIVER_VARIABLE } from '../../../lib/runtime/driver-library';
import { monitorGpu } from '../../../lib/runtime/gpu-monitor';
import { NVML_VARIABLE } from '../../../lib/runtime/nvml-library';
import { throttleReasonNames } from '../../../lib/runtime/throttle-reasons';
import { collectUntil, useStandinGpu } from '../../gpu-session';
import { builtStandin } from '../../standin-build';
import { StandinNvml } from '../../standin-nvml';

const bench = useStandinGpu({ devices: 2 });
const nvml = StandinNvml.open();
/** Only the first sample and the last are taken. */
const SELDOM = { intervalMs: 3_600_000 };
const GPU_0 = 'GPU-00102030-4050-6070-8090-a0b0c0d0e0f0';

beforeEach(() => {
  vi.stubEnv(NVML_VARIABLE, nvml.path);
  nvml.reset();
});

afterEach(() => {
  vi.unstubAllEnvs();
  expect(nvml.calls()).toMatchObject({ users: 0, withoutInit: 0, onMainThread: 0 });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

/** Lets a monitor take so many samples. */
function samplesTaken(count: number): Promise<void> {
  return until(() => (nvml.calls().entries.nvmlDeviceGetMemoryInfo ?? 0) >= count);
}

/** The two samples of a monitor that is stopped at once. */
async function readTwice(device: `cuda:${number}` = 'cuda:0') {
  return (await monitorGpu(device, SELDOM)).stop();
}

describe('monitorGpu()', () => {
  it('gives what the sensors said, with the unit of each name', async () => {
    nvml.script('nvmlDeviceGetPowerUsage', 300_000, 650_000);
    nvml.script('nvmlDeviceGetClockInfo:1', 1980, 1410);
    nvml.script('nvmlDeviceGetCurrentClocksEventReasons', 0, 0x4 + 0x20);
    const { samples, maxSmClockMhz, maxMemoryClockMhz, missing } = await readTwice();
    expect(samples).toEqual({
      timeMs: expect.any(Float64Array),
      powerW: Float64Array.of(300, 650),
      energyJoules: Float64Array.of(0, 25),
      smClockMhz: Float64Array.of(1980, 1410),
      memoryClockMhz: Float64Array.of(2619, 2619),
      temperatureC: Float64Array.of(45, 45),
      utilizationPercent: Float64Array.of(87, 87),
      throttleReasons: Float64Array.of(0, 36),
      memoryUsedBytes: Float64Array.of(10 * 2 ** 30, 10 * 2 ** 30),
    });
    expect(throttleReasonNames(samples.throttleReasons![1]!)).toEqual(['sw_power_cap', 'sw_thermal']);
    expect({ maxSmClockMhz, maxMemoryClockMhz, missing }).toEqual({
      maxSmClockMhz: 1980,
      maxMemoryClockMhz: 2619,
      missing: {},
    });
  });

  it('watches the GPU that CUDA counts', async () => {
    const monitor = await monitorGpu('cuda:1', SELDOM);
    expect(monitor).toMatchObject({
      name: 'Stand-in GPU 1',
      uuid: 'GPU-01112131-4151-6171-8191-a1b1c1d1e1f1',
      driver: '580.65.06',
      isMig: false,
    });
    await monitor.stop();
  });

  it('times samples by the clock of performance.now()', async () => {
    const before = performance.now();
    const monitor = await monitorGpu('cuda:0', SELDOM);
    const opened = performance.now();
    const { startMs, samples } = await monitor.stop();
    const order = [before, startMs, opened, samples.timeMs[1]!, performance.now()];
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(samples.timeMs[0]).toBe(startMs);
  });

  it('samples by itself, and can be read meanwhile', async () => {
    const monitor = await monitorGpu('cuda:0', { intervalMs: 10 });
    await samplesTaken(3);
    const early = monitor.read();
    expect(early.samples.timeMs.length).toBeGreaterThanOrEqual(2);
    expect(early.intervalMs).toBe(10);
    const all = await monitor.stop();
    expect(all.samples.powerW).toHaveLength(nvml.calls().entries.nvmlDeviceGetPowerUsage!);
    expect(all.samples.timeMs.subarray(0, early.samples.timeMs.length)).toEqual(early.samples.timeMs);
    expect(all.energyJoules).toBe(25 * (all.samples.timeMs.length - 1));
  });

  it('gives the same readings however often it is stopped or read', async () => {
    const monitor = await monitorGpu('cuda:0', SELDOM);
    const [first, second] = await Promise.all([monitor.stop(), monitor.stop()]);
    expect(second).toBe(first);
    expect(monitor.read()).toEqual(first);
  });

  it('has no energy before there are two samples', async () => {
    const monitor = await monitorGpu('cuda:0', SELDOM);
    expect(monitor.read().energyJoules).toBeUndefined();
    expect((await monitor.stop()).energyJoules).toBe(25);
  });

  it('stops at the end of its scope', async () => {
    {
      await using monitor = await monitorGpu('cuda:0', SELDOM);
      expect(nvml.calls().users).toBe(1);
      expect(monitor.name).toBe('Stand-in GPU 0');
    }
    expect(nvml.calls().users).toBe(0);
  });
});

describe('a sensor that the device has not', () => {
  it('is missing with the reason of the driver, not zero', async () => {
    nvml.script('nvmlDeviceGetTemperature', '!3');
    nvml.script('nvmlDeviceGetMaxClockInfo:1', '!4');
    const { samples, missing, maxSmClockMhz } = await readTwice();
    expect(samples.temperatureC).toBeUndefined();
    expect(maxSmClockMhz).toBeUndefined();
    expect(missing).toEqual({
      temperatureC: 'nvmlDeviceGetTemperature returned 3 (Not Supported)',
      maxSmClockMhz: 'nvmlDeviceGetMaxClockInfo returned 4 (Insufficient Permissions)',
    });
  });

  it('leaves energy to be computed from power', async () => {
    nvml.script('nvmlDeviceGetTotalEnergyConsumption', '!3');
    nvml.script('nvmlDeviceGetPowerUsage', 100_000, 300_000);
    const { energyJoules, energySource, samples } = await readTwice();
    expect(energySource).toBe('power');
    expect(energyJoules).toBeCloseTo((200 * (samples.timeMs[1]! - samples.timeMs[0]!)) / 1000, 6);
  });

  it('is told where neither power nor energy is known', async () => {
    nvml.script('nvmlDeviceGetTotalEnergyConsumption', '!3');
    nvml.script('nvmlDeviceGetPowerUsage', '!3');
    const { energyJoules, energySource, missing } = await readTwice();
    expect([energyJoules, energySource]).toEqual([undefined, undefined]);
    expect(Object.keys(missing)).toEqual(['energyJoules', 'powerW']);
  });

  it('is a gap where a single reading failed', async () => {
    nvml.script('nvmlDeviceGetUtilizationRates', 50, '!10');
    const { samples, missing } = await readTwice();
    expect(samples.utilizationPercent).toEqual(Float64Array.of(50, NaN));
    expect(missing).toEqual({});
  });

  it('does not keep an older library from the rest', async () => {
    vi.stubEnv(NVML_VARIABLE, StandinNvml.open('old').path);
    const { samples, energySource, missing } = await readTwice();
    expect(samples.throttleReasons).toEqual(Float64Array.of(0, 0));
    expect({ energySource, missing }).toEqual({ energySource: 'power', missing: {} });
  });
});

it('reads the GPU around a MIG instance, and says what the instance lacks', async () => {
  bench.gpu.configure({ mig: true });
  const monitor = await monitorGpu('cuda:0', SELDOM);
  expect(monitor).toMatchObject({ name: 'Stand-in GPU 0 MIG 1g.10gb', isMig: true });
  const { samples, missing } = await monitor.stop();
  expect(samples.powerW).toEqual(Float64Array.of(250, 250));
  expect(samples.memoryUsedBytes).toEqual(Float64Array.of(2 ** 30, 2 ** 30));
  expect(Object.keys(missing)).toEqual(['utilizationPercent']);
});

it('ends with a GPU that is lost, and keeps what was sampled', async () => {
  nvml.script('nvmlDeviceGetPowerUsage', 100_000, 200_000, '!15');
  const monitor = await monitorGpu('cuda:0', { intervalMs: 10 });
  await until(() => nvml.calls().users === 0);
  const { samples, endedBy } = await monitor.stop();
  expect(samples.powerW).toEqual(Float64Array.of(100, 200));
  expect(endedBy).toBe('nvmlDeviceGetPowerUsage returned 15 (GPU is lost)');
});

describe('what keeps a monitor from starting', () => {
  it('is a library that is not there', async () => {
    vi.stubEnv(NVML_VARIABLE, '/nowhere/libnvidia-ml.so.1');
    await expect(monitorGpu('cuda:0')).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_NVML_NOT_FOUND',
      message: expect.stringMatching(/\/nowhere\/libnvidia-ml\.so\.1: cannot open shared object file/),
      hint: expect.stringContaining(NVML_VARIABLE),
      details: { library: '/nowhere/libnvidia-ml.so.1' },
    });
  });

  it('is a library that is something else', async () => {
    vi.stubEnv(NVML_VARIABLE, builtStandin('not-nvml', 'libnvidia-ml.so.1'));
    await expect(monitorGpu('cuda:0')).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_NVML_NOT_FOUND',
      message: expect.stringContaining('not an NVML library'),
    });
  });

  it('is an NVML that does not start', async () => {
    nvml.script('nvmlInit_v2', '!9');
    await expect(monitorGpu('cuda:0')).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_NVML_NOT_FOUND',
      message: expect.stringContaining('nvmlInit_v2 returned 9 (Driver Not Loaded)'),
      details: { result: 9, where: 'nvmlInit_v2' },
    });
  });

  it('is a device that is not there', async () => {
    await expect(monitorGpu('cuda:7')).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE',
      message: expect.stringContaining('There is no device cuda:7'),
    });
  });

  it('is a device that NVML does not know', async () => {
    nvml.script('nvmlDeviceGetHandleByUUID', '!6');
    nvml.script('nvmlDeviceGetHandleByPciBusId_v2', '!6');
    await expect(monitorGpu('cuda:0')).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE',
      details: { uuid: GPU_0, pciBusId: '0000:17:00.0' },
    });
  });

  it('is a monitor of the addon that was not opened', async () => {
    const request = { uuid: GPU_0, pciBusId: '', intervalMs: SELDOM.intervalMs, library: nvml.path };
    const opened = await loadAddon().openGpuMonitor(request);
    await opened.stop();
    const Monitor = opened.constructor as new () => typeof opened;
    expect(() => new Monitor().read()).toThrow('Illegal constructor');
    expect(() => new Monitor().stop()).toThrow('Illegal constructor');
  });

  it('is not an unknown UUID alone', async () => {
    nvml.script('nvmlDeviceGetHandleByUUID', '!6');
    expect((await readTwice()).samples.powerW).toEqual(Float64Array.of(250, 250));
  });
});

/** JavaScript that opens a monitor which samples until something ends it. */
const OPEN = `
  const addon = require(${JSON.stringify(addonPath())});
  const request = { uuid: '${GPU_0}', pciBusId: '', intervalMs: 10, library: ${JSON.stringify(nvml.path)} };
  const opened = addon.openGpuMonitor(request);
`;

describe('the end of a monitor that nobody stopped', () => {
  it('comes with its collection', async () => {
    await monitorGpu('cuda:0', { intervalMs: 10 });
    expect(nvml.calls().users).toBe(1);
    await collectUntil(() => nvml.calls().users === 0);
  });

  it('comes with its worker', async () => {
    const worker = new Worker(
      `${OPEN} const { parentPort } = require('node:worker_threads');
       opened.then((monitor) => {
         globalThis.kept = monitor;
         parentPort.on('message', () => undefined);
         parentPort.postMessage('open');
       });`,
      { eval: true },
    );
    await new Promise((resolve) => worker.once('message', resolve));
    await samplesTaken(3);
    await worker.terminate();
    expect(nvml.calls().users).toBe(0);
  });

  it('comes with a worker that is ended while it opens', async () => {
    const worker = new Worker(OPEN, { eval: true });
    await until(() => (nvml.calls().entries.nvmlInit_v2 ?? 0) > 0);
    await worker.terminate();
    expect(nvml.calls().users).toBe(0);
  });

  it.each([
    ['whose work is done', 'opened.then((monitor) => { globalThis.kept = monitor; });'],
    ['that exits', 'opened.then(() => setTimeout(() => process.exit(0), 30));'],
    ['that exits while it opens', 'setImmediate(() => process.exit(0));'],
    ['that exits while it stops', 'opened.then((monitor) => { monitor.stop(); process.exit(0); });'],
  ])('comes with a process %s', (_, body) => {
    // As the loader does it.
    const script = `${OPEN} process.once('exit', () => addon.shutdown()); ${body}`;
    const { status, signal, stderr } = spawnSync(process.execPath, ['-e', script], {
      env: { ...process.env, [DRIVER_VARIABLE]: bench.gpu.driverPath },
      timeout: 60_000,
      encoding: 'utf8',
    });
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  });
});
