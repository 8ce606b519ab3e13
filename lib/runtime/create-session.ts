// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

import type { NativeCudaReport } from '../binding/contract';
import { loadAddon } from '../binding/load';
import { TensorRTError } from '../errors';
import { CpuBackend } from './cpu-backend';
import { cudaError, hasUsableGpu } from './cuda-status';
import { Engine } from './engine';
import { describeFileKind, FILE_KIND_BYTES } from '../text/file-kind';
import { loadEngine } from './load-engine';
import { describeType, rejectUnknownOptions } from './option-checks';
import { openSession, type Session } from './session';

/** Options of {@link createSession}. */
export interface SessionOptions {
  /**
   * Where to run. `'auto'` (default) takes a GPU if one is usable and else the CPU, and `session.fallbackReason` says
   * why; a device that is named is used or is an error.
   */
  device?: 'auto' | 'cpu' | `cuda:${number}`;
  /** Calls that may run at the same time. Default 1. */
  contexts?: number;
  /** CPU: threads of one inference. Default: the available cores divided by `contexts`, at least 1. */
  intraOpNumThreads?: number;
  /** GPU: replay inferences as CUDA graphs. Default `'auto'`. No effect on the CPU. */
  cudaGraph?: 'auto' | 'on' | 'off';
  /** Calls that may wait for a context before new ones are refused. Default 1024. */
  maxQueue?: number;
  /** CPU: libonnxruntime, or its folder. Default: searched in npm, Python and system folders. */
  runtimeLibrary?: string;
}

const OPTION_NAMES = [
  'device',
  'contexts',
  'intraOpNumThreads',
  'cudaGraph',
  'maxQueue',
  'runtimeLibrary',
] as const;
const NO_GPU_EXECUTION = 'this release does not run engines on a GPU yet';

type CheckedOptions = Required<Omit<SessionOptions, 'runtimeLibrary'>> &
  Pick<SessionOptions, 'runtimeLibrary'>;

/**
 * Makes a session that runs a model.
 *
 * @param source - Path of an ONNX model or of a built engine, the bytes of either, or an `Engine`. Bytes are copied.
 * @throws {TensorRTError} `ERR_TRT_ARG_*` for wrong arguments, `ERR_TRT_RUN_DEVICE` and `ERR_TRT_CUDA_*` if the device
 *   cannot be used, `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND`, `ERR_TRT_RUN_MODEL`, and what
 *   `loadEngine()` throws.
 * @example
 * ```ts
 * await using session = await createSession('model.onnx', { device: 'cpu', contexts: 2 });
 * const { logits } = await session.run({ images });
 * ```
 */
export async function createSession(
  source: Engine | string | Uint8Array,
  options: SessionOptions = {},
): Promise<Session> {
  const checked = checkOptions(options);
  const model = await resolveSource(source);
  if (model instanceof Engine) throw await engineError(checked.device);
  const fallbackReason = await chooseCpu(checked.device);
  const backend = new CpuBackend({
    model,
    contexts: checked.contexts,
    intraOpNumThreads: checked.intraOpNumThreads,
    maxQueue: checked.maxQueue,
    ...(checked.runtimeLibrary === undefined ? {} : { runtimeLibrary: checked.runtimeLibrary }),
  });
  return openSession(backend, fallbackReason);
}

/** A built engine, or an ONNX model's path or bytes. */
async function resolveSource(source: Engine | string | Uint8Array): Promise<Engine | string | Uint8Array> {
  if (source instanceof Engine) return source;
  if (typeof source !== 'string' && !(source instanceof Uint8Array)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `createSession() takes a path, bytes or an Engine, not ${describeType(source)}.`,
    );
  }
  const head = typeof source === 'string' ? await readHead(source) : source.subarray(0, FILE_KIND_BYTES);
  const { kind, label, hint } = describeFileKind(head);
  if (kind === 'tensorrt-plan') return loadEngine(source);
  // What is unknown may still be ONNX (fields in another order): the runtime decides. The rest is surely not.
  if (kind === 'onnx' || kind === 'unknown') return source;
  const name = typeof source === 'string' ? source : 'the given model';
  throw new TensorRTError(
    'ERR_TRT_RUN_MODEL',
    `Expected an ONNX model or a TensorRT engine, but ${name} is ${label}.`,
    {
      hint: hint ?? 'Pass the path or the bytes of an .onnx file or of a built engine.',
      details: { source: name, kind },
    },
  );
}

async function readHead(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(FILE_KIND_BYTES), 0, FILE_KIND_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new TensorRTError(
      'ERR_TRT_LOAD_FILE',
      `Cannot read the model ${path}: ${(cause as Error).message}`,
      {
        details: { path },
        cause,
      },
    );
  }
}

/** Null where the CPU was asked for, else why it is taken. A GPU that was asked for by name is an error. */
async function chooseCpu(device: CheckedOptions['device']): Promise<string | null> {
  if (device === 'cpu') return null;
  const report = await loadAddon().probeCuda();
  if (device !== 'auto') throw deviceError(device, report);
  if (hasUsableGpu(report)) return NO_GPU_EXECUTION;
  return `no usable GPU (${report.message || report.status})`;
}

async function engineError(device: CheckedOptions['device']): Promise<TensorRTError> {
  if (device === 'cpu') {
    return new TensorRTError(
      'ERR_TRT_RUN_DEVICE',
      "A built engine runs on NVIDIA GPUs alone, but device is 'cpu'.",
      {
        hint: 'Pass the ONNX model instead of the engine to run it on the CPU.',
      },
    );
  }
  return deviceError(device === 'auto' ? 'cuda:0' : device, await loadAddon().probeCuda());
}

function deviceError(device: `cuda:${number}`, report: NativeCudaReport): TensorRTError {
  if (!hasUsableGpu(report)) return cudaError(report, `Device ${device}`);
  const ordinal = Number(device.slice('cuda:'.length));
  const isThere = ordinal < report.devices.length;
  const message = isThere
    ? `Device ${device} is there, but ${NO_GPU_EXECUTION}.`
    : `There is no device ${device}: the driver reports ${report.devices.length}.`;
  return new TensorRTError('ERR_TRT_RUN_DEVICE', message, {
    hint: isThere ? "Run the ONNX model with device 'cpu'." : undefined,
    details: { device, devices: report.devices },
  });
}

function checkOptions(options: SessionOptions): CheckedOptions {
  rejectUnknownOptions('createSession', options, OPTION_NAMES);
  const { device = 'auto', cudaGraph = 'auto', runtimeLibrary } = options;
  if (device !== 'auto' && device !== 'cpu' && !/^cuda:\d+$/.test(device)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Expected 'auto', 'cpu' or 'cuda:N' as device, got ${JSON.stringify(device)}.`,
    );
  }
  if (!['auto', 'on', 'off'].includes(cudaGraph)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Expected 'auto', 'on' or 'off' as cudaGraph, got ${JSON.stringify(cudaGraph)}.`,
    );
  }
  if (runtimeLibrary !== undefined && typeof runtimeLibrary !== 'string') {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `Expected a path as runtimeLibrary, got ${describeType(runtimeLibrary)}.`,
    );
  }
  const contexts = checkCount('contexts', options.contexts ?? 1, 1, 256);
  const share = Math.max(1, Math.floor(availableParallelism() / contexts));
  const intraOpNumThreads = checkCount('intraOpNumThreads', options.intraOpNumThreads ?? share, 1, 1024);
  const maxQueue = checkCount('maxQueue', options.maxQueue ?? 1024, 0, 1_000_000);
  return {
    device,
    cudaGraph,
    contexts,
    intraOpNumThreads,
    maxQueue,
    ...(runtimeLibrary === undefined ? {} : { runtimeLibrary }),
  };
}

function checkCount(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Expected a whole number from ${min} to ${max} as ${name}, got ${String(value)}.`,
  );
}
