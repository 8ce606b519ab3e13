// SPDX-License-Identifier: Apache-2.0
import type { NativeBuildRequest, NativeCudaReport, NativeProfileRange } from '../binding/contract';
import { packageVersion } from '../package-root';
import type { LogLine } from '../errors';
import type { ModelInfo } from '../onnx';
import { toTensorInfo } from '../runtime/backend';
import type { Digest } from '../runtime/digest';
import { formatCudaVersion } from '../runtime/library-version';
import {
  MANIFEST_FORMAT_VERSION,
  type EngineProfile,
  type EngineRange,
  type Manifest,
  type PrecisionRewrite,
} from '../runtime/manifest';
import type { ElementType } from '../tensor/element-type';
import type { TensorInfo } from '../tensor/tensor-info';
import type { BuildOutcome } from './build-job';
import { shapingOptions } from './cache-key';
import type { ModelDigest } from './model-digest';

/** What a manifest is made from. */
export interface ManifestParts {
  request: NativeBuildRequest;
  outcome: BuildOutcome;
  /** Version of the library. */
  version: string;
  info: ModelInfo;
  /** The model as the caller gave it. */
  model: ModelDigest;
  /** How it was rewritten before the build. */
  rewrite?: PrecisionRewrite | undefined;
  plan: Digest;
  cuda: NativeCudaReport;
  /** Warnings that were found before the build. */
  warnings: readonly string[];
}

/** Writes down how an engine came about. The same build gives the same manifest, its times excepted. */
export function makeManifest(parts: ManifestParts): Manifest {
  const { request, outcome, version, info, model, rewrite, plan, cuda, warnings } = parts;
  const { profiles: _profiles, ...options } = shapingOptions(request);
  const [device] = cuda.devices;
  return {
    formatVersion: MANIFEST_FORMAT_VERSION,
    createdBy: `tensorrt-node ${packageVersion()}`,
    family: request.family,
    version,
    computeCapabilities: targetsOf(request, cuda),
    gpu: device ? { name: device.name, computeCapability: device.computeCapability } : null,
    driver: cuda.driverVersion > 0 ? formatCudaVersion(cuda.driverVersion) : null,
    options,
    model,
    ...(rewrite === undefined ? {} : { rewrite }),
    plan,
    profiles: request.profiles.map(toEngineProfile),
    inputs: outcome.inputs.map((tensor) => withSymbols(toTensorInfo(tensor), info.inputs)),
    outputs: outcome.outputs.map((tensor) => withSymbols(toTensorInfo(tensor), info.outputs)),
    precision: precisionOf(info),
    layers: outcome.layers,
    parseMs: outcome.parseMs,
    buildMs: outcome.buildMs,
    warnings: [...warnings, ...warningsOf(outcome.log)],
  };
}

/** TensorRT keeps the names of input dimensions alone; the model has those of outputs too. */
function withSymbols(tensor: TensorInfo, declared: readonly TensorInfo[]): TensorInfo {
  const model = declared.find(({ name }) => name === tensor.name);
  if (model?.dims.length !== tensor.dims.length) return tensor;
  const dims = tensor.dims.map((size, axis) => {
    const symbol = model.dims[axis]!;
    return size === -1 && typeof symbol === 'string' ? symbol : size;
  });
  return { ...tensor, dims };
}

/** What the plan runs on; empty for TensorRT-RTX's portable default. */
function targetsOf(
  { family, computeCapabilities = [] }: NativeBuildRequest,
  { devices }: NativeCudaReport,
): number[] {
  const here = devices[0] ? [devices[0].computeCapability] : [];
  if (family !== 'tensorrt-rtx') return here;
  // 1 stands for the GPU at hand.
  return computeCapabilities.flatMap((target) => (target === 1 ? here : [target]));
}

function toEngineProfile(ranges: readonly NativeProfileRange[]): EngineProfile {
  const profile: Record<string, EngineRange> = {};
  for (const { input, isValues, min, opt, max } of ranges) {
    profile[input] = isValues ? { values: { min, opt, max } } : { min, opt, max };
  }
  return profile;
}

/** ONNX's names of the types that networks compute in. */
const PRECISION_NAMES: Readonly<Record<string, ElementType>> = {
  FLOAT: 'float32',
  DOUBLE: 'float32',
  FLOAT16: 'float16',
  BFLOAT16: 'bfloat16',
  INT8: 'int8',
  UINT8: 'int8',
  FLOAT8E4M3FN: 'float8e4m3',
  FLOAT8E5M2: 'float8e5m2',
  INT4: 'int4',
  FLOAT4E2M1: 'float4e2m1',
  INT32: 'int32',
  INT64: 'int64',
};

/**
 * How many arithmetic nodes work in which type; nodes with quantised inputs count for the quantised type. Networks are
 * strongly typed on every family, so what the graph says is what is built.
 */
function precisionOf({ typeCensus: { compute, quantizedCompute } }: ModelInfo): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = (onnxType: string, count: number): void => {
    const name = PRECISION_NAMES[onnxType] ?? 'unknown';
    counts[name] = (counts[name] ?? 0) + count;
  };
  let quantized = 0;
  for (const [type, count] of Object.entries(quantizedCompute)) {
    add(type, count);
    quantized += count;
  }
  for (const [type, count] of Object.entries(compute)) {
    // The census counts a quantised node in its floating-point type too.
    const alreadyCounted = Math.min(quantized, count);
    quantized -= alreadyCounted;
    if (count > alreadyCounted) add(type, count - alreadyCounted);
  }
  return counts;
}

function warningsOf(log: readonly LogLine[]): string[] {
  const lines = log.filter(
    ({ severity }) => severity === 'warning' || severity === 'error' || severity === 'internal-error',
  );
  return [...new Set(lines.map(({ message }) => message))];
}
