// SPDX-License-Identifier: Apache-2.0
// From an ONNX model to an Engine, as a list of steps. Each is a function of its own file; this one puts them in order
// and sees to it that nothing is left behind.

import { dirname, resolve } from 'node:path';
import { tmpdir } from 'node:os';

import type { NativeAddon } from '../binding/contract';
import { loadAddon } from '../binding/load';
import type { CallSite } from '../binding/native-error';
import { driverLibrary } from '../runtime/driver-library';
import { Engine } from '../runtime/engine';
import { currentPlaces } from '../runtime/locate-tensorrt';
import type { Manifest } from '../runtime/manifest';
import type { SelectionContext } from '../runtime/select-library';
import { BuildFolder } from './build-folder';
import { validateBuildOptions, type BuildOptions, type BuildSettings } from './build-options';
import { runBuildInProcess, type ProcessRunnerOptions } from './build-process';
import { runNativeBuild, type BuildJob, type BuildRunner } from './build-job';
import { BuildWatcher } from './build-watcher';
import { cacheKey, shapingOptions } from './cache-key';
import { throwIfCancelled } from './cancellation';
import { deliverFile, digestPlan, planVersion } from './deliver-engine';
import { EngineCache } from './engine-cache';
import { makeManifest } from './make-manifest';
import { digestModel, type ModelDigest } from './model-digest';
import { checkOutputPath, checkSourcesAreSafe } from './output-path';
import { prepareBuild, type PreparedBuild } from './prepare-build';
import { followBuild } from './run-build';
import { digestTimingCache, saveTimingCache } from './timing-cache';

/** The world outside of a build; tests replace parts. */
export interface BuildContext extends SelectionContext {
  addon: Pick<NativeAddon, 'build' | 'probeCuda' | 'probeTensorRt'>;
  /** Where files go that end up nowhere else. */
  temporaryFolder: string;
  runInProcess(
    job: BuildJob,
    onEvents: Parameters<BuildRunner>[1],
    options: ProcessRunnerOptions,
  ): ReturnType<BuildRunner>;
}

/** This machine. Opens the addon. */
export function currentContext(): BuildContext {
  return {
    addon: loadAddon(),
    places: currentPlaces(),
    driverLibrary: driverLibrary(),
    temporaryFolder: tmpdir(),
    runInProcess: runBuildInProcess,
  };
}

/** `buildEngine()` in a given world, which is asked for when native code is first needed. */
export async function buildEngineIn(
  model: string | Uint8Array,
  options: BuildOptions,
  context: () => BuildContext,
  callSite?: CallSite,
): Promise<Engine> {
  const settings = validateBuildOptions(options);
  throwIfCancelled(settings.signal);
  const watcher = new BuildWatcher(settings);
  await checkOutput(settings, typeof model === 'string' ? [model] : []);
  const spec = await readSpec(settings);
  const prepared = await prepareBuild(model, settings, context);
  try {
    await checkOutput(settings, externalPaths(prepared));
    spec?.requireFit(prepared.info);
    return await buildPrepared({
      ...prepared,
      settings: settingsOf(prepared, settings),
      ...(spec === undefined ? {} : { pipeline: spec.pipeline }),
      watcher,
      callSite,
      context: context(),
    });
  } finally {
    await prepared.release();
  }
}

/** The spec of what comes before and after the model, checked by itself. */
async function readSpec({ pipeline }: BuildSettings) {
  if (pipeline === undefined) return undefined;
  // Most builds have none.
  const [{ readPipelineSpec }, { fitSpec }] = await Promise.all([
    import('../pipeline/spec/read-spec.js'),
    import('../pipeline/spec/fit-model.js'),
  ]);
  const spec = await readPipelineSpec(pipeline);
  return {
    pipeline: spec as unknown as Manifest['pipeline'],
    requireFit: (info: PreparedBuild['info']): unknown => fitSpec(spec, info),
  };
}

/** What a manifest says besides how the plan came about: never part of what the cache keeps. */
function withSpec(manifest: Manifest, { pipeline }: Build): Manifest {
  return pipeline === undefined ? manifest : { ...manifest, pipeline };
}

/** A rewritten model has its weights with it, whatever was given beside the first one. */
function settingsOf({ rewritten }: PreparedBuild, settings: BuildSettings): BuildSettings {
  if (rewritten === null) return settings;
  const { externalData: _, ...rest } = settings;
  return rest;
}

async function buildPrepared(build: Build): Promise<Engine> {
  const { watcher, settings, warnings } = build;
  for (const warning of warnings) watcher.warn(warning);
  watcher.throwIfFailed();
  const engine = await (settings.cacheDir === undefined
    ? buildWithoutCache(build)
    : buildWithCache(build, settings.cacheDir));
  watcher.end();
  watcher.throwIfFailed();
  return engine;
}

async function checkOutput({ outputPath }: BuildSettings, sources: readonly string[]): Promise<void> {
  if (outputPath === undefined) return;
  await checkOutputPath(resolve(outputPath));
  await checkSourcesAreSafe(outputPath, sources);
}

/** Files that the model keeps its weights in. */
function externalPaths({ model, info }: PreparedBuild): string[] {
  return typeof model === 'string' ? info.externalFiles.map((name) => resolve(dirname(model), name)) : [];
}

/** A build as its steps see it. */
interface Build extends PreparedBuild {
  settings: BuildSettings;
  watcher: BuildWatcher;
  callSite?: CallSite;
  context: BuildContext;
  /** For the manifest. */
  pipeline?: Manifest['pipeline'];
}

/** A plan that was just built, still where the build put it. */
interface BuiltPlan {
  manifest: Manifest;
  /** File in the build's folder, or content. */
  plan: string | Uint8Array;
  isolationStartMs: number | null;
}

async function buildWithoutCache(build: Build): Promise<Engine> {
  const folder = needsFolder(build) ? await BuildFolder.create(folderParent(build)) : null;
  try {
    // Hashing gigabytes of weights takes as long as building: both at once.
    const digest = digestOf(build);
    digest.catch(() => undefined);
    const built = await buildPlan(build, folder, digest);
    return await deliver(build, built);
  } finally {
    await folder?.remove();
  }
}

async function buildWithCache(build: Build, cacheDir: string): Promise<Engine> {
  const { settings, request, library, cuda, watcher } = build;
  const digest = await digestOf(build);
  const timingCache = await digestTimingCache(settings.timingCache);
  const key = cacheKey({ model: digest, options: shapingOptions(request), library, cuda, timingCache });
  let isolationStartMs: number | null = null;
  const entry = await new EngineCache(resolve(cacheDir)).getOrBuild(
    key,
    async (folder) => {
      const built = await buildPlan(build, folder, Promise.resolve(digest));
      isolationStartMs = built.isolationStartMs;
      return { path: built.plan as string, manifest: built.manifest };
    },
    settings.signal,
  );
  for (const warning of entry.warnings) watcher.warn(warning);
  const manifest = withSpec(entry.manifest, build);
  const source = await deliverFile(entry.path, manifest, settings.outputPath, 'copy');
  return toEngine(build, manifest, source, {
    cached: entry.cached,
    isolationStartMs,
    warnings: entry.warnings,
  });
}

function digestOf({ model, info, settings }: Build): Promise<ModelDigest> {
  const { externalData, signal } = settings;
  return digestModel({ model, externalFiles: info.externalFiles, externalData }, signal);
}

/** Whether files are needed: for a child process, for an engine that goes to a file, for external data in memory. */
function needsFolder({ settings, model, info }: Build): boolean {
  const hasLooseData = typeof model !== 'string' && info.externalFiles.length > 0;
  return (
    settings.isolation === 'process' ||
    settings.outputPath !== undefined ||
    typeof settings.timingCache === 'string' ||
    hasLooseData
  );
}

/** On the same disk as the engine's place, so that it can be moved there. */
function folderParent({ settings, context }: Build): string {
  return settings.outputPath === undefined ? context.temporaryFolder : dirname(resolve(settings.outputPath));
}

/** Runs TensorRT and describes what came out. */
async function buildPlan(
  build: Build,
  folder: BuildFolder | null,
  digest: Promise<ModelDigest>,
): Promise<BuiltPlan> {
  const { settings, watcher, callSite, context } = build;
  const job = await makeJob(build, folder);
  const outcome = await followBuild(
    () => {
      const onEvents: Parameters<BuildRunner>[1] = (events) => watcher.take(events);
      if (settings.isolation === 'thread') return runNativeBuild(context.addon, job, onEvents);
      return context.runInProcess(job, onEvents, { cleanup: [folder!.path] });
    },
    { watcher, signal: settings.signal, callSite },
  );
  const plan = job.request.outputPath ?? outcome.engine!;
  const warnings = [
    ...build.warnings,
    ...(await saveTimingCache(job.timingCacheOutput, settings.timingCache)),
  ];
  const manifest = makeManifest({
    ...build,
    request: job.request,
    outcome,
    version: await planVersion(plan, build.library.version),
    model: build.rewritten?.source ?? (await digest),
    rewrite: build.rewritten?.rewrite,
    plan: await digestPlan(plan, settings.signal),
    warnings,
  });
  throwIfCancelled(settings.signal);
  return { manifest, plan, isolationStartMs: outcome.isolationStartMs };
}

async function makeJob(
  { model, request, settings, info }: Build,
  folder: BuildFolder | null,
): Promise<BuildJob> {
  const isInMemory =
    typeof model !== 'string' &&
    (folder === null || (settings.isolation === 'thread' && info.externalFiles.length === 0));
  const source = isInMemory
    ? { modelBytes: model }
    : {
        modelPath:
          typeof model === 'string'
            ? model
            : await folder!.writeModel(model, settings.externalData, settings.signal),
      };
  const keepsInMemory =
    settings.isolation === 'thread' && settings.outputPath === undefined && settings.cacheDir === undefined;
  const usesFile = typeof settings.timingCache === 'string';
  return {
    request: {
      ...request,
      ...source,
      ...(keepsInMemory || folder === null ? {} : { outputPath: folder.file('engine') }),
    },
    timingCacheInput: usesFile ? resolve(settings.timingCache as string) : undefined,
    timingCacheOutput: usesFile ? folder!.file('timing-cache') : undefined,
  };
}

async function deliver(build: Build, { plan, isolationStartMs, ...built }: BuiltPlan): Promise<Engine> {
  const manifest = withSpec(built.manifest, build);
  const source =
    typeof plan === 'string'
      ? await deliverFile(plan, manifest, build.settings.outputPath, 'move')
      : { bytes: plan };
  return toEngine(build, manifest, source, { cached: false, isolationStartMs, warnings: [] });
}

function toEngine(
  { library }: Build,
  manifest: Manifest,
  source: { path: string } | { bytes: Uint8Array },
  build: { cached: boolean; isolationStartMs: number | null; warnings: string[] },
): Engine {
  return new Engine({
    family: library.family,
    version: manifest.version,
    manifest,
    source,
    bytes: manifest.plan.bytes,
    build,
  });
}
