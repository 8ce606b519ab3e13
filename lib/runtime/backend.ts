// SPDX-License-Identifier: Apache-2.0
// What a session needs of the thing that executes models: ONNX Runtime on the CPU, TensorRT on a GPU. Queueing, checks
// and bindings are written once, above.

import type { NativeFinished, NativeSession, NativeTensorInfo } from '../binding/contract';
import type { Dimension, TensorInfo } from '../tensor/tensor-info';
import type { ElementType } from '../tensor/element-type';

/** Name of a backend, as `session.backend` tells it. */
export type BackendName = 'onnxruntime' | 'tensorrt';

/** A model bound to a device, not loaded yet. */
export interface ExecutionBackend {
  readonly name: BackendName;
  /** `'cpu'` or `'cuda:N'`. */
  readonly device: string;
  /** The optimisation profile of all calls; absent: the one that fits. */
  readonly profile?: number;
  /** Inputs whose number of dimensions the model does not tell. */
  readonly unranked?: ReadonlySet<string>;
  /**
   * Loads the model. Its contract is that of {@link NativeSession}: tickets come back through `onFinished`, several at
   * a time, always from the event loop and never from within the call that took the ticket.
   */
  load(onFinished: (finished: NativeFinished) => void): Promise<NativeSession>;
  /**
   * Keeps what the session has learnt, before it is closed; no call waits any more.
   *
   * @param ask - Asks the session.
   */
  finish?(ask: (what: 'runtime-cache') => Promise<unknown>): Promise<void>;
}

/** A model's tensor in the form that users see. */
export function toTensorInfo(info: NativeTensorInfo): TensorInfo {
  const dims: Dimension[] = info.dims.map((dim, index) => (dim >= 0 ? dim : info.dimNames[index] || -1));
  const base = { name: info.name, type: info.type as ElementType, dims };
  return info.isShapeTensor ? { ...base, isShapeTensor: true } : base;
}
