// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { benchAgainst, parseAgainst } from '../../../../lib/bench/compare/against';

describe('what to compare with', () => {
  it.each([
    ['self', { kind: 'self' }],
    ['onnxruntime-node', { kind: 'module', specifier: 'onnxruntime-node' }],
    ['./base/node_modules/tensorrt-node', { kind: 'module', specifier: './base/node_modules/tensorrt-node' }],
    ['command: trtexec-json --onnx=m', { kind: 'command', line: 'trtexec-json --onnx=m' }],
  ])('reads %s', (text, target) => {
    expect(parseAgainst(text)).toEqual(target);
  });

  it.each(['', '  ', 'command:'])('refuses %j', (text) => {
    expect(() => parseAgainst(text)).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }));
  });

  it('refuses a module that is not there before anything is measured', async () => {
    const target = parseAgainst('./no-such-module');
    await expect(benchAgainst({ target, measurement: { model: 'm.onnx', feeds: {} } })).rejects.toMatchObject(
      {
        code: 'ERR_TRT_ARG_VALUE',
        details: { specifier: './no-such-module' },
      },
    );
  });

  it('says what a command printed last where it fails', async () => {
    const target = parseAgainst("command:echo 'no such GPU' >&2; exit 3");
    await expect(benchAgainst({ target, measurement: { model: 'm.onnx', feeds: {} } })).rejects.toMatchObject(
      {
        code: 'ERR_TRT_BENCH_RESULT',
        message: expect.stringMatching(/ended with 3: no such GPU/),
        details: { stderr: 'no such GPU' },
      },
    );
  });

  it('refuses a command that prints no result', async () => {
    const target = parseAgainst('command:echo 12 ms');
    await expect(benchAgainst({ target, measurement: { model: 'm.onnx', feeds: {} } })).rejects.toMatchObject(
      {
        code: 'ERR_TRT_BENCH_RESULT',
      },
    );
  });

  it('kills a command, and what it started, when the signal comes', async () => {
    const startedAt = performance.now();
    const running = benchAgainst({
      target: parseAgainst('command:sleep 60 | cat'),
      measurement: { model: 'm.onnx', feeds: {} },
      signal: AbortSignal.timeout(100),
    });
    // The pipe stays open as long as anything of the command lives.
    await expect(running).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    expect(performance.now() - startedAt).toBeLessThan(25_000);
  });
});
