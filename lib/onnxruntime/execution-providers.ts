// SPDX-License-Identifier: Apache-2.0
// The entries of `executionProviders`, checked: all of them, also where the first one will serve and where there is no
// GPU. What is misspelled is found on every machine.

import { availableParallelism } from 'node:os';

import type { BuildOptions } from '../builder/build-options';
import { TensorRTError } from '../errors';
import { integer, oneOf } from '../option-checks';
import { checkSessionOptions, MAX_CONTEXTS, type SessionOptions } from '../session/session-options';
import { didYouMean } from '../text/nearest-name';
import { ORT_NAMES, translateOptions, type RawOptions } from './ort-provider-options';
import { entryName, readEntries, unknownProviderError } from './provider-entries';
import { isProviderName, type ProviderName } from './provider-names';
import {
  BUILD_NAMES,
  SESSION_NAMES,
  TENSORRT_NAMES,
  type Fallback,
  type TensorRtOptions,
} from './tensorrt-options';

/** An execution provider with its options in the terms of this package. */
export interface Provider {
  readonly name: ProviderName;
  readonly session: SessionOptions;
  readonly fallback: Fallback;
  /** `enableCpuMemArena` by the provider's own option. */
  readonly useArena?: boolean;
}

/** More runs at a time than this only compete: each uses several threads already. */
const MOST_CPU_RUNS = 4;
const MOST_DEVICES = 1024;

/**
 * Reads the option `executionProviders`. Without any, and with an empty list, models run on the CPU, as with
 * onnxruntime-node.
 *
 * @param onIgnored - Told of each option that has no effect here.
 * @throws {TensorRTError} `ERR_TRT_ARG_*`
 */
export function readProviders(
  entries: unknown,
  onIgnored: (provider: string, option: string) => void,
): readonly Provider[] {
  const providers = readEntries(entries).map((entry, index) => readProvider(entry, index, onIgnored));
  return providers.length > 0 ? providers : [cpuProvider({})];
}

function readProvider(
  entry: unknown,
  index: number,
  onIgnored: (provider: string, option: string) => void,
): Provider {
  const name = entryName(entry, index);
  if (!isProviderName(name)) throw unknownProviderError([name]);
  const { name: _name, ...options } = typeof entry === 'string' ? { name } : (entry as RawOptions);
  if (name === 'cpu') return cpuProvider(options);
  return gpuProvider(
    name,
    translateOptions(options, (option) => onIgnored(name, option)),
  );
}

/** Other options than its own are ignored, as by onnxruntime-node: none of them changes a result. */
function cpuProvider({ useArena, contexts, runtimeLibrary }: RawOptions): Provider {
  if (contexts !== undefined) integer(1, MAX_CONTEXTS)('contexts', contexts);
  const session = {
    device: 'cpu',
    contexts: (contexts as number | undefined) ?? Math.min(MOST_CPU_RUNS, availableParallelism()),
    ...(runtimeLibrary === undefined ? {} : { runtimeLibrary: runtimeLibrary as string }),
  } as const;
  checkSessionOptions(session);
  return {
    name: 'cpu',
    session,
    fallback: 'never',
    ...(typeof useArena === 'boolean' ? { useArena } : {}),
  };
}

function gpuProvider(name: ProviderName, raw: RawOptions): Provider {
  rejectUnknown(name, raw);
  const options = raw as TensorRtOptions;
  const { deviceId = 0, fallback = 'unusable', engineCache, cudaGraph } = options;
  integer(0, MOST_DEVICES - 1)('deviceId', deviceId);
  oneOf('unusable', 'always', 'never')('fallback', fallback);
  const build: BuildOptions = {
    ...pick(options, BUILD_NAMES),
    ...(engineCache === undefined ? {} : { cacheDir: engineCache }),
  };
  const session: SessionOptions = {
    device: `cuda:${deviceId}`,
    ...pick(options, SESSION_NAMES),
    ...(cudaGraph === undefined ? {} : { cudaGraph: graphMode(cudaGraph) }),
    build,
  };
  checkNamed(session, engineCache);
  return { name, session, fallback };
}

/** The check of a build knows the cache by another name. */
function checkNamed(session: SessionOptions, engineCache: unknown): void {
  try {
    checkSessionOptions(session);
  } catch (error) {
    if (!(error instanceof TensorRTError) || error.details.option !== 'cacheDir') throw error;
    throw new TensorRTError(error.code, error.message.replace('"cacheDir"', '"engineCache"'), {
      hint: error.hint,
      details: { ...error.details, option: 'engineCache', received: engineCache },
    });
  }
}

function graphMode(cudaGraph: unknown): 'auto' | 'on' | 'off' {
  return cudaGraph === true ? 'on' : cudaGraph === false ? 'off' : (cudaGraph as 'auto' | 'on' | 'off');
}

function pick<T extends object, N extends keyof T>(options: T, names: readonly N[]): Pick<T, N> {
  const given = names.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]])) as Pick<T, N>;
}

function rejectUnknown(name: ProviderName, options: RawOptions): void {
  const known = [...TENSORRT_NAMES, ...ORT_NAMES];
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_UNKNOWN_OPTION',
    `The execution provider "${name}" has no option "${unknown}".${didYouMean(unknown, known)}`,
    { details: { option: unknown, known: TENSORRT_NAMES } },
  );
}
