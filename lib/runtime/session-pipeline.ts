// SPDX-License-Identifier: Apache-2.0
// What createSession() does: options, source, device, backend, in this order.

import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';

import type { NativeCudaReport } from '../binding/contract';
import { loadAddon } from '../binding/load';
import { TensorRTError } from '../errors';
import { CpuBackend } from './cpu-backend';
import { cudaError, hasUsableGpu } from './cuda-status';
import { Engine } from './engine';
import { describeFileKind, FILE_KIND_BYTES } from '../text/file-kind';
import { loadEngineOn } from './load-pipeline';
import { describeType } from './option-checks';
import { openSession, type Session } from './session';
import { checkSessionOptions, type CheckedOptions, type SessionOptions } from './session-options';

const NO_GPU_EXECUTION = 'this release does not run engines on a GPU yet';

/** `createSession()` after it was loaded. */
export async function createSessionFor(
  source: Engine | string | Uint8Array,
  options: SessionOptions,
): Promise<Session> {
  const checked = checkSessionOptions(options);
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
  if (kind === 'tensorrt-plan') return loadEngineOn(source);
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

/** A folder too: opening it tells what it is. */
function isReadable(stats: Stats): boolean {
  return stats.isFile() || stats.isDirectory();
}

async function readHead(path: string): Promise<Uint8Array> {
  try {
    // A pipe or device would block in open() or never end: ask before opening.
    if (!isReadable(await stat(path))) throw new Error('it is no regular file');
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
