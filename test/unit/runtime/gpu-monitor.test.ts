// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { NativeGpuMonitor, NativeGpuReadings } from '../../../lib/binding/contract';
import { startMonitor, type GpuMonitorOptions, type MonitorAddon } from '../../../lib/runtime/gpu-monitor';
import { toGpuReadings } from '../../../lib/runtime/gpu-readings';
import { NVML_VARIABLE, nvmlLibrary } from '../../../lib/runtime/nvml-library';
import { nativeError } from '../../fake-backend';
import { gpus, noDriver } from '../../fake-machine';

afterEach(() => vi.unstubAllEnvs());

const READINGS: NativeGpuReadings = {
  intervalMs: 100,
  timeMs: Float64Array.of(1000, 1100, 1200),
  columns: { energyJoules: Float64Array.of(0, 20, NaN), powerW: Float64Array.of(200, NaN, 210) },
  energySource: 'counter',
  missing: { temperatureC: 'because' },
};

const NATIVE: NativeGpuMonitor = {
  name: 'Fake GPU',
  uuid: 'GPU-1',
  driver: '580.1',
  isMig: false,
  read: () => READINGS,
  stop: () => Promise.resolve(READINGS),
};

function fakeAddon(parts: Partial<MonitorAddon> = {}) {
  const openGpuMonitor = vi.fn<MonitorAddon['openGpuMonitor']>(() => Promise.resolve(NATIVE));
  const addon: MonitorAddon = { openGpuMonitor, probeCuda: () => Promise.resolve(gpus(89, 90)), ...parts };
  return { openGpuMonitor, addon: () => addon };
}

describe('monitorGpu()', () => {
  it('asks for the device by what the CUDA driver knows of it', async () => {
    vi.stubEnv(NVML_VARIABLE, '');
    const { addon, openGpuMonitor } = fakeAddon();
    await startMonitor('cuda:1', {}, addon);
    expect(openGpuMonitor).toHaveBeenCalledWith({
      uuid: 'GPU-1',
      pciBusId: '0000:01:00.0',
      intervalMs: 100,
    });
  });

  it('passes the interval and the library that was named', async () => {
    vi.stubEnv(NVML_VARIABLE, '/opt/nvml/libnvidia-ml.so.1');
    const { addon, openGpuMonitor } = fakeAddon();
    await startMonitor('cuda:0', { intervalMs: 10 }, addon);
    expect(openGpuMonitor.mock.calls[0]![0]).toMatchObject({
      library: '/opt/nvml/libnvidia-ml.so.1',
      intervalMs: 10,
    });
  });

  it.each<[unknown, unknown, string]>([
    ['cpu', {}, 'ERR_TRT_ARG_VALUE'],
    [0, {}, 'ERR_TRT_ARG_VALUE'],
    ['cuda:0', { intervalMs: 9 }, 'ERR_TRT_ARG_VALUE'],
    ['cuda:0', { intervalMs: 12.5 }, 'ERR_TRT_ARG_VALUE'],
    ['cuda:0', { intervalMs: NaN }, 'ERR_TRT_ARG_VALUE'],
    ['cuda:0', { intervalMs: '100' }, 'ERR_TRT_ARG_TYPE'],
    ['cuda:0', { interval: 100 }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    ['cuda:0', null, 'ERR_TRT_ARG_TYPE'],
    ['cuda:2', {}, 'ERR_TRT_RUN_DEVICE'],
  ])('refuses %j with %j: %s', async (device, options, code) => {
    const { addon, openGpuMonitor } = fakeAddon();
    const started = startMonitor(device as 'cuda:0', options as GpuMonitorOptions, addon);
    await expect(started).rejects.toMatchObject({ code });
    expect(openGpuMonitor).not.toHaveBeenCalled();
  });

  it('needs the CUDA driver to know which device is meant', async () => {
    const { addon } = fakeAddon({ probeCuda: () => Promise.resolve(noDriver()) });
    await expect(startMonitor('cuda:0', {}, addon)).rejects.toMatchObject({
      code: 'ERR_TRT_CUDA_DRIVER_NOT_FOUND',
    });
  });

  it('explains a library that is missing', async () => {
    const reason = 'libnvidia-ml.so.1: cannot open shared object file';
    const failure = nativeError('ERR_TRT_LOAD_NVML_NOT_FOUND', `NVML cannot be used: ${reason}.`);
    const { addon } = fakeAddon({ openGpuMonitor: () => Promise.reject(failure) });
    await expect(startMonitor('cuda:0', {}, addon)).rejects.toMatchObject({
      name: 'TensorRTError',
      code: 'ERR_TRT_LOAD_NVML_NOT_FOUND',
      message: expect.stringContaining(reason),
      hint: expect.stringContaining('TENSORRT_NODE_NVML_LIBRARY'),
    });
  });
});

describe('the readings', () => {
  it('are timed from performance.now(), and count energy to the last one that was read', () => {
    expect(toGpuReadings(READINGS, -900)).toEqual({
      intervalMs: 100,
      startMs: 100,
      samples: { ...READINGS.columns, timeMs: Float64Array.of(100, 200, 300) },
      energyJoules: 20,
      energySource: 'counter',
      missing: { temperatureC: 'because' },
    });
  });

  it('have no energy without two samples of it', () => {
    const columns = { energyJoules: Float64Array.of(0) };
    const one = { ...READINGS, timeMs: Float64Array.of(1000), columns };
    expect(toGpuReadings(one, 0).energyJoules).toBeUndefined();
    const gap = { ...READINGS, columns: { energyJoules: Float64Array.of(0, NaN, NaN) } };
    expect(toGpuReadings(gap, 0).energyJoules).toBeUndefined();
  });
});

describe('the library', () => {
  it.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['libnvidia-ml.so.2', 'libnvidia-ml.so.2'],
    ['/opt/../lib/libnvidia-ml.so.1', '/lib/libnvidia-ml.so.1'],
  ])('named %j is %j', (named, path) => {
    expect(nvmlLibrary(named === undefined ? {} : { [NVML_VARIABLE]: named })).toBe(path);
  });
});
