// SPDX-License-Identifier: Apache-2.0
import type { BuildOptions } from '../builder/build-options';
import type { SessionOptions } from '../session/session-options';

/** Options that are those of a build. */
export const BUILD_NAMES = [
  'precision',
  'calibration',
  'profiles',
  'dynamicAxes',
  'timingCache',
  'workspaceBytes',
  'optimizationLevel',
  'hardwareCompatibility',
  'disableTf32',
  'sparseWeights',
  'maxAuxStreams',
  'onProgress',
  'onLog',
] as const satisfies readonly (keyof BuildOptions)[];

/** Options that are those of a session. */
export const SESSION_NAMES = [
  'contexts',
  'plugins',
  'contextMemory',
  'runtimeLibrary',
] as const satisfies readonly (keyof SessionOptions)[];

type FromBuild = Pick<BuildOptions, (typeof BUILD_NAMES)[number]>;
type FromSession = Pick<SessionOptions, (typeof SESSION_NAMES)[number]>;

/**
 * When the next execution provider takes over. `'unusable'`: where the machine has no GPU, driver or TensorRT that can be
 * used, and for a model with dynamic shapes if no ranges were given. `'always'`: also where no engine can be made of the
 * model. `'never'`: it is an error.
 */
export type Fallback = 'unusable' | 'always' | 'never';

/**
 * Options of the execution providers `'tensorrt'` and `'cuda'`, which both run on TensorRT. They have the names and
 * meanings of {@link BuildOptions} and {@link SessionOptions}, but for those that are described here.
 *
 * ONNX Runtime's own names (`trt_engine_cache_path`, `trt_fp16_enable`, …) are taken too.
 */
export interface TensorRtOptions extends FromBuild, FromSession {
  /** Number of the GPU. Default 0. */
  deviceId?: number;
  /** Folder of built engines, `cacheDir` of a build. Without it an engine is built for each session. */
  engineCache?: string;
  /** `true` is `'on'`, `false` is `'off'`. Default: `enableGraphCapture` of the session, else `'auto'`. */
  cudaGraph?: boolean | 'auto' | 'on' | 'off';
  /** When the next execution provider takes over. Default `'unusable'`. */
  fallback?: Fallback;
}

/** Names of all options of the provider. */
export const TENSORRT_NAMES = [
  'deviceId',
  'engineCache',
  'cudaGraph',
  'fallback',
  ...BUILD_NAMES,
  ...SESSION_NAMES,
] as const satisfies readonly (keyof TensorRtOptions)[];
