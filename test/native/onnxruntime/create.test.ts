// SPDX-License-Identifier: Apache-2.0
// Creation on both packages: sources, names and metadata, options and what is said of wrong ones.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import { makeModel } from '../../onnx-builder';
import { addModel, dynamicModel, identityModel } from '../../onnx-models';
import { dropIn, failureOf, open, PACKAGES, plainAll, upstream } from './both';

const folder = mkdtempSync(join(tmpdir(), 'drop-in-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const path = join(folder, 'add.onnx');
writeFileSync(path, addModel());

const unranked = (): Uint8Array =>
  makeModel({
    inputs: [{ name: 'x', type: 'FLOAT' }],
    outputs: [{ name: 'y', type: 'FLOAT' }],
    nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
  });

describe('sources', () => {
  const bytes = addModel();
  const padded = new Uint8Array(bytes.length + 7);
  padded.set(bytes, 3);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);

  const makers: [string, (factory: typeof upstream.InferenceSession) => Promise<InferenceSession>][] = [
    ['a path', (factory) => factory.create(path)],
    ['a path with options', (factory) => factory.create(path, { logSeverityLevel: 3 })],
    ['bytes', (factory) => factory.create(bytes)],
    ['a view', (factory) => factory.create(padded.subarray(3, 3 + bytes.length))],
    ['a Buffer', (factory) => factory.create(readFileSync(path))],
    ['an ArrayBuffer', (factory) => factory.create(bytes.slice().buffer)],
    ['an ArrayBuffer from an offset on', (factory) => factory.create(padded.slice(0, -4).buffer, 3)],
    ['a part of an ArrayBuffer', (factory) => factory.create(padded.buffer, 3, bytes.length)],
    ['a part with options', (factory) => factory.create(padded.buffer, 3, bytes.length, { logId: 'a' })],
  ];
  it.each(makers)('%s', async (_, make) => {
    for (const [, ort] of PACKAGES) {
      const session = await make(ort.InferenceSession);
      const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]);
      expect(plainAll(await session.run({ x }))).toMatchObject({ y: { data: Float32Array.of(2, 4, 6, 8) } });
      await session.release();
    }
  });

  it('shared memory, by the drop-in', async () => {
    const session = await dropIn.InferenceSession.create(shared);
    expect(session.inputNames).toEqual(['x']);
    await session.release();
  });

  const wrong: [string, readonly unknown[]][] = [
    ['nothing', []],
    ['a number', [5]],
    ['options that are none', [path, 'fast']],
    ['no options', [path, null]],
    ['a negative offset', [padded.buffer, -1]],
    ['half an offset', [padded.buffer, 0.5]],
    ['an offset beyond the end', [padded.buffer, 1000]],
    ['a length beyond the end', [padded.buffer, 3, 1000]],
    ['providers that are no list', [path, { executionProviders: 'cpu' }]],
  ];
  it.each(wrong)('refuses %s with the same error', async (what, args) => {
    const [theirs, ours] = await Promise.all(
      [upstream, dropIn].map(({ InferenceSession }) =>
        failureOf((InferenceSession.create as (...all: readonly unknown[]) => Promise<unknown>)(...args)),
      ),
    );
    expect(ours!.name).toBe(theirs!.name);
    if (!what.startsWith('providers')) expect(ours!.message).toBe(theirs!.message);
  });
});

describe('names and metadata', () => {
  const models: [string, Uint8Array][] = [
    ['fixed', addModel()],
    ['symbols, named and not', dynamicModel(['batch', 3, 'height', -1])],
    ['no shape', unranked()],
    ['a scalar', identityModel([])],
    ['int64', identityModel([2, 0], 'INT64')],
    ['float16', identityModel(['n'], 'FLOAT16')],
    ['bool', identityModel([1], 'BOOL')],
  ];
  it.each(models)('are the same in both: %s', async (_, model) => {
    const [theirs, ours] = await Promise.all(
      [upstream, dropIn].map(async (ort) => {
        const { inputNames, outputNames, inputMetadata, outputMetadata } = await open(ort, model);
        return { inputNames, outputNames, inputMetadata, outputMetadata };
      }),
    );
    expect(ours).toEqual(theirs);
  });

  it('runs a model without shapes on any rank', async () => {
    for (const [, ort] of PACKAGES) {
      const session = await open(ort, unranked());
      const x = new ort.Tensor('float32', Float32Array.of(-1, 2), [1, 2, 1]);
      expect(plainAll(await session.run({ x }))).toMatchObject({
        y: { dims: [1, 2, 1], data: Float32Array.of(0, 2) },
      });
    }
  });

  it('refuses, in both, element types that tensors of onnxruntime-common do not have', async () => {
    for (const [, ort] of PACKAGES) {
      const failure = await failureOf(open(ort, identityModel([2], 'BFLOAT16')));
      expect(failure.message).toMatch(/Unsupported data type/);
    }
    await expect(open(dropIn, identityModel([2], 'BFLOAT16'))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
    });
  });
});

describe('models that are none', () => {
  const notThere = join(folder, 'none.onnx');
  const text = join(folder, 'text.onnx');
  writeFileSync(text, 'hello, this is text\n');

  it.each([
    ['a path that leads nowhere', notThere, 'ERR_TRT_LOAD_FILE'],
    ['a text', text, 'ERR_TRT_RUN_MODEL'],
  ])('%s: the message begins like that of onnxruntime-node', async (_, source, code) => {
    const theirs = await failureOf(upstream.InferenceSession.create(source));
    const ours = await failureOf(dropIn.InferenceSession.create(source));
    expect(theirs.message).toContain(`Load model from ${source} failed`);
    expect(ours).toMatchObject({ name: 'Error', code });
    expect(ours.message).toContain(`Load model from ${source} failed`);
  });

  it.each([
    ['bytes', Uint8Array.of(1, 2, 3)],
    ['no bytes', new Uint8Array(0)],
  ])('%s', async (_, source) => {
    expect(await failureOf(upstream.InferenceSession.create(source))).toMatchObject({ name: 'Error' });
    expect(await failureOf(dropIn.InferenceSession.create(source))).toMatchObject({
      name: 'Error',
      code: 'ERR_TRT_RUN_MODEL',
    });
  });
});

type Options = InferenceSession.SessionOptions;

describe('options that both take', () => {
  const options: [string, Options][] = [
    ['graphOptimizationLevel', { graphOptimizationLevel: 'basic' }],
    ['executionMode', { executionMode: 'parallel', interOpNumThreads: 2 }],
    ['threads', { intraOpNumThreads: 1, interOpNumThreads: 1 }],
    ['threads as it likes', { intraOpNumThreads: 0, interOpNumThreads: 0 }],
    ['memory', { enableCpuMemArena: false, enableMemPattern: false }],
    ['log', { logId: 'a', logSeverityLevel: 4, logVerbosityLevel: 0 }],
    ['extra', { extra: { session: { disable_prepacking: '1' } } }],
    ['freeDimensionOverrides', { freeDimensionOverrides: { batch: 1 } }],
    ['preferredOutputLocation', { preferredOutputLocation: { y: 'cpu' } }],
    ['preferredOutputLocation for all', { preferredOutputLocation: 'cpu' }],
    ['enableGraphCapture', { enableGraphCapture: false }],
    ['no providers', { executionProviders: [] }],
    ['a provider with options', { executionProviders: [{ name: 'cpu', useArena: true } as never] }],
    ['an option that nobody knows', { colour: 'green' } as never],
  ];
  it.each(options)('%s', async (_, given) => {
    for (const [, ort] of PACKAGES) {
      const session = await open(ort, addModel(), given);
      const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]);
      expect(plainAll(await session.run({ x }))).toMatchObject({ y: { data: Float32Array.of(2, 4, 6, 8) } });
    }
  });
});

describe('options that both refuse, with one name and one beginning of the message', () => {
  const options: [string, Options][] = [
    ['threads in words', { intraOpNumThreads: 'two' as never }],
    ['a negative number of threads', { intraOpNumThreads: -1 }],
    ['half a thread', { interOpNumThreads: 1.5 }],
    ['an unknown level', { graphOptimizationLevel: 'most' as never }],
    ['a level that is a number', { graphOptimizationLevel: 1 as never }],
    ['an unknown mode', { executionMode: 'both' as never }],
    ['an arena in words', { enableCpuMemArena: 'yes' as never }],
    ['a pattern in words', { enableMemPattern: 'yes' as never }],
    ['a path that is none', { optimizedModelFilePath: 5 as never }],
    ['an id that is none', { logId: null as never }],
    ['a severity in words', { logSeverityLevel: 'error' as never }],
    ['an unknown severity', { logSeverityLevel: 9 as never }],
    ['a profile in words', { enableProfiling: 'yes' as never }],
    ['a profile without a prefix', { enableProfiling: true }],
    ['extra that is no object', { extra: 5 as never }],
    ['an extra that is no string', { extra: { session: { a: 1 } } }],
    ['external data that is no list', { externalData: 5 as never }],
    ['external data as paths', { externalData: ['weights.bin'] }],
    ['an unknown place', { preferredOutputLocation: 'moon' as never }],
    ['an unknown place of an output', { preferredOutputLocation: { y: 'moon' } as never }],
  ];
  it.each(options)('%s', async (_, given) => {
    const theirs = await failureOf(upstream.InferenceSession.create(addModel(), given));
    const ours = await failureOf(dropIn.InferenceSession.create(addModel(), given));
    expect(ours.name).toBe(theirs.name);
    expect(ours).toMatchObject({ code: expect.stringMatching(/^ERR_TRT_ARG_/) as unknown });
    const opening = theirs.message.slice(0, theirs.message.indexOf(' must be') + 1 || undefined);
    expect(ours.message).toContain(opening);
  });

  it.each(PACKAGES)('take null for left out where the option is an object or unread: %s', async (_, ort) => {
    const names = [
      'executionProviders',
      'externalData',
      'preferredOutputLocation',
      'freeDimensionOverrides',
      'enableGraphCapture',
    ];
    const options = Object.fromEntries(names.map((name) => [name, null])) as never;
    const session = await open(ort, addModel(), options);
    const x = new ort.Tensor('float32', new Float32Array(4), [4]);
    const run = session.run({ x }, { terminate: null, extra: null } as never);
    await expect(run).resolves.toHaveProperty('y');
  });

  it('refuses a place on a GPU, which onnxruntime-node takes and forgets on the CPU', async () => {
    await expect(
      dropIn.InferenceSession.create(addModel(), { preferredOutputLocation: 'gpu-buffer' }),
    ).rejects.toMatchObject({ code: 'ERR_TRT_RUN_UNSUPPORTED' });
  });

  it('refuses the place of an output that the model does not have', async () => {
    const given: Options = { preferredOutputLocation: { nope: 'cpu' } };
    for (const [, ort] of PACKAGES) {
      const failure = await failureOf(ort.InferenceSession.create(addModel(), given));
      expect(failure).toMatchObject({ name: 'TypeError' });
      expect(failure.message).toContain('"nope" is not a valid output name');
    }
  });
});

describe('profiles', () => {
  it('are written by the drop-in when the session is released', async () => {
    const prefix = join(folder, 'profile');
    const session = await dropIn.InferenceSession.create(addModel(), {
      enableProfiling: true,
      profileFilePrefix: prefix,
    });
    session.startProfiling();
    await session.run({ x: new dropIn.Tensor('float32', new Float32Array(4), [4]) });
    session.endProfiling();
    await session.release();
    expect(readdirSync(folder).filter((name) => name.startsWith('profile'))).toHaveLength(1);
  });
});

describe('providers', () => {
  it('names those that there are where none is', async () => {
    for (const entry of ['bogus', { name: 'webgl' }, 'tensort']) {
      const failure = await failureOf(
        dropIn.InferenceSession.create(addModel(), { executionProviders: [entry] }),
      );
      expect(failure).toMatchObject({ name: 'Error', code: 'ERR_TRT_ARG_VALUE' });
      expect(failure.message).toContain('executionProviders');
      expect((failure as { hint?: string }).hint).toContain("'tensorrt', 'cuda', 'cpu'");
    }
  });

  it('leaves out what nobody serves, with a warning, where a later one can', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const session = await open(dropIn, addModel(), { executionProviders: ['xnnpack', 'cpu'] });
    expect(warn.mock.calls.flat().join()).toContain('"xnnpack"');
    expect(dropIn.sessionInfo(session)).toEqual({
      device: 'cpu',
      backend: 'onnxruntime',
      provider: 'cpu',
      fallbackReason: null,
    });
  });

  it('runs on this package although onnxruntime-node was loaded first', async () => {
    const [theirs, ours] = [await open(upstream, addModel()), await open(dropIn, addModel())];
    expect(dropIn.sessionInfo(ours).provider).toBe('cpu');
    expect(() => dropIn.sessionInfo(theirs)).toThrow(/one that another package runs/);
    expect(ours).toBeInstanceOf(dropIn.InferenceSession);
  });
});
