// SPDX-License-Identifier: Apache-2.0
// What createSession() refuses, and what it says.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { loadAddon } from '../../lib/binding/load';
import { createSession } from '../../lib/session/create-session';
import { RUNTIME_VARIABLE } from '../../lib/runtime/locate-onnxruntime';
import { probeCpuRuntime } from '../../lib/runtime/probe-cpu';
import { makeModel } from '../onnx-builder';
import { addModel, identityModel } from '../onnx-models';

const folder = mkdtempSync(join(tmpdir(), 'create-session-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('devices', () => {
  it("takes the CPU for 'auto' and says why", async () => {
    const session = await createSession(addModel());
    expect(session.device).toBe('cpu');
    expect(session.fallbackReason).toMatch(/GPU/);
    await session.close();
  });

  it('never falls back from a GPU that was named', async () => {
    const { status } = await loadAddon().probeCuda();
    const codes: Record<string, string> = {
      ok: 'ERR_TRT_RUN_DEVICE',
      'not-found': 'ERR_TRT_CUDA_DRIVER_NOT_FOUND',
      'no-device': 'ERR_TRT_CUDA_NO_DEVICE',
    };
    const failure = createSession(addModel(), { device: 'cuda:0' });
    await expect(failure).rejects.toMatchObject({
      code: codes[status] ?? expect.stringMatching(/^ERR_TRT_CUDA_/),
    });
  });
});

describe('wrong arguments', () => {
  const cases: [string, Parameters<typeof createSession>[1], string][] = [
    ['an unknown option', { contextss: 2 } as never, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    ['an unknown device', { device: 'gpu' as never }, 'ERR_TRT_ARG_VALUE'],
    ['no contexts', { contexts: 0 }, 'ERR_TRT_ARG_VALUE'],
    ['half a thread', { intraOpNumThreads: 0.5 }, 'ERR_TRT_ARG_VALUE'],
    ['a negative queue', { maxQueue: -1 }, 'ERR_TRT_ARG_VALUE'],
    ['an unknown graph mode', { cudaGraph: 'always' as never }, 'ERR_TRT_ARG_VALUE'],
    ['a library that is no path', { runtimeLibrary: 5 as never }, 'ERR_TRT_ARG_TYPE'],
  ];
  it.each(cases)('refuses %s', async (_, options, code) => {
    await expect(createSession(addModel(), options)).rejects.toMatchObject({ code });
  });

  it('refuses a source that is none', async () => {
    await expect(createSession(5 as never)).rejects.toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
  });
});

describe('models', () => {
  const cpu = { device: 'cpu' } as const;

  it('says that a file is missing', async () => {
    await expect(createSession(join(folder, 'none.onnx'), cpu)).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
    });
  });

  it.each([
    ['empty.onnx', '', 'empty'],
    ['pointer.onnx', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'Git LFS'],
    ['text.onnx', 'hello, this is text\n', 'a text file'],
  ])('says what %s really is', async (name, content, text) => {
    const failure = createSession(file(name, content), cpu);
    await expect(failure).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_MODEL',
      message: expect.stringContaining(text),
    });
  });

  it('passes on why the runtime refuses a model', async () => {
    const unknown = makeModel({
      inputs: [{ name: 'x', dims: [1] }],
      outputs: [{ name: 'y', dims: [1] }],
      nodes: [{ op: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }],
    });
    const failure = createSession(unknown, cpu);
    await expect(failure).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_MODEL',
      message: expect.stringContaining('NoSuchOperator'),
    });
    const cut = identityModel().slice(0, 40);
    await expect(createSession(cut, cpu)).rejects.toMatchObject({ code: 'ERR_TRT_RUN_MODEL' });
  });

  it('refuses an input that is no tensor, by its name', async () => {
    const sequence = makeModel({
      inputs: [{ name: 'parts', dims: [1, 2], isSequence: true }],
      outputs: [{ name: 'y', dims: ['n', 2] }],
      nodes: [{ op: 'ConcatFromSequence', inputs: ['parts'], outputs: ['y'], attributes: { axis: 0 } }],
    });
    await expect(createSession(sequence, cpu)).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_MODEL',
      message: "'parts' is a sequence, map or optional; only tensors are supported",
    });
  });

  it('runs for the outputs that are tensors where others are none', async () => {
    const sequence = makeModel({
      inputs: [{ name: 'x', dims: [4, 2] }],
      outputs: [
        { name: 'parts', dims: [1, 2], isSequence: true },
        { name: 'y', dims: [4, 2] },
      ],
      nodes: [
        { op: 'SplitToSequence', inputs: ['x'], outputs: ['parts'] },
        { op: 'Neg', inputs: ['x'], outputs: ['y'] },
      ],
    });
    await using session = await createSession(sequence, cpu);
    expect(session.outputs.map(({ name, type }) => [name, type])).toEqual([
      ['parts', 'unknown'],
      ['y', 'float32'],
    ]);
    const x = Float32Array.from({ length: 8 }, (_, index) => index);
    const { y } = await session.run({ x }, { outputs: ['y'] });
    expect(y!.data).toEqual(x.map((value) => -value));
    for (const outputs of [undefined, ['parts'], ['y', 'parts']]) {
      await expect(session.run({ x }, outputs ? { outputs } : {})).rejects.toMatchObject({
        code: 'ERR_TRT_RUN_UNSUPPORTED',
        hint: expect.stringContaining('"y"') as unknown,
        details: { output: 'parts', tensors: ['y'] },
      });
    }
    await expect(session.createBinding({})).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
      message: expect.stringContaining("'parts'") as unknown,
    });
  });

  it('says of transferred bytes that there is no model', async () => {
    const model = addModel();
    structuredClone(model.buffer, { transfer: [model.buffer as ArrayBuffer] });
    await expect(createSession(model, cpu)).rejects.toMatchObject({ code: 'ERR_TRT_RUN_MODEL' });
  });
});

describe('the CPU runtime', () => {
  it('is found and tells its version', async () => {
    expect(await probeCpuRuntime()).toMatchObject({
      available: true,
      version: expect.stringMatching(/^1\.\d+/),
      reason: null,
    });
  });

  it('lists what was tried when an explicit library cannot be used', async () => {
    const broken = file('libonnxruntime.so.1', 'no library');
    for (const runtimeLibrary of [broken, folder]) {
      await expect(createSession(addModel(), { device: 'cpu', runtimeLibrary })).rejects.toMatchObject({
        code: 'ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND',
        message: expect.stringContaining(broken),
      });
    }
    const missing = createSession(addModel(), { device: 'cpu', runtimeLibrary: '/nowhere/lib.so' });
    await expect(missing).rejects.toMatchObject({
      details: { tried: [{ path: '/nowhere/lib.so', reason: expect.stringContaining('runtimeLibrary') }] },
    });
  });

  it('takes the environment variable before the packages', async () => {
    vi.stubEnv(RUNTIME_VARIABLE, '/nowhere/else.so');
    try {
      const failure = createSession(addModel(), { device: 'cpu' });
      await expect(failure).rejects.toMatchObject({ message: expect.stringContaining('/nowhere/else.so') });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
