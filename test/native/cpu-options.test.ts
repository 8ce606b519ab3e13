// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime's own settings, as callers see their effect. native/test/ort_settings_test.cc has each of them.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TensorRTError } from '../../lib/errors';
import type { OnnxRuntimeOptions } from '../../lib/runtime/onnx-runtime-options';
import { createSession } from '../../lib/session/create-session';
import { makeModel } from '../onnx-builder';
import { addModel, convModel, dynamicModel, externalModel } from '../onnx-models';

const open = (model: string | Uint8Array, onnxRuntime: OnnxRuntimeOptions) =>
  createSession(model, { device: 'cpu', onnxRuntime });

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'cpu-options-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Kernels of one run, of ONNX Runtime's profile. */
async function kernels(onnxRuntime: OnnxRuntimeOptions): Promise<string[]> {
  const profileFilePrefix = join(folder, 'profile');
  const session = await createSession(convModel(), { device: 'cpu', profileFilePrefix, onnxRuntime });
  await session.run({ images: new Float32Array(64) });
  await session.close();
  const [file] = readdirSync(folder);
  const events = JSON.parse(readFileSync(join(folder, file!), 'utf8')) as { name: string }[];
  rmSync(join(folder, file!));
  return events.map(({ name }) => name).filter((name) => name.endsWith('_kernel_time'));
}

describe('graphOptimizationLevel', () => {
  it('decides which kernels run', async () => {
    const all = await kernels({});
    const disabled = await kernels({ graphOptimizationLevel: 'disabled' });
    // One kernel for each node of the model; without the option the Relu is a part of its convolution.
    expect(disabled).toHaveLength(6);
    expect(disabled).toContain('relu1_kernel_time');
    expect(all).not.toContain('relu1_kernel_time');
  });

  it('goes together with a file of the model that was made', async () => {
    const file = join(folder, 'optimized.onnx');
    await using session = await open(addModel(), {
      graphOptimizationLevel: 'basic',
      optimizedModelFilePath: file,
    });
    expect((await session.run({ x: Float32Array.of(1, 2, 3, 4) })).y!.data).toEqual(
      Float32Array.of(2, 4, 6, 8),
    );
    await using again = await createSession(file, { device: 'cpu' });
    expect(again.inputs.map(({ name }) => name)).toEqual(['x']);
  });
});

describe('optimizedModelFilePath', () => {
  it('is refused where no file can be', async () => {
    await expect(
      open(addModel(), { optimizedModelFilePath: join(folder, 'missing', 'o.onnx') }),
    ).rejects.toMatchObject({ code: 'ERR_TRT_BUILD_OUTPUT' });
  });
});

describe('executionMode', () => {
  it("'parallel' gives the same numbers", async () => {
    const images = Float32Array.from({ length: 64 }, (_, index) => (index % 7) - 3);
    await using one = await open(convModel(), { executionMode: 'sequential' });
    await using other = await open(convModel(), { executionMode: 'parallel', interOpNumThreads: 2 });
    const expected = (await one.run({ images })).logits!.data as Float32Array;
    const actual = (await other.run({ images })).logits!.data as Float32Array;
    actual.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 4));
  });
});

describe('freeDimensionOverrides', () => {
  it('fix dimensions by their symbols', async () => {
    await using session = await open(dynamicModel(), {
      freeDimensionOverrides: { batch: 2, height: 4, width: 4 },
    });
    expect(session.inputs[0]!.dims).toEqual([2, 3, 4, 4]);
    await expect(
      session.run({ x: { data: new Float32Array(48), dims: [1, 3, 4, 4] } }),
    ).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SHAPE',
    });
    expect((await session.run({ x: new Float32Array(96) })).y!.dims).toEqual([2, 3, 4, 4]);
  });
});

describe('the log', () => {
  it('has the lines of a call that failed, from the severity on and under the name', async () => {
    const model = makeModel({
      inputs: [{ name: 'x', dims: ['n'] }],
      outputs: [{ name: 'y', dims: [-1] }],
      nodes: [{ op: 'Add', inputs: ['x', 'bias'], outputs: ['y'], name: 'add' }],
      initializers: [{ name: 'bias', dims: [4], data: [1, 2, 3, 4] }],
    });
    const logOf = async (onnxRuntime: OnnxRuntimeOptions) => {
      await using session = await open(model, onnxRuntime);
      const error = await session.run({ x: new Float32Array(3) }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'ERR_TRT_RUN_FAILED' });
      return (error as TensorRTError).log.map(({ message }) => message);
    };
    const lines = await logOf({ logId: 'sums', logSeverityLevel: 2 });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every((line) => line.startsWith('[sums'))).toBe(true);
    expect(await logOf({ logId: 'sums', logSeverityLevel: 4 })).toEqual([]);
  });
});

describe('configEntries', () => {
  it('reach ONNX Runtime, which refuses what it does not take', async () => {
    await using session = await open(addModel(), { configEntries: { 'session.disable_prepacking': '1' } });
    expect(session.inputs).toHaveLength(1);
    const refused = open(addModel(), { configEntries: { ['k'.repeat(5000)]: '1' } });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
  });
});

describe('externalData', () => {
  const weights = Float32Array.from({ length: 16 }, (_, index) => (index % 5 === 0 ? 2 : 0));
  const file = { path: 'weights.bin', data: new Uint8Array(weights.buffer) };

  it('stands for files that are not there', async () => {
    const x = Float32Array.of(1, 2, 3, 4);
    await using session = await open(externalModel(), { externalData: [file] });
    expect((await session.run({ x })).y!.data).toEqual(Float32Array.of(2, 4, 6, 8));
    const path = join(folder, 'model.onnx');
    writeFileSync(path, externalModel());
    await using fromPath = await open(path, { externalData: [file] });
    expect((await fromPath.run({ x })).y!.data).toEqual(Float32Array.of(2, 4, 6, 8));
  });

  it('may be gone once the call has returned', async () => {
    const data = new Uint8Array(weights.slice().buffer);
    const opening = open(externalModel(), { externalData: [{ path: 'weights.bin', data }] });
    await using session = await opening;
    data.fill(0);
    expect((await session.run({ x: Float32Array.of(1, 1, 1, 1) })).y!.data).toEqual(
      Float32Array.of(2, 2, 2, 2),
    );
  });

  it('that is too short is an error of the model', async () => {
    const short = { path: 'weights.bin', data: file.data.subarray(0, 32) };
    await expect(open(externalModel(), { externalData: [short] })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_MODEL',
    });
  });
});

describe('models that only ONNX Runtime reads', () => {
  it('run in its own format, by path and by bytes', async () => {
    const file = join(folder, 'model.ort');
    await (
      await open(addModel(), {
        optimizedModelFilePath: file,
        configEntries: { 'session.save_model_format': 'ORT' },
      })
    ).close();
    expect(existsSync(file)).toBe(true);
    const bytes = readFileSync(file);
    const renamed = join(folder, 'model.bin');
    writeFileSync(renamed, bytes);
    for (const source of [file, bytes, renamed]) {
      await using session = await createSession(source);
      expect([session.device, session.fallbackReason]).toEqual([
        'cpu',
        'a model in ORT format runs on the CPU alone',
      ]);
      expect((await session.run({ x: Float32Array.of(0, 0, 0, 0) })).y!.data).toEqual(
        Float32Array.of(1, 2, 3, 4),
      );
    }
    await expect(createSession(file, { device: 'cuda:0' })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE',
    });
  });

  it('take any dims where the model has no shape', async () => {
    const model = makeModel({
      inputs: [{ name: 'x' }],
      outputs: [{ name: 'y' }],
      nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
    });
    await using session = await createSession(model, { device: 'cpu' });
    expect(session.inputs[0]).toMatchObject({ dims: [], hasShape: false });
    for (const dims of [[], [2], [1, 2, 3], [2, 0], [1, 1, 1, 1, 1, 1, 1, 1, 2]]) {
      const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(-1);
      const { y } = await session.run({ x: { data, dims } });
      expect([y!.dims, y!.data]).toEqual([dims, data.map(() => 0)]);
      expect(session.runSync({ x: { data, dims } }).y!.dims).toEqual(dims);
    }
    await expect(session.run({ x: new Float32Array(3) })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SHAPE',
      message: expect.stringContaining('[…]') as string,
    });
    await using io = await session.createBinding({ x: [2, 2] });
    io.inputs.x.fill(5);
    await io.run();
    expect([...io.outputs.y]).toEqual([5, 5, 5, 5]);
  });
});
