// SPDX-License-Identifier: Apache-2.0
import type { NativeTrace, NativeTraceRequest } from '../binding/contract';
import { TensorRTError } from '../errors';
import { elementArray } from '../tensor/element-arrays';
import type { ElementType } from '../tensor/element-type';
import { didYouMean } from '../text/nearest-name';
import { checkCallOptions, type CallOptions } from './call-options';
import { Tensor } from './tensor';

/** Options of `Session.trace()`. */
export interface TraceOptions extends CallOptions {
  /** Measure the time of each layer. Default true. */
  layerTimes?: boolean;
  /**
   * Tensors inside the network to hand out: names, or `true` for all that were marked for debugging when the engine was
   * built. Default: none.
   */
  debugTensors?: readonly string[] | boolean;
  /** Names of the outputs to compute. Default: all. */
  outputs?: readonly string[];
}

const OPTION_NAMES = ['layerTimes', 'debugTensors', 'outputs', 'signal'] as const;

/** What a traced run gives. */
export interface RunTrace {
  /** As those of a run. */
  readonly outputs: Record<string, Tensor>;
  /** In the order of execution; empty where the times were not asked for. */
  readonly layers: readonly { readonly layer: string; readonly milliseconds: number }[];
  /** In the order in which they were computed. A tensor inside a loop comes once for each turn. */
  readonly debugTensors: readonly { readonly name: string; readonly tensor: Tensor }[];
}

/** @throws {TensorRTError} `ERR_TRT_ARG_*`, `ERR_TRT_RUN_OUTPUT_NAME` for a tensor that was not marked. */
export function checkTraceOptions(options: TraceOptions, marked: readonly string[]): NativeTraceRequest {
  checkCallOptions('trace', options, OPTION_NAMES);
  const { layerTimes = true, debugTensors = false } = options;
  if (typeof layerTimes !== 'boolean')
    throw new TensorRTError('ERR_TRT_ARG_TYPE', 'trace() takes true or false as layerTimes.');
  if (typeof debugTensors === 'boolean') return { layerTimes, debugTensors };
  if (!Array.isArray(debugTensors))
    throw new TensorRTError('ERR_TRT_ARG_TYPE', 'trace() takes names, true or false as debugTensors.');
  const unknown = (debugTensors as readonly string[]).find((name) => !marked.includes(name));
  if (unknown === undefined) return { layerTimes, debugTensors: [...(debugTensors as readonly string[])] };
  throw new TensorRTError(
    'ERR_TRT_RUN_OUTPUT_NAME',
    `No tensor "${unknown}" was marked for debugging when the engine was built.${didYouMean(unknown, marked)}`,
    { details: { output: unknown, expected: marked } },
  );
}

/** The native result in the form that users see. */
export function toRunTrace({ layers, debugTensors }: NativeTrace, outputs: Record<string, Tensor>): RunTrace {
  return {
    outputs,
    layers,
    debugTensors: debugTensors.map(({ name, type, dims, data }) => {
      const { ArrayClass } = elementArray(type as ElementType)!;
      return { name, tensor: new Tensor(type as ElementType, dims, new ArrayClass(data)) };
    }),
  };
}
