// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';

import { TensorRTError } from '../../../lib/errors';
import { collectProbe, CPU_NAME, DRIVER_NAME, type ProbeContext } from '../../../lib/runtime/collect-probe';
import { brokenDriver, machine, oneGpu } from '../../fake-machine';

type Machine = ReturnType<typeof machine>;

function context(of: Machine, changes: Partial<ProbeContext> = {}): ProbeContext {
  const cpu = { available: true, version: '1.30.0', path: '/ort', reason: null, tried: [] };
  return {
    loadAddon: () => ({ ...of.addon, buildInfo: { version: '0.1.0', families: ['tensorrt-rtx'] } }),
    addonFile: () => ({ path: '/addon.node', origin: 'prebuilt' }),
    places: of.places,
    probeCpu: () => Promise.resolve(cpu),
    ...changes,
  };
}

describe('collectProbe', () => {
  it('has every field of the documented form', async () => {
    const here = machine({ 'libtensorrt_rtx.so.1': 10701 }, oneGpu(90));
    const report = await collectProbe(undefined, context(here));
    expect(report).toMatchObject({
      platform: `${process.platform}-${process.arch}`,
      node: process.version,
      addon: {
        available: true,
        path: '/addon.node',
        origin: 'prebuilt',
        version: '0.1.0',
        cause: null,
        hint: null,
      },
      cuda: { driver: '13.0', status: 'ok', reason: null, devices: [{ computeCapability: 90 }] },
      tensorrt: [
        {
          family: 'tensorrt-rtx',
          version: '1.7.1',
          usable: true,
          reason: null,
          from: 'TENSORRT_NODE_LIB_DIR',
        },
      ],
      cpu: { available: true, version: '1.30.0' },
    });
    expect(report.tried.map(({ path }) => path)).toContain('libnvinfer.so.10');
    expect(report.advice.join()).toContain('tensorrt-cu13');
  });

  it('says why a library is not usable', async () => {
    const here = machine({
      'libnvinfer.so.10': 101601,
      'libnvinfer.so.8': 8601,
      'libnvinfer_lean.so.11': 110400,
      'libtensorrt_rtx.so.1': 'truncated',
    });
    const { tensorrt, advice } = await collectProbe(undefined, context(here));
    expect(tensorrt.map(({ usable }) => usable)).toEqual([false, false, false, false]);
    const reasons = tensorrt.map(({ reason }) => reason).join('\n');
    expect(reasons).toMatch(/needs a working NVIDIA driver/);
    expect(reasons).toMatch(/8601 is not supported/);
    expect(reasons).toMatch(/lean runtime/);
    expect(reasons).toMatch(/truncated/);
    expect(advice[0]).toContain('pip install tensorrt-rtx');
  });

  it.each([
    ['not-found', '--gpus all'],
    ['no-device', 'CUDA_VISIBLE_DEVICES'],
    ['too-old', 'Update the NVIDIA driver'],
    ['mismatch', 'Reboot'],
    ['error', 'nvidia-smi'],
  ] as const)('advises on driver status %s', async (status, advice) => {
    const here = machine({ 'libtensorrt_rtx.so.1': 10701 }, brokenDriver(status));
    const report = await collectProbe(undefined, context(here));
    expect(report.advice.join()).toContain(advice);
    expect(report.tensorrt[0]!.usable).toBe(true);
  });

  it('reports a missing addon and goes on', async () => {
    const here = machine({ 'libtensorrt_rtx.so.1': 10701 });
    const missing = () => {
      throw new TensorRTError('ERR_TRT_LOAD_ADDON', 'no addon', {
        hint: 'Run `npm run build`.',
        details: { tried: [{ path: '/a', reason: 'no such file' }] },
      });
    };
    const report = await collectProbe(undefined, context(here, { loadAddon: missing, addonFile: missing }));
    expect(report.addon).toMatchObject({ available: false, reason: 'no addon', tried: [{ path: '/a' }] });
    expect(report.cuda.status).toBe('unknown');
    expect(report.tensorrt).toMatchObject([{ usable: false, reason: 'the addon is not available' }]);
    expect(report.advice[0]).toContain('npm run build');
  });

  it('tells the cause and the hint of an addon that does not load', async () => {
    const failing = () => {
      throw new TensorRTError('ERR_TRT_LOAD_ADDON', 'cut short', {
        hint: 'Copy it again.',
        details: { cause: 'truncated', tried: [] },
      });
    };
    const report = await collectProbe(undefined, context(machine({}), { loadAddon: failing }));
    expect(report.addon).toMatchObject({
      path: '/addon.node',
      origin: 'prebuilt',
      cause: 'truncated',
      hint: 'Copy it again.',
    });
    expect(report.advice[0]).toBe('Copy it again.');
  });

  it('does not open an addon that crashed a child process', async () => {
    const loadAddon = vi.fn();
    const checkAddon = () => Promise.resolve({ outcome: 'crashes', end: 'SIGSEGV' } as const);
    const report = await collectProbe(undefined, context(machine({}), { loadAddon, checkAddon }));
    expect(loadAddon).not.toHaveBeenCalled();
    expect(report.addon).toMatchObject({ available: false, cause: 'crashed' });
    expect(report.addon.reason).toContain('SIGSEGV');
  });

  it('reports a CPU runtime that fails', async () => {
    const failing = () => Promise.reject(new Error('cannot open'));
    const report = await collectProbe(undefined, context(machine({}), { probeCpu: failing }));
    expect(report.cpu).toMatchObject({ available: false, reason: 'cannot open' });
    expect(report.advice.join()).toContain('onnxruntime-node');
  });

  it('announces what it opens and does not open what crashed', async () => {
    const here = machine({ 'libtensorrt_rtx.so.1': 10701, 'libnvinfer.so.11': 110201 });
    const opening: string[] = [];
    const crashing = join(here.folder, 'libnvinfer.so.11');
    const report = await collectProbe(
      undefined,
      context(here, {
        beforeOpening: async (path) => void opening.push(path),
        crashed: { [crashing]: 'SIGSEGV', [CPU_NAME]: 'SIGABRT' },
      }),
    );
    expect(opening[0]).toBe(DRIVER_NAME);
    expect(opening).toContain(join(here.folder, 'libtensorrt_rtx.so.1'));
    expect(here.opened).not.toContain(crashing);
    expect(report.tensorrt[0]).toMatchObject({ path: crashing, usable: false, reason: 'SIGSEGV' });
    expect(report.cpu.reason).toBe('SIGABRT');
  });
});
