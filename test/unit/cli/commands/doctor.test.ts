// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { ProbeReport } from '../../../../lib/runtime/probe-report';
import { runFake } from '../fake-cli';

const nothing: ProbeReport = {
  platform: 'linux-x64',
  node: 'v20.0.0',
  addon: {
    available: true,
    path: '/p/addon.node',
    origin: 'prebuilt',
    version: '0.1.0',
    families: ['tensorrt-10', 'tensorrt-rtx'],
    reason: null,
    cause: null,
    hint: null,
    tried: [],
  },
  cuda: {
    driver: null,
    status: 'not-found',
    path: null,
    reason: 'libcuda.so.1 is not installed',
    devices: [],
  },
  tensorrt: [],
  cpu: { available: false, version: null, path: null, reason: 'libonnxruntime is not installed', tried: [] },
  advice: ['Install something.'],
  tried: [{ path: '/opt/trt', reason: 'no such folder' }],
};
const rtx = {
  family: 'tensorrt-rtx' as const,
  version: '1.7.1',
  path: '/rtx.so',
  from: 'pip',
  usable: true,
  reason: null,
};
const withGpu = {
  driver: '13.0',
  status: 'ok' as const,
  path: '/libcuda.so.1',
  reason: null,
  devices: [
    {
      ordinal: 1,
      name: 'NVIDIA L4',
      uuid: 'u',
      computeCapability: 89,
      totalMemoryBytes: 24 * 2 ** 30,
      isMig: false,
      isIntegrated: false,
      pciBusId: '0000:01:00.0',
    },
  ],
};
const lean = {
  family: null,
  version: null,
  path: '/trt/libnvinfer_lean.so.11',
  from: 'pip',
  usable: false,
  reason: 'the lean runtime runs version-compatible engines and cannot build',
};
const doctor = (line: string, changes: Partial<ProbeReport>) =>
  runFake(line, { api: { probe: () => Promise.resolve({ ...nothing, ...changes }) } });

describe('doctor', () => {
  it('fails only where nothing at all can be done', async () => {
    expect((await doctor('doctor', {})).code).toBe(1);
    expect((await doctor('doctor', { tensorrt: [rtx] })).code).toBe(0);
    expect((await doctor('doctor', { cpu: { ...nothing.cpu, available: true } })).code).toBe(0);
    const addon = { ...nothing.addon, available: false, reason: 'gone' };
    expect((await doctor('doctor', { addon, tensorrt: [rtx] })).code).toBe(1);
  });

  it('prints the whole report as JSON', async () => {
    expect(JSON.parse((await doctor('doctor --json', { tensorrt: [rtx] })).stdout)).toEqual({
      ...nothing,
      tensorrt: [rtx],
    });
  });

  it('tells every part, what can be done, and the advice', async () => {
    const broken = {
      ...rtx,
      family: null,
      path: '/old.so',
      version: '8.6.1',
      usable: false,
      reason: 'TensorRT 8.6.1 is not supported',
    };
    const { stdout } = await doctor('doctor', { tensorrt: [rtx, broken] });
    expect(stdout).toMatch(/ok {2}TensorRT-RTX +1\.7\.1\n +\/rtx\.so/);
    expect(stdout).toMatch(/no {2}TensorRT +8\.6\.1, TensorRT 8\.6\.1 is not supported\n +\/old\.so/);
    expect(stdout).toMatch(/-- {2}GPU +libcuda\.so\.1 is not installed/);
    expect(stdout).toMatch(
      /yes +build engines with TensorRT-RTX\n +no +run engines on a GPU\n +no +run ONNX models on the CPU/,
    );
    expect(stdout).toContain('- Install something.');
    expect(stdout).not.toContain('/opt/trt');
  });

  it('adds the places that were looked at with --verbose', async () => {
    expect((await doctor('doctor --verbose', {})).stdout).toMatch(
      /Places without TensorRT\n +\/opt\/trt +no such folder/,
    );
  });

  it('shows each GPU', async () => {
    const { stdout } = await doctor('doctor', { cuda: withGpu, tensorrt: [rtx] });
    expect(stdout).toMatch(
      /ok {2}GPU cuda:1 +NVIDIA L4, compute capability 8\.9, 24\.0 GiB, driver for CUDA 13\.0/,
    );
    expect(stdout).toMatch(/yes +run engines on a GPU/);
  });

  it('shows a lean runtime by what it can do', async () => {
    const { code, stdout } = await doctor('doctor', { cuda: withGpu, tensorrt: [lean] });
    expect(stdout).toMatch(/ok {2}TensorRT lean +11, runs version-compatible engines, builds none\n/);
    expect(stdout).toMatch(/no +build engines\n +yes +run version-compatible engines on a GPU\n/);
    expect(code).toBe(0);
    const known = await doctor('doctor', { tensorrt: [{ ...lean, version: '11.2.1' }] });
    expect(known.stdout).toMatch(/-- {2}TensorRT lean +11\.2\.1, runs .*, needs a GPU\n/);
    const crashed = { ...lean, reason: 'opening it ended the process' };
    const broken = await doctor('doctor', { cuda: withGpu, tensorrt: [crashed] });
    expect(broken.stdout).toMatch(/no {2}TensorRT lean +11, opening it ended the process\n/);
    expect(broken.code).toBe(1);
  });

  it('runs engines with a library that only lacks what building needs', async () => {
    const reason = 'its ONNX parser libnvonnxparser.so.11 is not beside it';
    const library = { ...rtx, family: 'tensorrt-11' as const, usable: false, reason };
    const { stdout } = await doctor('doctor', { cuda: withGpu, tensorrt: [library] });
    expect(stdout).toMatch(/no +build engines\n +yes +run engines on a GPU\n/);
  });

  it('ends no reason with two marks', async () => {
    const cuda = { ...nothing.cuda, status: 'no-device' as const, driver: '13.0', reason: 'it sees no GPU.' };
    expect((await doctor('doctor', { cuda })).stdout).toContain('it sees no GPU, driver for CUDA 13.0\n');
  });
});
