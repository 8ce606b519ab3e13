// SPDX-License-Identifier: Apache-2.0
// Builds with the real TensorRT-RTX, which needs no GPU.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { buildEngine, loadEngine, type BuildOptions } from '../../lib/index';
import {
  convModel,
  doubleModel,
  dynamicModel,
  externalModel,
  mixedTypesModel,
  reshapeModel,
  stringModel,
  unsupportedModel,
} from '../onnx-models';
import { sha256 } from '../plan-samples';
import { rejection, temporaryFolder } from '../temporary-folder';

const RTX = { runtime: 'tensorrt-rtx' } as const;
const BOTH = ['process', 'thread'] as const;
const DYNAMIC: BuildOptions = {
  ...RTX,
  dynamicAxes: { batch: [1, 2, 4], height: [8, 16, 32], width: [8, 16, 32] },
};

function modelFile(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), 'm.onnx');
  writeFileSync(path, bytes);
  return path;
}

describe('buildEngine', () => {
  it('builds the same engine from a path and from bytes, in a process each', async () => {
    const bytes = convModel();
    const fromPath = await buildEngine(modelFile(bytes), RTX);
    const fromBytes = await buildEngine(bytes, RTX);
    expect(sha256(await fromPath.data())).toBe(sha256(await fromBytes.data()));
    expect(fromPath.report()).toMatchObject({
      family: 'tensorrt-rtx',
      cached: false,
      precision: { float32: expect.any(Number) as number },
    });
    expect(fromPath.version).toMatch(/^1\.\d+\.\d+\.\d+$/);
    expect(fromPath.report().isolationStartMs).toBeGreaterThan(0);
    expect(fromPath.manifest!.model.sha256).toBe(sha256(bytes));
    expect(fromPath.manifest!.plan.sha256).toBe(sha256(await fromPath.data()));
  });

  it('builds on a thread too', async () => {
    const engine = await buildEngine(convModel(), { ...RTX, isolation: 'thread' });
    expect(engine.bytes).toBe((await engine.data()).length);
    expect(engine.report().isolationStartMs).toBeNull();
  });

  it.each(BOTH)('reads external data given as bytes and beside a file (%s)', async (isolation) => {
    const options = { ...RTX, isolation };
    const folder = temporaryFolder();
    const weights = new Uint8Array(64).fill(1);
    writeFileSync(join(folder, 'm.onnx'), externalModel());
    writeFileSync(join(folder, 'weights.bin'), weights);
    const fromFile = await buildEngine(join(folder, 'm.onnx'), options);
    const fromBytes = await buildEngine(externalModel(), {
      ...options,
      externalData: { 'weights.bin': weights },
    });
    expect(fromBytes.bytes).toBe(fromFile.bytes);
    expect(fromBytes.manifest!.model).toEqual(fromFile.manifest!.model);
    expect(fromFile.manifest!.model.externalFiles).toEqual([
      { name: 'weights.bin', bytes: 64, sha256: sha256(weights) },
    ]);
  });

  it('takes several profiles and dynamic axes by name', async () => {
    const one = await buildEngine(dynamicModel(), DYNAMIC);
    expect(one.profiles).toHaveLength(1);
    const [input] = one.inputs;
    const shape = (size: number) => ({ min: [1, 3, 8, 8], opt: [1, 3, size, size], max: [1, 3, size, size] });
    const profiles = [8, 16, 24].map((size) => ({ [input!.name]: shape(size) }));
    const three = await buildEngine(dynamicModel(), { ...RTX, profiles });
    expect(three.profiles).toEqual(profiles);
    expect(three.bytes).toBeGreaterThan(one.bytes);
  });

  it('builds with values of a shape tensor', async () => {
    const values = { min: [1, 1], opt: [3, 4], max: [12, 12] };
    const engine = await buildEngine(reshapeModel(), { ...RTX, profiles: [{ shape: { values } }] });
    expect(engine.profiles).toEqual([{ shape: { values } }]);
    expect(engine.inputs.find(({ name }) => name === 'shape')).toMatchObject({
      type: 'int64',
      dims: [2],
      isShapeTensor: true,
    });
  });

  it('names dynamic dimensions of inputs', async () => {
    const engine = await buildEngine(dynamicModel(), DYNAMIC);
    expect(engine.inputs[0]).toMatchObject({ type: 'float32', dims: ['batch', 3, 'height', 'width'] });
  });

  it('saves, loads and saves again', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'm.engine');
    const built = await buildEngine(dynamicModel(), DYNAMIC);
    await built.save(path);
    const loaded = await loadEngine(path);
    expect(loaded.manifest).toEqual(built.manifest);
    expect(loaded.inputs).toEqual(built.inputs);
    expect(Buffer.from(await loaded.data()).equals(Buffer.from(await built.data()))).toBe(true);
    await loaded.save(join(folder, 'copy.engine'));
    expect(readFileSync(join(folder, 'copy.engine')).equals(readFileSync(path))).toBe(true);
    expect(readdirSync(folder).sort()).toEqual([
      'copy.engine',
      'copy.engine.json',
      'm.engine',
      'm.engine.json',
    ]);
  });

  it.each(BOTH)('streams to outputPath (%s)', async (isolation) => {
    const folder = temporaryFolder();
    const outputPath = join(folder, 'm.engine');
    const engine = await buildEngine(convModel(), { ...RTX, isolation, outputPath });
    expect(engine.path).toBe(outputPath);
    expect(readFileSync(outputPath)).toHaveLength(engine.bytes);
    expect(readdirSync(folder).sort()).toEqual(['m.engine', 'm.engine.json']);
  });

  it.each(BOTH)('reports progress that rises to 1 (%s)', async (isolation) => {
    const fractions: number[] = [];
    await buildEngine(convModel(), {
      ...RTX,
      isolation,
      onProgress: ({ fraction }) => fractions.push(fraction),
    });
    expect(fractions.length).toBeGreaterThan(3);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.filter((fraction) => fraction === 1)).toHaveLength(1);
  });

  it('reports log lines as asked for', async () => {
    const lines: string[] = [];
    await buildEngine(convModel(), {
      ...RTX,
      logSeverity: 'verbose',
      onLog: ({ severity }) => lines.push(severity),
    });
    expect(lines).toContain('verbose');
  });

  it('targets compute capabilities', async () => {
    const engine = await buildEngine(convModel(), { ...RTX, computeCapabilities: [89, 80] });
    expect(engine.report().computeCapabilities).toEqual([80, 89]);
  });

  it.each(BOTH)('says what is wrong with a build (%s)', async (isolation) => {
    const code = async (model: Uint8Array, options: BuildOptions = {}) =>
      (await rejection(buildEngine(model, { ...RTX, isolation, ...options }))).code;
    expect(await code(convModel(), { workspaceBytes: 1 })).toBe('ERR_TRT_BUILD_WORKSPACE');
    expect(await code(unsupportedModel())).toBe('ERR_TRT_ONNX_UNSUPPORTED_OPERATOR');
    expect(await code(convModel(), { hardwareCompatibility: 'ampere+' })).toBe(
      'ERR_TRT_BUILD_OPTION_UNSUPPORTED',
    );
    expect(await code(convModel(), { computeCapabilities: [90] })).toBe('ERR_TRT_BUILD_OPTION_UNSUPPORTED');
    expect(await code(doubleModel())).toBe('ERR_TRT_ONNX_UNSUPPORTED_TYPE');
    expect(await code(stringModel())).toBe('ERR_TRT_ONNX_UNSUPPORTED_TYPE');
    expect(await code(mixedTypesModel())).toBe('ERR_TRT_BUILD_PARSE');
    expect(await code(reshapeModel())).toMatch(/^ERR_TRT_ARG_PROFILE_/);
  });

  it("keeps the caller's stack through a child process", async () => {
    async function theCaller(): Promise<void> {
      await buildEngine(convModel(), { ...RTX, workspaceBytes: 1 });
    }
    const error = await rejection(theCaller());
    expect(error.stack).toContain('theCaller');
    expect(error.log).not.toEqual([]);
  });

  it('fails where the engine cannot be kept', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'taken'));
    const error = await rejection(buildEngine(convModel(), { ...RTX, outputPath: join(folder, 'taken') }));
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_OUTPUT' });
  });
});
