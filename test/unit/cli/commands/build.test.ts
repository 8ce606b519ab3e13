// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { BuildOptions } from '../../../../lib/builder/build-options';
import { TensorRTError } from '../../../../lib/errors';
import { runFake } from '../fake-cli';

const report = {
  family: 'tensorrt-rtx',
  version: '1.7.1',
  bytes: 46_976_204,
  path: '/abs/m.engine',
  cached: false,
  buildMs: 1234.5,
  parseMs: 10,
  isolationStartMs: 80,
  precision: { float32: 61 },
  computeCapabilities: [],
  profiles: [
    { x: { min: [1, 3], opt: [8, 3], max: [32, 3] }, size: { values: { min: [1], opt: [2], max: [3] } } },
  ],
  inputs: [{ name: 'x', type: 'float32', dims: ['batch', 3] }],
  outputs: [{ name: 'y', type: 'float32', dims: ['batch', 10] }],
  layers: 12,
  warnings: ['something is odd'],
  options: {},
};

/** A builder that hands out the report, and keeps what it was given. */
function fakeBuilder(build: (options: BuildOptions) => void | Promise<void> = () => undefined, changes = {}) {
  const calls: [string, BuildOptions][] = [];
  const buildEngine = async (model: string, options: BuildOptions) => {
    calls.push([model, options]);
    await build(options);
    return { report: () => ({ ...report, ...changes }) } as never;
  };
  return { api: { buildEngine }, calls };
}

describe('build', () => {
  it('writes beside the model unless told where', async () => {
    const { api, calls } = fakeBuilder();
    await runFake('build models/m.onnx', { api });
    await runFake('build models/m.onnx -o out/e.engine --optimization-level 0', { api });
    expect(
      calls.map(([model, { outputPath, optimizationLevel }]) => [model, outputPath, optimizationLevel]),
    ).toEqual([
      ['models/m.onnx', 'models/m.engine', undefined],
      ['models/m.onnx', 'out/e.engine', 0],
    ]);
  });

  it('has every field of the JSON contract, and nothing else on stdout', async () => {
    const { api } = fakeBuilder(({ onProgress, onLog }) => {
      onProgress!({ phase: 'p', parent: null, step: 1, steps: 2, finished: false, fraction: 0.5 });
      onLog!({ severity: 'warning', message: 'odd' });
    });
    const { code, stdout, stderr } = await runFake('build m.onnx -o m.engine --json', { api });
    expect(code).toBe(0);
    expect(stderr).not.toContain('{');
    expect(JSON.parse(stdout)).toMatchObject({
      engine: 'm.engine',
      manifest: 'm.engine.json',
      bytes: 46_976_204,
      family: 'tensorrt-rtx',
      version: '1.7.1',
      precision: { float32: 61 },
      buildMs: 1234.5,
      cached: false,
      warnings: ['something is odd'],
    });
  });

  it('shows inputs, profiles and warnings', async () => {
    const { stdout } = await runFake('build m.onnx -o m.engine', fakeBuilder());
    expect(stdout).toMatch(/^built {2}m\.engine {2}in /);
    expect(stdout).toMatch(/runtime +TensorRT-RTX 1\.7\.1\n +size +44\.8 MiB\n/);
    expect(stdout).toMatch(/x +float32 +\[batch, 3\]/);
    expect(stdout).toMatch(
      /input +min +opt +max\n +0 +x +1x3 +8x3 +32x3\n +size +values 1 +values 2 +values 3\n/,
    );
    expect(stdout).toMatch(/Warning\n {2}something is odd\n/);
  });

  it('passes no control characters of log lines and of the model on', async () => {
    const evil = '\u001b]0;title\u0007';
    const logging = fakeBuilder(({ onLog }) => onLog!({ severity: 'warning', message: evil }));
    const { stderr } = await runFake('build m.onnx --verbose', logging);
    expect(stderr).toContain('\ufffd]0;title\ufffd');
    const failing = fakeBuilder(() => {
      throw new TensorRTError('ERR_TRT_BUILD_FAILED', evil, { hint: `try\n${evil}` });
    });
    const failed = await runFake('build m.onnx', failing);
    expect(failed.stderr).toContain('try\n       \ufffd]0;title\ufffd');
    for (const control of ['\u0007', '\u001b']) expect(stderr + failed.stderr).not.toContain(control);
  });

  it('says where the engine came from the cache', async () => {
    const { stdout } = await runFake('build m.onnx', fakeBuilder(undefined, { cached: true, warnings: [] }));
    expect(stdout).toMatch(/^cached {2}m\.engine {2}found in the cache/);
  });

  it('stops at Ctrl-C and ends with 130', async () => {
    let listening = 0;
    const onInterrupt = (listener: () => void) => {
      listening += 1;
      setTimeout(listener, 5);
      return () => (listening -= 1);
    };
    const untilAborted = ({ signal }: BuildOptions) =>
      new Promise<void>((_, reject) => {
        signal!.addEventListener('abort', () =>
          reject(new TensorRTError('ERR_TRT_BUILD_CANCELLED', 'The build was cancelled.')),
        );
      });
    const { code, stdout, stderr } = await runFake('build m.onnx --json', {
      ...fakeBuilder(untilAborted),
      onInterrupt: onInterrupt,
    });
    expect({ code, listening }).toEqual({ code: 130, listening: 0 });
    expect(JSON.parse(stdout).error.code).toBe('ERR_TRT_BUILD_CANCELLED');
    expect(stderr).toContain('stopping the build');
  });

  it('gives the options that a missing profile needs', async () => {
    const { api } = fakeBuilder(() => {
      throw new TensorRTError('ERR_TRT_ARG_PROFILE_MISSING', 'x is dynamic', { hint: 'profiles: [{ … }]' });
    });
    const readModelInfo = () =>
      Promise.resolve({
        inputs: [{ name: 'x', dims: ['batch', 3] }],
        symbols: ['batch'],
        shapeInputs: [],
      } as never);
    const { code, stderr } = await runFake('build m.onnx', { api: { ...api, readModelInfo } });
    expect(code).toBe(2);
    expect(stderr).toContain('tensorrt-node build m.onnx --dynamic-axes batch=1,8,32');
  });

  it('shows log lines only where they are asked for', async () => {
    const logging = () => fakeBuilder(({ onLog }) => onLog!({ severity: 'info', message: 'hello' }));
    expect((await runFake('build m.onnx', logging())).stderr).not.toContain('hello');
    expect((await runFake('build m.onnx --log-level info', logging())).stderr).toContain('info  hello');
    expect((await runFake('build m.onnx --verbose', logging())).stderr).toContain('info  hello');
  });
});
