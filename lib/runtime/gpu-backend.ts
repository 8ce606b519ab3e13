// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

import type {
  NativeAddon,
  NativeFinished,
  NativeGpuSessionRequest,
  NativeSession,
} from '../binding/contract';
import { loadAddon } from '../binding/load';
import { fromNativeError } from '../binding/native-error';
import { TensorRTError } from '../errors';
import type { ExecutionBackend } from './backend';
import type { Engine } from './engine';
import type { GpuName } from './gpu-device';
import { FAMILY_NAMES } from './library-version';
import { readRuntimeCache, writeRuntimeCache } from './runtime-cache';
import type { RuntimeLibrary } from './runtime-library';

/** How an engine runs: the part of the session's options that TensorRT and CUDA see. */
export interface GpuSettings {
  readonly contexts: number;
  readonly maxQueue: number;
  readonly cudaGraph: 'auto' | 'on' | 'off';
  readonly cudaGraphLimit: number;
  readonly contextMemory: 'static' | 'on-profile-change' | 'shared';
  readonly profile: 'auto' | number;
  readonly streamPriority: 'low' | 'normal' | 'high';
  readonly auxStreams: boolean;
  readonly spinWait: boolean;
  readonly stageTimes?: boolean | undefined;
  readonly persistentCacheBytes?: number | undefined;
  readonly weightStreamingBudgetBytes?: number | 'auto' | undefined;
  readonly pinnedMemoryBytes?: number | undefined;
  readonly plugins?: readonly string[] | undefined;
  readonly runtimeCache?: string | undefined;
  readonly dynamicShapeKernels?: 'lazy' | 'eager' | 'none' | undefined;
}

/** What the GPU backend is made of. */
export interface GpuBackendOptions {
  readonly engine: Engine;
  readonly device: GpuName;
  readonly ordinal: number;
  readonly library: RuntimeLibrary;
  /** Default: the system's. */
  readonly driverLibrary?: string | undefined;
  readonly settings: GpuSettings;
  /** Replaced by tests. */
  readonly addon?: Pick<NativeAddon, 'createSession'>;
}

/** TensorRT on an NVIDIA GPU. */
export class GpuBackend implements ExecutionBackend {
  readonly name = 'tensorrt';
  readonly device: string;
  readonly profile?: number;
  readonly #options: GpuBackendOptions;

  /** @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED`, `ERR_TRT_ARG_VALUE` for settings that the engine cannot have. */
  constructor(options: GpuBackendOptions) {
    checkSettings(options);
    const { profile } = options.settings;
    this.device = options.device;
    if (profile !== 'auto') this.profile = profile;
    this.#options = options;
  }

  /**
   * Loads the engine: from its file piece by piece where TensorRT can, else from memory.
   *
   * @throws {TensorRTError} `ERR_TRT_LOAD_DESERIALIZE`, `ERR_TRT_LOAD_PLUGIN`, `ERR_TRT_CUDA_*`, `ERR_TRT_LOAD_FILE`.
   */
  async load(onFinished: (finished: NativeFinished) => void): Promise<NativeSession> {
    const { engine, settings, addon = loadAddon() } = this.#options;
    const plan = engine.path === null ? { planBytes: await engine.data() } : { planPath: engine.path };
    const cache =
      settings.runtimeCache === undefined ? undefined : await readRuntimeCache(settings.runtimeCache);
    const request = { ...toRequest(this.#options), ...plan, ...(cache && { runtimeCache: cache }) };
    try {
      return await addon.createSession(request, onFinished);
    } catch (error) {
      const failure = fromNativeError(error, 'ERR_TRT_LOAD_DESERIALIZE');
      // No call was made yet, so it is about the option. Without a manifest only the plan itself tells the number.
      if (failure.code !== 'ERR_TRT_RUN_PROFILE') throw failure;
      throw new TensorRTError('ERR_TRT_ARG_VALUE', `Option "profile" is out of range. ${failure.message}`, {
        hint: "Pass the number of one of the engine's profiles, counted from 0, or leave it at 'auto'.",
        details: { ...failure.details, option: 'profile', received: settings.profile },
      });
    }
  }

  /** Writes the runtime cache, if there is one to keep. */
  async finish(ask: (what: 'runtime-cache') => Promise<unknown>): Promise<void> {
    const { runtimeCache } = this.#options.settings;
    if (runtimeCache === undefined) return;
    let bytes: Uint8Array;
    try {
      const answer = (await ask('runtime-cache')) as Uint8Array | ArrayBuffer;
      bytes = answer instanceof Uint8Array ? answer : new Uint8Array(answer);
    } catch {
      // A device that was lost has nothing to keep, and closing is the right thing to do with it.
      return;
    }
    if (bytes.length > 0) await writeRuntimeCache(runtimeCache, bytes);
  }
}

function toRequest(options: GpuBackendOptions): NativeGpuSessionRequest {
  const { engine, library, ordinal, driverLibrary, settings } = options;
  const { profile, plugins, weightStreamingBudgetBytes: budget, runtimeCache: _, ...same } = settings;
  const request = {
    ...same,
    backend: 'tensorrt' as const,
    library: library.path,
    parserLibrary: library.parserLibrary,
    driverLibrary,
    device: ordinal,
    pluginLibraries: plugins?.map((path) => (path.includes('/') ? resolve(path) : path)),
    // The plan of a version-compatible engine brings the lean runtime's code with it.
    allowHostCode: engine.manifest?.options.versionCompatible === true ? true : undefined,
    profile: profile === 'auto' ? undefined : profile,
    weightStreamingBudgetBytes: budget === 'auto' ? -1 : budget,
  };
  // Absent is the contract's word for TensorRT's default.
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as NativeGpuSessionRequest;
}

/** Options that only TensorRT-RTX has. */
const RTX_OPTIONS = ['runtimeCache', 'dynamicShapeKernels'] as const;

function checkSettings({ engine, settings }: GpuBackendOptions): void {
  const wrong = RTX_OPTIONS.find((name) => settings[name] !== undefined);
  if (wrong !== undefined && engine.family !== 'tensorrt-rtx') {
    throw new TensorRTError(
      'ERR_TRT_RUN_UNSUPPORTED',
      `Option "${wrong}" is for engines of TensorRT-RTX, but this one is of ${FAMILY_NAMES[engine.family]}.`,
      { details: { option: wrong, family: engine.family } },
    );
  }
  const { profile } = settings;
  const count = engine.manifest?.profiles.length;
  // An engine without dynamic inputs has one profile that nobody wrote.
  if (profile === 'auto' || count === undefined || profile < Math.max(1, count)) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Option "profile" must be below ${Math.max(1, count)}, the number of the engine's profiles, not ${profile}.`,
    {
      hint: "Pass the number of one of the engine's profiles, counted from 0, or leave it at 'auto'.",
      details: { option: 'profile', profiles: count, received: profile },
    },
  );
}
