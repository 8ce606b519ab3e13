// SPDX-License-Identifier: Apache-2.0
// Questions to a loaded engine, and new weights for it. None of them has an answer on the CPU.

import { resolve } from 'node:path';

import type { NativeSession } from '../binding/contract';
import { TensorRTError } from '../errors';
import type { BackendName } from './backend';
import { runCall, type CallTarget } from './call-options';
import { describeType } from '../option-checks';

/** Counters of a session since it was made. Sizes are in bytes. */
export interface SessionStatistics {
  /** Inferences that succeeded. */
  readonly runs: number;
  /** Inferences that failed. */
  readonly failedRuns: number;
  /** Copied from host memory to host memory. */
  readonly hostCopiedBytes: number;
  /** Copied from host memory to the device. */
  readonly hostToDeviceBytes: number;
  /** Copied from the device to host memory. */
  readonly deviceToHostBytes: number;
  /** Page-locked memory in use and kept. */
  readonly pinnedBytes: number;
  /** Device memory of tensors and scratch; the engine's weights and TensorRT's own are not among it. */
  readonly deviceBytes: number;
  /** What became of inferences as CUDA graphs. */
  readonly cudaGraph: {
    readonly captures: number;
    readonly launches: number;
    readonly evictions: number;
    /** Shapes that run without a graph, and why. */
    readonly failures: readonly { readonly shapes: string; readonly reason: string }[];
  };
}

/** @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED` on the CPU. */
export function requireTensorRt(backend: BackendName, what: string): void {
  if (backend === 'tensorrt') return;
  throw new TensorRTError(
    'ERR_TRT_RUN_UNSUPPORTED',
    `${what} needs an engine on a GPU: TensorRT has it, and this session runs on the CPU with ONNX Runtime.`,
    { details: { backend } },
  );
}

/** The counters of a session, at once. */
export function readStatistics(native: NativeSession): SessionStatistics {
  const { graphCaptures, graphLaunches, graphEvictions, ...counters } = native.counters();
  return {
    ...counters,
    cudaGraph: {
      captures: graphCaptures,
      launches: graphLaunches,
      evictions: graphEvictions,
      failures: native.graphFailures(),
    },
  };
}

/** What TensorRT's engine inspector tells, parsed. */
export async function inspectEngine(target: CallTarget): Promise<unknown> {
  return JSON.parse((await ask(target, 'inspector')) as string) as unknown;
}

/** Numbers about an engine, by name. */
export async function engineStatistics(target: CallTarget): Promise<Record<string, number>> {
  return (await ask(target, 'statistics')) as Record<string, number>;
}

/** The answer of a context's thread. */
export function ask(target: CallTarget, what: Parameters<NativeSession['query']>[1]): Promise<unknown> {
  return runCall(target, (ticket) => target.native.query(ticket, what));
}

/** Gives the engine the weights of a model. */
export async function refitEngine(target: CallTarget, model: string | Uint8Array): Promise<void> {
  if (!(typeof model === 'string' && model !== '') && !(model instanceof Uint8Array)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `refit() takes the path of an ONNX model or its bytes (Uint8Array), not ${model === '' ? 'an empty string' : describeType(model)}.`,
    );
  }
  const source = typeof model === 'string' ? { modelPath: resolve(model) } : { modelBytes: model };
  await runCall(target, (ticket) => target.native.refit(ticket, source));
}
