// SPDX-License-Identifier: Apache-2.0
// The names that ONNX Runtime gives the options of its TensorRT and CUDA providers, in the terms of this package. Values
// may be strings, as in C and Python: '1', 'True', '4294967296'.

import { join } from 'node:path';

import { TensorRTError } from '../errors';
import { valueError } from '../option-checks';
import { parseProfiles } from './ort-profiles';
import type { TensorRtOptions } from './tensorrt-options';

/** Options as a caller wrote them. */
export type RawOptions = Readonly<Record<string, unknown>>;

type Translate = (value: unknown, name: string, all: RawOptions) => TensorRtOptions;

const nothing: Translate = () => ({});

/** File in the folder that ONNX Runtime keeps its timing caches in. */
const TIMING_CACHE_FILE = 'tensorrt-node.timing';

const TRANSLATIONS: Readonly<Record<string, Translate>> = {
  device_id: (value, name) => ({ deviceId: number(name, value) }),
  trt_max_workspace_size: (value, name) => ({ workspaceBytes: number(name, value) || undefined }),
  trt_fp16_enable: precision('fp16'),
  trt_bf16_enable: precision('bf16'),
  trt_int8_enable: precision('int8'),
  trt_engine_cache_enable: (value, name, all) =>
    flag(name, value) ? { engineCache: folder(all.trt_engine_cache_path) } : {},
  // Without trt_engine_cache_enable the path has no meaning, as in ONNX Runtime.
  trt_engine_cache_path: pathOnly,
  trt_timing_cache_enable: (value, name, all) =>
    flag(name, value)
      ? {
          timingCache: join(
            folder(all.trt_timing_cache_path ?? all.trt_engine_cache_path),
            TIMING_CACHE_FILE,
          ),
        }
      : {},
  trt_timing_cache_path: pathOnly,
  trt_builder_optimization_level: (value, name) => ({ optimizationLevel: number(name, value) }),
  trt_cuda_graph_enable: (value, name) => ({ cudaGraph: flag(name, value) ? 'on' : 'off' }),
  enable_cuda_graph: (value, name) => ({ cudaGraph: flag(name, value) ? 'on' : 'off' }),
  trt_sparsity_enable: (value, name) => ({ sparseWeights: flag(name, value) }),
  trt_auxiliary_streams: (value, name) => {
    const streams = number(name, value);
    return streams < 0 ? {} : { maxAuxStreams: streams };
  },
  trt_engine_hw_compatible: (value, name) => (flag(name, value) ? { hardwareCompatibility: 'ampere+' } : {}),
  trt_context_memory_sharing_enable: (value, name) => (flag(name, value) ? { contextMemory: 'shared' } : {}),
  trt_extra_plugin_lib_paths: (value, name) => {
    const plugins = text(name, value).split(';').filter(Boolean);
    return plugins.length > 0 ? { plugins } : {};
  },
  trt_profile_min_shapes: (_value, _name, all) => ({ profiles: parseProfiles(all) }),
  trt_profile_opt_shapes: shapesOnly,
  trt_profile_max_shapes: shapesOnly,
  use_tf32: (value, name) => ({ disableTf32: !flag(name, value) }),
};

/** Options that make no difference to the results: those of mechanisms that there are none of here. */
const WITHOUT_EFFECT = [
  'trt_max_partition_iterations',
  'trt_min_subgraph_size',
  'trt_dump_subgraphs',
  'trt_detailed_build_log',
  'trt_build_heuristics_enable',
  'trt_force_sequential_engine_build',
  'trt_force_timing_cache',
  'trt_engine_cache_prefix',
  'trt_layer_norm_fp32_fallback',
  'gpu_mem_limit',
  'arena_extend_strategy',
  'cudnn_conv_algo_search',
  'cudnn_conv_use_max_workspace',
  'cudnn_conv1d_pad_to_nc1d',
  'do_copy_in_default_stream',
  'use_ep_level_unified_stream',
  'prefer_nhwc',
  'tunable_op_enable',
  'tunable_op_tuning_enable',
  'fuse_conv_bias',
  'sdpa_kernel',
];

/** Names of ONNX Runtime that are understood. */
export const ORT_NAMES: readonly string[] = [...Object.keys(TRANSLATIONS), ...WITHOUT_EFFECT];

/**
 * Translates options by ONNX Runtime's names; others are left as they are.
 *
 * @param onIgnored - Told of each option that has no effect.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`, also where an option is given by both of its names.
 */
export function translateOptions(options: RawOptions, onIgnored: (name: string) => void): RawOptions {
  const translated: Record<string, unknown> = {};
  const origin: Record<string, string> = {};
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const put = (name: string, value: unknown, from: string): void => {
    if (Object.hasOwn(translated, name)) throw givenTwice(name, origin[name]!, from);
    translated[name] = value;
    origin[name] = from;
  };
  for (const [name, value] of given) {
    if (WITHOUT_EFFECT.includes(name)) onIgnored(name);
    else if (!Object.hasOwn(TRANSLATIONS, name)) put(name, value, name);
    else {
      const made = TRANSLATIONS[name]!(value, name, options);
      for (const [own, result] of Object.entries(made)) if (result !== undefined) put(own, result, name);
    }
  }
  return translated;
}

function precision(type: 'fp16' | 'bf16' | 'int8'): Translate {
  return (value, name) => (flag(name, value) ? { precision: type } : {});
}

function pathOnly(value: unknown, name: string): TensorRtOptions {
  text(name, value);
  return {};
}

/** Read together with the smallest shapes; alone they are a mistake that is found there. */
function shapesOnly(value: unknown, name: string, all: RawOptions): TensorRtOptions {
  return all.trt_profile_min_shapes === undefined
    ? { profiles: parseProfiles(all) }
    : nothing(value, name, all);
}

function folder(path: unknown): string {
  return typeof path === 'string' && path !== '' ? path : '.';
}

function flag(name: string, value: unknown): boolean {
  if ([true, 1, '1', 'true', 'True'].includes(value as never)) return true;
  if ([false, 0, '0', 'false', 'False'].includes(value as never)) return false;
  throw valueError(name, value, "true or false, also as '1', '0', 'True' or 'False'");
}

function number(name: string, value: unknown): number {
  const read = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof read === 'number' && Number.isSafeInteger(read)) return read;
  throw valueError(name, value, 'a whole number');
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw valueError(name, value, 'a string');
}

function givenTwice(option: string, first: string, second: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The options "${first}" and "${second}" of the execution provider both set ${option}.`,
    { hint: 'Leave one of them out.', details: { option, given: [first, second] } },
  );
}
