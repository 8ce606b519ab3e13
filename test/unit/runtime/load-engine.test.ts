// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { NativeCudaReport } from '../../../lib/binding/contract';
import type { LoadOptions } from '../../../lib/runtime/load-engine';
import { loadEngineOn } from '../../../lib/runtime/load-pipeline';
import type { Manifest } from '../../../lib/runtime/manifest';
import type { SelectionContext } from '../../../lib/runtime/select-library';
import { machine, noDriver, oneGpu, type FakeLibraries } from '../../fake-machine';
import { manifestFor, rtxPlan, tensorRtPlan } from '../../plan-samples';
import { rejection, temporaryFolder } from '../../temporary-folder';

const plan = rtxPlan();

function save(bytes: Uint8Array, manifest?: Manifest): string {
  const path = join(temporaryFolder(), 'm.engine');
  writeFileSync(path, bytes);
  if (manifest) writeFileSync(`${path}.json`, JSON.stringify(manifest));
  return path;
}

function load(
  source: string | Uint8Array,
  options: LoadOptions = {},
  context: SelectionContext = machine({}),
) {
  return loadEngineOn(source, options, context);
}

const rtx: FakeLibraries = { 'libtensorrt_rtx.so.1': 10701 };

function withGpu(libraries: FakeLibraries, cuda: NativeCudaReport): SelectionContext {
  return machine(libraries, cuda);
}

describe('loadEngine', () => {
  it('loads a file with its manifest and keeps the bytes on disk', async () => {
    const path = save(plan, manifestFor(plan));
    const engine = await load(path, {}, machine(rtx));
    expect(engine).toMatchObject({
      path,
      family: 'tensorrt-rtx',
      version: '1.7.1.116',
      bytes: 200,
      cached: false,
    });
    expect(engine.inputs[0]!.name).toBe('x');
    expect(Buffer.from(await engine.data()).equals(plan)).toBe(true);
  });

  it('loads bytes with a manifest by hand, by path, or without', async () => {
    const path = save(plan, manifestFor(plan));
    expect((await load(plan, { manifest: manifestFor(plan) })).inputs).toHaveLength(1);
    expect((await load(plan, { manifest: `${path}.json` })).inputs).toHaveLength(1);
    expect((await load(plan)).manifest).toBeNull();
    expect((await load(path, { manifest: false })).manifest).toBeNull();
  });

  it('misses a manifest that was named', async () => {
    const error = await rejection(load(plan, { manifest: join(temporaryFolder(), 'none.json') }));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_MANIFEST_MISSING' });
  });

  it('refuses a manifest of another plan, naming what differs', async () => {
    const other = rtxPlan();
    other[150] = 1;
    expect(await rejection(load(save(other, manifestFor(plan))))).toMatchObject({
      code: 'ERR_TRT_LOAD_MANIFEST_MISMATCH',
    });
    const error = await rejection(load(plan, { manifest: manifestFor(plan, { version: '1.6.1.120' }) }));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_MANIFEST_MISMATCH' });
    expect(error.message).toContain('1.6.1.120');
  });

  it('refuses a manifest with a wrong field', async () => {
    const manifest = { ...manifestFor(plan), layers: 'many' } as unknown as Manifest;
    expect(await rejection(load(plan, { manifest }))).toMatchObject({
      code: 'ERR_TRT_LOAD_MANIFEST_INVALID',
    });
  });

  it('refuses a plan of a family that is not installed, naming what is', async () => {
    const error = await rejection(load(tensorRtPlan(), {}, machine(rtx)));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_PLAN_FAMILY' });
    expect(error.message).toMatch(/TensorRT 10 10\.16\.1\.4; installed is TensorRT-RTX 1\.7\.1/);
  });

  it('refuses a plan of another version', async () => {
    expect(await rejection(load(rtxPlan([1, 6, 1, 120]), {}, machine(rtx)))).toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_VERSION',
    });
    expect(await rejection(load(tensorRtPlan([8, 6, 1, 6])))).toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_VERSION',
    });
  });

  it('takes a version-compatible plan of an older release and no newer one', async () => {
    const libraries = { 'libnvinfer.so.10': 101601 };
    const compatible = (version: string, bytes: Uint8Array) =>
      manifestFor(bytes, { family: 'tensorrt-10', version, options: { versionCompatible: true } });
    const older = tensorRtPlan([10, 10, 0, 31]);
    const newer = tensorRtPlan([10, 17, 0, 1]);
    await load(older, { manifest: compatible('10.10.0.31', older) }, machine(libraries, oneGpu()));
    expect(
      await rejection(
        load(newer, { manifest: compatible('10.17.0.1', newer) }, machine(libraries, oneGpu())),
      ),
    ).toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_VERSION',
    });
  });

  it('says nothing about a machine without any TensorRT', async () => {
    expect((await load(rtxPlan([1, 6, 1, 120]))).version).toBe('1.6.1.120');
  });

  it('refuses a plan for another GPU and accepts Ampere compatibility', async () => {
    const built = { computeCapabilities: [80], gpu: { name: 'NVIDIA A100', computeCapability: 80 } };
    const manifest = manifestFor(plan, built);
    const error = await rejection(load(plan, { manifest }, withGpu(rtx, oneGpu(90))));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_PLAN_DEVICE' });
    expect(error.message).toMatch(
      /needs compute capability 8\.0, as it was built on NVIDIA A100; this machine has .* \(9\.0\)/,
    );
    const ampere = manifestFor(plan, { ...built, options: { hardwareCompatibility: 'ampere+' } });
    await load(plan, { manifest: ampere }, withGpu(rtx, oneGpu(90)));
    await load(plan, { manifest }, withGpu(rtx, oneGpu(80)));
    await load(plan, { manifest }, withGpu(rtx, noDriver()));
  });

  it('refuses wrong arguments', async () => {
    expect(await rejection(load(5 as unknown as string))).toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
    expect(await rejection(load(''))).toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
    expect(await rejection(load(plan, { manifset: false } as LoadOptions))).toMatchObject({
      code: 'ERR_TRT_ARG_UNKNOWN_OPTION',
      message: expect.stringContaining('Did you mean "manifest"?') as string,
    });
    expect(await rejection(load(plan, { manifest: 5 as unknown as string }))).toMatchObject({
      code: 'ERR_TRT_ARG_TYPE',
    });
  });
});
