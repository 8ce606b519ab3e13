// SPDX-License-Identifier: Apache-2.0
// The steps of a build around a native library that is made up.
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { NativeBuildEvent, NativeBuildRequest, NativeBuildResult } from '../../../lib/binding/contract';
import type { BuildOptions } from '../../../lib/builder/build-options';
import { buildEngineIn, type BuildContext } from '../../../lib/builder/build-pipeline';
import { runNativeBuild } from '../../../lib/builder/build-job';
import { machine, oneGpu } from '../../fake-machine';
import { addModel, dynamicModel, externalModel, identityModel } from '../../onnx-models';
import { rtxPlan } from '../../plan-samples';
import { rejection, temporaryFolder } from '../../temporary-folder';

const plan = rtxPlan();

interface FakeBuild {
  context: () => BuildContext;
  requests: NativeBuildRequest[];
  temporary: string;
}

type Behaviour = (
  request: NativeBuildRequest,
  onEvents: (events: NativeBuildEvent[]) => void,
  cancelled: Promise<never>,
) => Promise<void>;

/** A machine with TensorRT-RTX whose builds do what `behave` says and then succeed. */
function fakeBuild(behave: Behaviour = () => Promise.resolve(), cuda = oneGpu()): FakeBuild {
  const here = machine({ 'libtensorrt_rtx.so.1': 10701 }, cuda);
  const requests: NativeBuildRequest[] = [];
  const build: BuildContext['addon']['build'] = (request, onEvents) => {
    requests.push(request);
    let cancel = (): void => undefined;
    const cancelled = new Promise<never>((_, reject) => {
      cancel = () => reject(Object.assign(new Error('stopped'), { code: 'ERR_TRT_BUILD_CANCELLED' }));
    });
    cancelled.catch(() => undefined);
    const promise = behave(request, onEvents, cancelled).then(() => succeed(request));
    return { promise, cancel };
  };
  const temporary = temporaryFolder();
  const addon = { ...here.addon, build };
  const context: BuildContext = {
    ...here,
    addon,
    temporaryFolder: temporary,
    runInProcess: (job, onEvents) => runNativeBuild(addon, job, onEvents),
  };
  return { context: () => context, requests, temporary };
}

function succeed({ outputPath }: NativeBuildRequest): NativeBuildResult {
  if (outputPath !== undefined) writeFileSync(outputPath, plan);
  const tensor = { name: 'x', type: 'float32', dims: [-1, 4], dimNames: ['', ''], isShapeTensor: false };
  return {
    engine: outputPath === undefined ? new Uint8Array(plan) : undefined,
    engineBytes: plan.length,
    libraryVersion: 10701,
    libraryVersionText: '1.7.1',
    inputs: [tensor],
    outputs: [{ ...tensor, name: 'y' }],
    layers: 2,
    parseMs: 1,
    buildMs: 2,
    timingCache: Buffer.from('timings'),
    log: [{ severity: 'warning', message: 'slow' }],
  };
}

const progress = (step: number): NativeBuildEvent => ({
  kind: 'progress',
  phase: 'P',
  parent: '',
  step,
  steps: 2,
  finished: false,
});

function modelFile(bytes: Uint8Array = addModel()): string {
  const path = join(temporaryFolder(), 'm.onnx');
  writeFileSync(path, bytes);
  return path;
}

describe('a build', () => {
  it.each(['process', 'thread'] as const)(
    'gives an engine in memory with its manifest (%s)',
    async (isolation) => {
      const fake = fakeBuild();
      const engine = await buildEngineIn(modelFile(), { isolation }, fake.context);
      expect(Buffer.from(await engine.data()).equals(plan)).toBe(true);
      expect(engine).toMatchObject({
        family: 'tensorrt-rtx',
        version: '1.7.1.116',
        path: null,
        cached: false,
      });
      expect(engine.manifest).toMatchObject({
        plan: { bytes: 200 },
        gpu: { name: 'Fake GPU' },
        driver: '13.0',
        warnings: ['slow'],
      });
      expect(readdirSync(fake.temporary)).toEqual([]);
    },
  );

  it('passes options on and records those that shape the engine', async () => {
    const fake = fakeBuild();
    const options: BuildOptions = {
      workspaceBytes: 99,
      optimizationLevel: 2,
      computeCapabilities: [89, 80],
      sparseWeights: false,
    };
    const engine = await buildEngineIn(modelFile(), options, fake.context);
    expect(fake.requests[0]).toMatchObject({
      workspaceBytes: 99,
      optimizationLevel: 2,
      computeCapabilities: [80, 89],
    });
    expect(engine.report().options).toEqual({
      workspaceBytes: 99,
      optimizationLevel: 2,
      computeCapabilities: [80, 89],
    });
    expect(engine.manifest!.computeCapabilities).toEqual([80, 89]);
  });

  it('sends profiles and names dynamic dimensions', async () => {
    const fake = fakeBuild();
    const options = { dynamicAxes: { batch: [1, 2, 4], height: 8, width: 8 } } as const;
    const engine = await buildEngineIn(dynamicModel(), options, fake.context);
    expect(fake.requests[0]!.profiles).toMatchObject([
      [{ isValues: false, min: [1, 3, 8, 8], max: [4, 3, 8, 8] }],
    ]);
    expect(Object.values(engine.profiles[0]!)[0]).toMatchObject({ opt: [2, 3, 8, 8] });
  });

  it('hands bytes over in a thread and writes them to files for a process, external data beside', async () => {
    const fake = fakeBuild(async ({ modelPath }) => {
      if (modelPath) expect(readdirSync(join(modelPath, '..')).sort()).toEqual(['model.onnx', 'weights.bin']);
    });
    const bytes = addModel();
    await buildEngineIn(bytes, { isolation: 'thread' }, fake.context);
    expect(fake.requests[0]!.modelBytes).toBe(bytes);
    const externalData = { 'weights.bin': new Uint8Array(64) };
    await buildEngineIn(externalModel(), { isolation: 'process', externalData }, fake.context);
    await buildEngineIn(externalModel(), { isolation: 'thread', externalData }, fake.context);
    expect(fake.requests[2]!.modelPath).toContain(fake.temporary);
    expect(readdirSync(fake.temporary)).toEqual([]);
  });

  it('writes engine and manifest to outputPath, leaving nothing beside', async () => {
    const folder = temporaryFolder();
    const outputPath = join(folder, 'm.engine');
    writeFileSync(outputPath, 'old');
    const engine = await buildEngineIn(modelFile(), { outputPath }, fakeBuild().context);
    expect(engine.path).toBe(outputPath);
    expect(readFileSync(outputPath).equals(plan)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['m.engine', 'm.engine.json']);
  });

  it('finds out before building that outputPath cannot be written', async () => {
    const fake = fakeBuild();
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'file'), '');
    for (const path of ['none/m.engine', 'taken', 'file/m.engine']) {
      const error = await rejection(
        buildEngineIn(modelFile(), { outputPath: join(folder, path) }, fake.context),
      );
      expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_OUTPUT' });
    }
    expect(fake.requests).toHaveLength(0);
  });

  it('refuses an outputPath whose manifest cannot be written, and leaves the old engine', async () => {
    const fake = fakeBuild();
    const outputPath = join(temporaryFolder(), 'm.engine');
    writeFileSync(outputPath, 'old');
    mkdirSync(`${outputPath}.json`);
    const error = await rejection(buildEngineIn(modelFile(), { outputPath }, fake.context));
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_OUTPUT' });
    expect(error.message).toContain('m.engine.json');
    expect(readFileSync(outputPath, 'utf8')).toBe('old');
    expect(fake.requests).toHaveLength(0);
  });

  it('refuses to overwrite what it builds from', async () => {
    const fake = fakeBuild();
    const folder = temporaryFolder();
    const path = (name: string) => join(folder, name);
    writeFileSync(path('m.onnx'), externalModel());
    writeFileSync(path('weights.bin'), new Uint8Array(64));
    writeFileSync(path('x.engine.json'), addModel());
    symlinkSync(path('m.onnx'), path('link.engine'));
    linkSync(path('weights.bin'), path('hard.engine'));
    for (const [model, output] of [
      ['m.onnx', 'm.onnx'],
      ['m.onnx', 'link.engine'],
      ['m.onnx', 'weights.bin'],
      ['m.onnx', 'hard.engine'],
      ['x.engine.json', 'x.engine'],
    ] as const) {
      const error = await rejection(buildEngineIn(path(model), { outputPath: path(output) }, fake.context));
      expect(error, output).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
      expect(error.message).toContain('"outputPath" would overwrite');
    }
    expect(fake.requests).toHaveLength(0);
    expect(readFileSync(path('m.onnx')).equals(externalModel())).toBe(true);
  });

  it('does not build when a warning before it makes onLog throw', async () => {
    const fake = fakeBuild();
    const thrown = new Error('enough');
    const onLog = () => {
      throw thrown;
    };
    const error = await rejection(buildEngineIn(identityModel([4], 'FLOAT', 26), { onLog }, fake.context));
    expect(error).toBe(thrown);
    expect(fake.requests).toHaveLength(0);
  });

  it('uses the cache, in memory and in a file', async () => {
    const fake = fakeBuild();
    const options = { cacheDir: join(fake.temporary, 'cache') };
    const outputPath = join(fake.temporary, 'm.engine');
    const model = modelFile();
    expect((await buildEngineIn(model, options, fake.context)).cached).toBe(false);
    expect((await buildEngineIn(model, options, fake.context)).cached).toBe(true);
    const copied = await buildEngineIn(model, { ...options, outputPath }, fake.context);
    expect(copied).toMatchObject({ cached: true, path: outputPath });
    expect(fake.requests).toHaveLength(1);
    expect((await buildEngineIn(model, { ...options, workspaceBytes: 1 }, fake.context)).cached).toBe(false);
  });

  it('reads the timing cache and writes it back', async () => {
    const fake = fakeBuild();
    const timingCache = join(fake.temporary, 'timing.cache');
    await buildEngineIn(modelFile(), { timingCache }, fake.context);
    expect(fake.requests[0]).toMatchObject({ useTimingCache: true, timingCache: undefined });
    expect(readFileSync(timingCache, 'utf8')).toBe('timings');
    await buildEngineIn(modelFile(), { timingCache, isolation: 'thread' }, fake.context);
    expect(Buffer.from(fake.requests[1]!.timingCache!).toString()).toBe('timings');
    const engine = await buildEngineIn(
      modelFile(),
      { timingCache: join(fake.temporary, 'none', 'x') },
      fake.context,
    );
    expect(engine.report().warnings.join()).toContain('was not written');
    expect(
      await rejection(buildEngineIn(modelFile(), { timingCache: fake.temporary }, fake.context)),
    ).toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
    });
  });

  it('reports progress that ends with 1, and the log', async () => {
    const fake = fakeBuild(async (_request, onEvents) => {
      onEvents([progress(0), progress(1), { kind: 'log', line: { severity: 'warning', message: 'slow' } }]);
    });
    const fractions: number[] = [];
    const lines: string[] = [];
    await buildEngineIn(
      modelFile(),
      { onProgress: (p) => fractions.push(p.fraction), onLog: (l) => lines.push(l.message) },
      fake.context,
    );
    expect(fractions).toEqual([...fractions].sort());
    expect(fractions.at(-1)).toBe(1);
    expect(lines).toEqual(['slow']);
  });

  it('is cancelled by its signal, whose reason is the cause', async () => {
    const controller = new AbortController();
    const fake = fakeBuild(async (_request, _onEvents, cancelled) => {
      controller.abort('enough');
      await cancelled;
    });
    const outputPath = join(fake.temporary, 'm.engine');
    const error = await rejection(
      buildEngineIn(modelFile(), { signal: controller.signal, outputPath }, fake.context),
    );
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_CANCELLED', cause: 'enough' });
    expect(readdirSync(fake.temporary)).toEqual([]);
    const late = await rejection(buildEngineIn(modelFile(), { signal: AbortSignal.abort() }, fake.context));
    expect(late).toMatchObject({ code: 'ERR_TRT_BUILD_CANCELLED' });
    expect(fake.requests).toHaveLength(1);
  });

  it('is cancelled even if it succeeds all the same', async () => {
    const controller = new AbortController();
    const fake = fakeBuild(async () => controller.abort());
    const error = await rejection(buildEngineIn(modelFile(), { signal: controller.signal }, fake.context));
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_CANCELLED' });
  });

  it('stops with the error that a function of the caller throws', async () => {
    const fake = fakeBuild(async (_request, onEvents, cancelled) => {
      onEvents([progress(0)]);
      await cancelled;
    });
    const mine = new Error('mine');
    const onProgress = (): void => {
      throw mine;
    };
    expect(await rejection(buildEngineIn(modelFile(), { onProgress }, fake.context))).toBe(mine);
  });

  it('turns a native failure into ours and cleans up', async () => {
    const fake = fakeBuild(() => {
      const log = [{ severity: 'error', message: 'layer 3' }];
      return Promise.reject(Object.assign(new Error('no'), { code: 'ERR_TRT_BUILD_WORKSPACE', log }));
    });
    const cacheDir = join(fake.temporary, 'cache');
    for (const options of [{}, { cacheDir }, { outputPath: join(fake.temporary, 'm.engine') }]) {
      const error = await rejection(buildEngineIn(modelFile(), options, fake.context));
      expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_WORKSPACE', log: [{ message: 'layer 3' }] });
    }
    expect(readdirSync(fake.temporary)).toEqual(['cache']);
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  it('checks arguments before it needs the addon', async () => {
    const noAddon = (): never => {
      throw new Error('the addon was asked for');
    };
    const codes = async (model: unknown, options: BuildOptions = {}) =>
      (await rejection(buildEngineIn(model as string, options, noAddon))).code;
    expect(await codes(5)).toBe('ERR_TRT_ARG_TYPE');
    expect(await codes('')).toBe('ERR_TRT_ARG_TYPE');
    expect(await codes(join(temporaryFolder(), 'none.onnx'))).toBe('ERR_TRT_ONNX_FILE_NOT_FOUND');
    expect(await codes(dynamicModel())).toBe('ERR_TRT_ARG_PROFILE_MISSING');
    expect(await codes(identityModel([4], 'FLOAT16'), { precision: 'int8', calibration: [1] as never })).toBe(
      'ERR_TRT_BUILD_PRECISION',
    );
    expect(await codes(externalModel())).toBe('ERR_TRT_ONNX_EXTERNAL_DATA_MISSING');
  });

  it('refuses external data for a model that is a path', async () => {
    const fake = fakeBuild();
    const externalData = { 'weights.bin': new Uint8Array(64) };
    const error = await rejection(buildEngineIn(modelFile(externalModel()), { externalData }, fake.context));
    expect(error).toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining('a path has its files beside it') as string,
    });
  });

  it('says with a code why a build could not even be started', async () => {
    const fake = fakeBuild();
    const runInProcess = (): never => {
      throw Object.assign(new Error('spawn ENOMEM'), { code: 'ENOMEM' });
    };
    const error = await rejection(
      buildEngineIn(modelFile(), {}, () => ({ ...fake.context(), runInProcess })),
    );
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_FAILED', cause: { code: 'ENOMEM' } });
    expect(readdirSync(fake.temporary)).toEqual([]);
  });

  it('refuses external data that would lie elsewhere', async () => {
    const fake = fakeBuild();
    const externalData = { 'weights.bin': new Uint8Array(64), '../escape': new Uint8Array(1) };
    const error = await rejection(buildEngineIn(externalModel(), { externalData }, fake.context));
    expect(error).toMatchObject({ code: 'ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE' });
    expect(existsSync(join(fake.temporary, 'escape'))).toBe(false);
    expect(readdirSync(fake.temporary)).toEqual([]);
  });
});

describe('a pipeline in the manifest', () => {
  const spec = {
    version: 1,
    task: 'tensors',
    pre: { kind: 'image', size: 4 },
    post: { kind: 'tensors' },
  } as const;
  const images = (): Uint8Array => identityModel([1, 3, 4, 4]);

  it('is kept, with and without a cache that other builds share', async () => {
    const cacheDir = temporaryFolder();
    const fake = fakeBuild();
    const plain = await buildEngineIn(images(), { cacheDir }, fake.context);
    expect(plain.manifest).not.toHaveProperty('pipeline');
    const outputPath = join(temporaryFolder(), 'm.engine');
    const cached = await buildEngineIn(images(), { cacheDir, outputPath, pipeline: spec }, fake.context);
    expect(cached.cached).toBe(true);
    expect(JSON.parse(readFileSync(`${outputPath}.json`, 'utf8'))).toMatchObject({ pipeline: spec });
    const again = await buildEngineIn(images(), { cacheDir }, fake.context);
    expect(again.manifest).not.toHaveProperty('pipeline');
    const built = await buildEngineIn(images(), { pipeline: spec }, fakeBuild().context);
    expect(built.manifest!.pipeline).toEqual(spec);
  });

  it('is refused before the build where it is wrong, or does not fit the model', async () => {
    const fake = fakeBuild();
    const other = { ...spec, pre: { kind: 'image', size: 5 } } as const;
    for (const pipeline of [other, { ...spec, task: 'classification' } as never]) {
      const error = await rejection(buildEngineIn(images(), { pipeline }, fake.context));
      expect(error).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    }
    expect(fake.requests).toEqual([]);
  });
});
