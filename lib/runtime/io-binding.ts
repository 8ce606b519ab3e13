// SPDX-License-Identifier: Apache-2.0
import type { NativeBinding, NativeSession } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { TensorRTError } from '../errors';
import { elementArray } from '../tensor/element-arrays';
import type { TensorInfo } from '../tensor/tensor-info';
import type { PendingCalls } from './pending-calls';
import { checkCallOptions, NO_OPTIONS, runCall, type CallOptions } from './run-call';
import type { TensorData } from './tensor';

/** What a binding needs of its session. */
interface BoundSession {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** What a binding is made of. */
export interface BindingParts {
  readonly session: BoundSession;
  readonly native: NativeSession;
  readonly calls: PendingCalls;
  readonly binding: NativeBinding;
  readonly inputDims: readonly (readonly number[])[];
  /** Called when it is closed; more than once where it is closed more than once. */
  readonly onClose: () => void;
}

/**
 * Inputs and outputs of a session at fixed places in native memory. Made by `session.createBinding()`.
 *
 * Write to the inputs, `await run()`, read the outputs: no byte is copied. While a run is in flight do not write the
 * inputs and do not read the outputs. After {@link IoBinding.close} all arrays have length 0.
 */
export class IoBinding {
  /** Typed arrays over the memory of the inputs, by name. */
  readonly inputs: Readonly<Record<string, TensorData>>;
  /** Typed arrays over the memory of the outputs, by name. */
  readonly outputs: Readonly<Record<string, TensorData>>;
  /** Dims of every input and output, by name. */
  readonly dims: {
    readonly inputs: Readonly<Record<string, readonly number[]>>;
    readonly outputs: Readonly<Record<string, readonly number[]>>;
  };

  // Keeps the session, and with it the model's threads, alive.
  readonly #session: BoundSession;
  readonly #native: NativeSession;
  readonly #calls: PendingCalls;
  readonly #binding: NativeBinding;
  readonly #onClose: () => void;
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;

  /** @internal Use `session.createBinding()`. */
  constructor({ session, native, calls, binding, inputDims, onClose }: BindingParts) {
    this.#session = session;
    this.#native = native;
    this.#calls = calls;
    this.#binding = binding;
    this.#onClose = onClose;
    this.inputs = arraysOver(session.inputs, binding.inputs);
    this.outputs = arraysOver(session.outputs, binding.outputs);
    this.dims = {
      inputs: byName(session.inputs, inputDims),
      outputs: byName(session.outputs, binding.outputDims),
    };
  }

  /**
   * Runs the model over the memory of this binding. Runs of one binding never overlap.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_CLOSED`, `ERR_TRT_RUN_QUEUE_FULL`, `ERR_TRT_RUN_ABORTED`,
   *   `ERR_TRT_RUN_FAILED`, also where an output would get another shape than the binding has for it.
   */
  async run(options: CallOptions = NO_OPTIONS): Promise<void> {
    this.#requireOpen();
    checkCallOptions('run', options, ['signal']);
    const call = runCall(
      { native: this.#native, calls: this.#calls, held: this.#session },
      (ticket) => this.#binding.submit(ticket),
      options,
    );
    this.#running.add(call);
    try {
      await call;
      if (!this.#isClosed) this.#binding.collect();
    } finally {
      this.#running.delete(call);
    }
  }

  /** As {@link IoBinding.run}, but on the calling thread: blocks the event loop for the whole inference. */
  runSync(): void {
    this.#requireOpen();
    try {
      this.#binding.runSync();
    } catch (error) {
      throw fromNativeError(error, 'ERR_TRT_RUN_FAILED');
    }
  }

  /** Waits for runs in flight, then takes the memory away. Closing again does nothing. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
    this.#binding.close();
    this.#onClose();
  }

  /** Takes the memory away from the arrays at once; a run in flight ends unseen. For `using`. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#binding.close();
    this.#onClose();
  }

  /** The same as {@link IoBinding.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new TensorRTError('ERR_TRT_RUN_CLOSED', 'The binding is closed.');
  }
}

function arraysOver(
  infos: readonly TensorInfo[],
  buffers: readonly ArrayBuffer[],
): Record<string, TensorData> {
  return byName(
    infos,
    infos.map((info, index) => new (elementArray(info.type)!.ArrayClass)(buffers[index]!)),
  );
}

function byName<T>(infos: readonly TensorInfo[], values: readonly T[]): Record<string, T> {
  return Object.fromEntries(infos.map((info, index) => [info.name, values[index]!]));
}
