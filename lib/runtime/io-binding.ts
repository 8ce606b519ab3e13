// SPDX-License-Identifier: Apache-2.0
import type { NativeBinding, NativeSession } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { TensorRTError } from '../errors';
import { arrayLength, elementArray, elementCount } from '../tensor/element-arrays';
import type { TensorInfo } from '../tensor/tensor-info';
import { checkCallOptions, NO_OPTIONS, type CallOptions } from './call-options';
import { DeviceTensor } from './device-tensor';
import type { AnyArrays, DeviceOutputs, NamedArrays, Placed } from './output-types';
import { refused, type Call, type PendingCalls } from './pending-calls';
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
 *
 * An output whose size follows from the data (the indices of non-zero elements) has room for the most that it can be;
 * after each run `outputs` and `dims.outputs` have what the run made of it: an array over the same memory.
 *
 * @typeParam I - Arrays of the inputs by name, such as `{ images: Float32Array }`. Default: any names, any arrays.
 * @typeParam O - Arrays of the outputs by name.
 * @typeParam D - The option `deviceOutputs`: which outputs are in the memory of the GPU.
 */
export class IoBinding<
  I extends NamedArrays = AnyArrays,
  O extends NamedArrays = AnyArrays,
  D extends DeviceOutputs = false,
> {
  /** Typed arrays over the memory of the inputs, by name; none for inputs that are device tensors. */
  readonly inputs: Readonly<I>;
  /** Typed arrays over the memory of the outputs, by name; a {@link DeviceTensor} for those that stay on the GPU. */
  readonly outputs: Placed<Readonly<O>, D>;
  /** Dims of every input and output, by name; -1 where no run has told yet. */
  readonly dims: {
    readonly inputs: Readonly<Record<string, readonly number[]>>;
    readonly outputs: Readonly<Record<string, readonly number[]>>;
  };

  readonly #run: BoundRun;
  readonly #calls: PendingCalls;
  readonly #onClose: () => void;

  /** @internal Use `session.createBinding()`. */
  constructor({ session, native, calls, binding, inputDims, onClose }: BindingParts) {
    this.#calls = calls;
    this.#onClose = onClose;
    const outputs = new BoundOutputs(session.outputs, binding);
    this.#run = new BoundRun({ session, native, binding, outputs });
    const onHost = session.inputs.flatMap((info, index) => {
      const buffer = binding.inputs[index];
      return buffer ? [[info.name, arrayOver(info, buffer)] as const] : [];
    });
    // Frozen: an array that is assigned would never reach the model.
    this.inputs = Object.freeze(Object.fromEntries(onHost)) as unknown as I;
    this.outputs = outputs.byName as Placed<Readonly<O>, D>;
    this.dims = {
      inputs: Object.fromEntries(session.inputs.map((info, index) => [info.name, inputDims[index]!])),
      outputs: outputs.dimsByName,
    };
  }

  /**
   * Runs the model over the memory of this binding. Runs of one binding never overlap.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_CLOSED`, `ERR_TRT_RUN_QUEUE_FULL`, `ERR_TRT_RUN_ABORTED`,
   *   `ERR_TRT_RUN_FAILED`, also where an output would get another shape than the binding has for it.
   */
  run(options: CallOptions = NO_OPTIONS): Promise<void> {
    // No async function: its frame and promise are a good part of what a call costs.
    if (options === NO_OPTIONS && !this.#run.isClosed) return this.#calls.start(this.#run);
    try {
      this.#run.requireOpen();
      checkCallOptions('run', options, ['signal']);
    } catch (error) {
      return refused(error);
    }
    return this.#calls.start(this.#run, options.signal);
  }

  /**
   * As {@link IoBinding.run}, but on the calling thread: blocks the event loop for the whole inference.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_BUSY` while a run of this binding waits or is in progress, and what
   *   {@link IoBinding.run} throws.
   */
  runSync(): void {
    this.#run.runSync();
  }

  /** Waits for runs in flight, then takes the memory away. Closing again does nothing. */
  async close(): Promise<void> {
    this.#run.isClosed = true;
    await this.#run.whenIdle();
    this[Symbol.dispose]();
  }

  /** Takes the memory away from the arrays at once; a run in flight ends unseen. For `using`. */
  [Symbol.dispose](): void {
    this.#run.close();
    this.#onClose();
  }

  /** The same as {@link IoBinding.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What a run of a binding is to the session's calls. One for all runs: there is nothing to tell them apart. */
class BoundRun implements Call<void> {
  isClosed = false;
  // Keeps the session, and with it the model's threads, alive.
  readonly session: BoundSession;
  readonly #native: NativeSession;
  readonly #binding: NativeBinding;
  readonly #outputs: BoundOutputs;
  readonly #collects: boolean;
  #inFlight = 0;
  #idle: (() => void)[] = [];

  constructor(parts: Pick<BindingParts, 'session' | 'native' | 'binding'> & { outputs: BoundOutputs }) {
    this.session = parts.session;
    this.#native = parts.native;
    this.#binding = parts.binding;
    this.#outputs = parts.outputs;
    this.#collects = parts.binding.collects !== false;
  }

  submit(ticket: number): void {
    this.#binding.submit(ticket);
    this.#inFlight++;
  }

  withdraw(ticket: number): boolean {
    return this.#native.withdraw(ticket);
  }

  finish(): void {
    this.failed();
    if (this.#collects && !this.isClosed) this.#outputs.update(this.#binding.collect());
  }

  explain(error: unknown): TensorRTError {
    return explained(error);
  }

  failed(): void {
    this.#inFlight--;
    if (this.#inFlight > 0 || this.#idle.length === 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  runSync(): void {
    this.requireOpen();
    if (this.#inFlight > 0) {
      throw new TensorRTError(
        'ERR_TRT_RUN_BUSY',
        `Expected a binding that does not run, but ${this.#inFlight} of its runs ${this.#inFlight === 1 ? 'waits or is' : 'wait or are'} in progress.`,
        { details: { inFlight: this.#inFlight } },
      );
    }
    try {
      this.#binding.runSync();
      if (this.#outputs.isDynamic) this.#outputs.update(this.#binding.collect());
    } catch (error) {
      throw explained(error);
    }
  }

  whenIdle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.isClosed = true;
    this.#outputs.close();
    this.#binding.close();
  }

  requireOpen(): void {
    if (this.isClosed) throw closedBindingError();
  }
}

/** Outputs that do not fit the binding any more are no fault of the model. */
function explained(error: unknown): TensorRTError {
  const failure = fromNativeError(error, 'ERR_TRT_RUN_FAILED');
  const { code, message, details, log } = failure;
  if (code !== 'ERR_TRT_RUN_FAILED' || !/that it was bound with|Expected room for/.test(message))
    return failure;
  return new TensorRTError(code, message, {
    hint: 'Make another binding for these values of the shape tensors: one has the sizes of the values it was made with.',
    details,
    log,
  });
}

function closedBindingError(): TensorRTError {
  return new TensorRTError('ERR_TRT_RUN_CLOSED', 'The binding is closed.', {
    hint: 'Make a new one with session.createBinding(); a closed binding cannot be used again.',
  });
}

/** The outputs of a binding, as the last run left them. */
class BoundOutputs {
  readonly byName: Record<string, TensorData | DeviceTensor> = {};
  readonly dimsByName: Record<string, readonly number[]> = {};
  /** Whether a run decides on the size of an output. */
  readonly isDynamic: boolean;
  readonly #infos: readonly TensorInfo[];
  /** Over all of the memory. */
  readonly #whole: readonly (TensorData | DeviceTensor)[];
  readonly #isDynamic: readonly boolean[];

  constructor(infos: readonly TensorInfo[], { outputs, outputDims }: NativeBinding) {
    this.#infos = infos;
    this.#whole = outputs.map((place, index) =>
      'download' in place ? new DeviceTensor(place) : arrayOver(infos[index]!, place),
    );
    this.#isDynamic = outputDims.map((dims) => dims.includes(-1));
    this.isDynamic = this.#isDynamic.includes(true);
    infos.forEach(({ name }, index) => {
      this.byName[name] = this.#whole[index]!;
      this.dimsByName[name] = outputDims[index]!;
    });
  }

  /** Those on the device are tensors of their own to whoever has them, who shall be told that they are closed. */
  close(): void {
    for (const output of this.#whole) {
      if (output instanceof DeviceTensor) output.close();
    }
  }

  update(dims: readonly (readonly number[])[] | null): void {
    if (!dims) return;
    for (let index = 0; index < dims.length; index++) {
      if (!this.#isDynamic[index]) continue;
      const { name, type } = this.#infos[index]!;
      const whole = this.#whole[index]!;
      this.dimsByName[name] = dims[index]!;
      if (whole instanceof DeviceTensor) continue;
      const length = arrayLength(elementArray(type)!, elementCount(dims[index]!));
      this.byName[name] = whole.length === length ? whole : whole.subarray(0, length);
    }
  }
}

function arrayOver(info: TensorInfo, buffer: ArrayBuffer): TensorData {
  return new (elementArray(info.type)!.ArrayClass)(buffer);
}
