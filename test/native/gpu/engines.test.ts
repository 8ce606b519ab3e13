// SPDX-License-Identifier: Apache-2.0
// Which plans load: plugins, lean runtime, and plans of other versions, GPUs and families.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Family } from '../../../lib/binding/contract';
import { loadEngine } from '../../../lib/runtime/load-engine';
import type { Manifest } from '../../../lib/runtime/manifest';
import { createSession, type SessionOptions } from '../../../lib/session/create-session';
import { counting, FAMILIES, times, useStandinGpu } from '../../gpu-session';
import { manifestFor } from '../../plan-samples';
import { makePlan, PLUGIN, SCALE, STANDIN_VERSIONS, type PlanDescription } from '../../standin-plan';

const bench = useStandinGpu();
const { gpu } = bench;
const folder = mkdtempSync(join(tmpdir(), 'gpu-engines-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A plan with a manifest that says what is different. */
async function withManifest(
  family: Family,
  plan: Uint8Array,
  changes: Partial<Manifest>,
  options: SessionOptions = {},
) {
  const version = STANDIN_VERSIONS[family].join('.');
  const manifest = manifestFor(plan, { family, version, profiles: [], ...changes });
  const libraryPath = options.runtimeLibrary ?? bench.folder(family);
  process.env.TENSORRT_NODE_LIB_DIR = bench.folder(family);
  return bench.keep(await createSession(await loadEngine(plan, { manifest, libraryPath }), options));
}

describe.each(FAMILIES)('a plan on %s', (family) => {
  it('is read from its file piece by piece', async () => {
    const path = join(folder, `${family}.engine`);
    const weights = { w: [2], unused: new Array<number>(20_000).fill(1) };
    writeFileSync(path, makePlan(family, { ...SCALE, weights }));
    process.env.TENSORRT_NODE_LIB_DIR = bench.folder(family);
    const session = bench.keep(await createSession(path));
    expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
  });

  it('that needs a plugin says which, and runs with its library', async () => {
    await expect(bench.open(family, PLUGIN)).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLUGIN',
      message: expect.stringContaining('StandinScale, version 1'),
      details: { plugin: 'StandinScale', version: '1' },
      hint: expect.stringContaining('plugins'),
    });
    const nowhere = join(folder, 'libnowhere.so');
    await expect(bench.open(family, PLUGIN, { plugins: [nowhere] })).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLUGIN',
      message: expect.stringContaining(nowhere),
    });
    const session = await bench.open(family, PLUGIN, { plugins: [gpu.pluginPath] });
    expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
  });

  it('of another version is refused, with what it needs and what is installed', async () => {
    const [major, ...rest] = STANDIN_VERSIONS[family];
    const other = [major, rest[0] - 1, 0, 5];
    await expect(bench.open(family, makePlan(family, SCALE, other))).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_VERSION',
      message: expect.stringMatching(
        new RegExp(
          `was built with .*${other.join('\\.')}; installed is .*${major}\\.${rest[0]}\\.${rest[1]}`,
        ),
      ),
    });
    // The header may say nothing of it.
    const refused = bench.open(family, { ...SCALE, deserializeVersion: 99 });
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_VERSION',
      message: expect.stringContaining('Version tag does not match'),
    });
  });

  it('for another kind of GPU is refused', async () => {
    await expect(bench.open(family, { ...SCALE, capability: 80 })).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_DEVICE',
      message: expect.stringContaining('expecting compute 9.0 got compute 8.0'),
    });
    const plan = makePlan(family, SCALE);
    await expect(withManifest(family, plan, { computeCapabilities: [80, 86] })).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_DEVICE',
      message: expect.stringMatching(/8\.0.*8\.6.*9\.0/s),
    });
    const ampere = { computeCapabilities: [80], options: { hardwareCompatibility: 'ampere+' } };
    const session = await withManifest(family, plan, ampere);
    expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
  });

  it('that is damaged is refused with the words of TensorRT', async () => {
    const plan = { ...SCALE, layers: ['nosuchlayer x y'] };
    await expect(bench.open(family, plan)).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_DESERIALIZE',
      log: expect.arrayContaining([expect.objectContaining({ severity: 'error' })]),
    });
  });

  it('of another family is refused', async () => {
    const others = FAMILIES.filter((other) => other !== family);
    for (const other of others) {
      const options = { runtimeLibrary: bench.folder(other) };
      await expect(bench.open(family, SCALE, options)).rejects.toMatchObject({
        code: 'ERR_TRT_LOAD_PLAN_FAMILY',
        message: expect.stringMatching(/was built with TensorRT.*; installed is TensorRT.* \(/),
      });
    }
  });

  it('takes options of TensorRT-RTX on TensorRT-RTX alone', async () => {
    for (const option of [
      { runtimeCache: join(folder, 'cache') },
      { dynamicShapeKernels: 'eager' as const },
    ]) {
      if (family === 'tensorrt-rtx') {
        const session = await bench.open(family, SCALE, option);
        await session.close();
        continue;
      }
      await expect(bench.open(family, SCALE, option)).rejects.toMatchObject({
        code: 'ERR_TRT_RUN_UNSUPPORTED',
        message: expect.stringMatching(/is for engines of TensorRT-RTX, but this one is of TensorRT/),
      });
    }
  });
});

describe('version-compatible plans', () => {
  const COMPATIBLE: PlanDescription = { ...SCALE, name: 'compatible', versionCompatible: true };
  const options = { versionCompatible: true };

  it('run on the lean runtime, and on the full one', async () => {
    const plan = makePlan('tensorrt-11', COMPATIBLE, [11, 0, 0, 1]);
    const lean = { runtimeLibrary: join(gpu.leanFolder, 'libnvinfer_lean.so.11') };
    for (const chosen of [lean, {}]) {
      const session = await withManifest('tensorrt-11', plan, { version: '11.0.0.1', options }, chosen);
      expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
    }
  });

  it('are no others: the lean runtime refuses those that carry no code', async () => {
    const lean = { runtimeLibrary: join(gpu.leanFolder, 'libnvinfer_lean.so.11') };
    await expect(bench.open('tensorrt-11', SCALE, lean)).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_VERSION',
      message: expect.stringContaining('the lean runtime'),
    });
    const newer = makePlan('tensorrt-11', COMPATIBLE, [11, 9, 0, 0]);
    await expect(withManifest('tensorrt-11', newer, { version: '11.9.0.0', options })).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_VERSION',
    });
  });
});
