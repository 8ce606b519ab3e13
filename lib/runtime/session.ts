// SPDX-License-Identifier: Apache-2.0
import type { NativeBinding, NativeInput, NativeSession, NativeTrace } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { TensorRTError } from '../errors';
import type { TensorInfo } from '../tensor/tensor-info';
import { toTensorInfo, type BackendName, type ExecutionBackend } from './backend';
import {
  checkDevicePlaces,
  prepareBinding,
  writeContent,
  type BindingOptions,
  type BindingShapes,
} from './binding-request';
import { checkCallOptions, NO_OPTIONS, runCall, type CallOptions, type CallTarget } from './call-options';
import {
  ask,
  engineStatistics,
  inspectEngine,
  readStatistics,
  refitEngine,
  requireTensorRt,
  type SessionStatistics,
} from './engine-queries';
import { fixedDims, inputSpec, prepareFeeds, type Feeds, type InputSpec, type PreparedFeeds } from './feeds';
import { IoBinding } from './io-binding';
import type { EngineProfile } from './manifest';
import type { AnyArrays, DeviceOutputs, NamedArrays, RunOutputs } from './output-types';
import { PendingCalls, refused } from './pending-calls';
import { checkProfiles, toEngineProfiles, type ProfileTable } from './profile-fit';
import { RunCall } from './run-call';
import { SessionOutputs, type OutputOptions } from './session-outputs';
import { takeStageTimes, type StageTimes } from './stage-times';
import type { Tensor } from './tensor';
import { checkTraceOptions, toRunTrace, type RunTrace, type TraceOptions } from './trace';

/** Options of {@link Session.run}. */
export interface RunOptions<D extends DeviceOutputs = DeviceOutputs> extends CallOptions, OutputOptions<D> {}

interface Closable {
  close(): Promise<void>;
}

const RUN_OPTIONS = ['outputs', 'deviceOutputs', 'signal'] as const;
const SYNC_OPTIONS = ['outputs', 'deviceOutputs'] as const;

/** What a session is made of. */
export interface SessionParts {
  readonly native: NativeSession;
  readonly calls: PendingCalls;
  readonly backend: ExecutionBackend;
  readonly fallbackReason: string | null;
}

/**
 * Loads a backend's model and makes the session over it.
 *
 * @throws {TensorRTError} What the backend's `load` throws.
 */
export async function openSession(
  backend: ExecutionBackend,
  fallbackReason: string | null = null,
): Promise<Session> {
  const calls = new PendingCalls();
  const native = await backend.load(calls.settle).catch((error: unknown) => {
    throw fromNativeError(error, 'ERR_TRT_RUN_MODEL');
  });
  try {
    return new Session({ native, calls, backend, fallbackReason });
  } catch (error) {
    // Nobody else has the model to release it. Why it cannot be used is what matters.
    await runCall({ native, calls }, (ticket) => native.close(ticket)).catch(() => undefined);
    throw error;
  }
}

/**
 * A loaded model: takes inputs by name and gives outputs by name, off the event loop. Made by `createSession()`.
 *
 * Calls beyond its contexts wait in order. Close it when done: the garbage collector does not see a model's memory.
 */
export class Session {
  /** Where it runs: `'cpu'` or `'cuda:N'`. */
  readonly device: string;
  /** What runs it. */
  readonly backend: BackendName;
  /** Why `device: 'auto'` did not take a GPU; null if it did, or if the device was named. */
  readonly fallbackReason: string | null;
  /** The model's inputs. */
  readonly inputs: readonly TensorInfo[];
  /** The model's outputs. */
  readonly outputs: readonly TensorInfo[];
  /** Optimisation profiles of the engine, empty if no input is dynamic; undefined on the CPU. */
  readonly profiles: readonly EngineProfile[] | undefined;

  readonly #target: CallTarget;
  readonly #source: ExecutionBackend;
  readonly #inputSpecs: readonly InputSpec[];
  readonly #outputs: SessionOutputs;
  readonly #profileTable: ProfileTable | undefined;
  // Weak: a binding that nobody uses may go before the session does.
  readonly #bindings = new Set<WeakRef<Closable>>();
  readonly #collected = new FinalizationRegistry<WeakRef<Closable>>((gone) => this.#bindings.delete(gone));
  #closing: Promise<void> | undefined;

  /** @internal Use `createSession()`. */
  constructor({ native, calls, backend, fallbackReason }: SessionParts) {
    this.device = backend.device;
    this.backend = backend.name;
    this.fallbackReason = fallbackReason;
    this.#source = backend;
    this.#target = { native, calls };
    this.inputs = native.inputs.map((info) =>
      backend.unranked?.has(info.name) ? { ...toTensorInfo(info), hasShape: false } : toTensorInfo(info),
    );
    this.outputs = native.outputs.map(toTensorInfo);
    this.#inputSpecs = this.inputs.map(inputSpec);
    const isStatic = this.inputs.every((info) => fixedDims(info) !== undefined);
    this.#outputs = new SessionOutputs(this.outputs, isStatic, this.device);
    if (native.profiles) {
      this.#profileTable = { inputs: this.inputs, profiles: native.profiles, only: backend.profile };
      this.profiles = toEngineProfiles(this.#profileTable);
    }
  }

  /**
   * Runs the model. The inputs are copied before it returns; the outputs are new arrays that belong to the caller.
   *
   * Waits in the session's queue where all contexts are busy; never blocks the event loop but for the copy. Device
   * tensors are used in place, and outputs that `deviceOutputs` names stay on the GPU, as {@link DeviceTensor}.
   *
   * @typeParam O - The outputs' arrays by name, for the compiler: `run<{ logits: Float32Array }>(…)`. Default: any.
   * @param feeds - Every input by name: a typed array, an array of strings, `{ data, dims }`, or a device tensor.
   * @throws {TensorRTError} `ERR_TRT_RUN_INPUT_*`, `ERR_TRT_RUN_OUTPUT_NAME`, `ERR_TRT_RUN_PROFILE` and
   *   `ERR_TRT_RUN_DEVICE_TENSOR` for wrong arguments, `ERR_TRT_RUN_QUEUE_FULL`, `ERR_TRT_RUN_ABORTED`,
   *   `ERR_TRT_RUN_CLOSED`, `ERR_TRT_RUN_FAILED`, `ERR_TRT_RUN_GRAPH`, `ERR_TRT_RUN_MEMORY_LIMIT`, `ERR_TRT_CUDA_*`.
   * @example
   * ```ts
   * const { logits } = await session.run({ images: { data: pixels, dims: [1, 1, 8, 8] } });
   * console.log(logits.dims, logits.data);
   * ```
   */
  run<O extends AnyArrays = AnyArrays, const D extends DeviceOutputs = false>(
    feeds: Feeds,
    options: RunOptions<D> = NO_OPTIONS,
  ): Promise<RunOutputs<O, D>> {
    // No async function: its frame and promise are a good part of what a call costs.
    try {
      this.#requireOpen();
      checkCallOptions('run', options, RUN_OPTIONS);
      const prepared = this.#prepare(feeds);
      const targets = this.#outputs.makeTargets(options);
      const call = new RunCall(this.#target.native, prepared, { targets, outputs: this.#outputs });
      return this.#target.calls.start(call, options.signal) as Promise<RunOutputs<O, D>>;
    } catch (error) {
      return refused(error);
    }
  }

  /**
   * As {@link Session.run}, but on the calling thread: blocks the event loop for the whole inference. For scripts, and
   * for models of a few microseconds.
   */
  runSync<O extends AnyArrays = AnyArrays, const D extends DeviceOutputs = false>(
    feeds: Feeds,
    options: OutputOptions<D> = NO_OPTIONS,
  ): RunOutputs<O, D> {
    this.#requireOpen();
    checkCallOptions('runSync', options, SYNC_OPTIONS);
    const { arrays, dims } = this.#prepare(feeds);
    const targets = this.#outputs.makeTargets(options);
    try {
      const made = this.#target.native.runSync(arrays, dims, targets);
      return this.#outputs.collect(targets, made) as RunOutputs<O, D>;
    } catch (error) {
      throw fromNativeError(error, 'ERR_TRT_RUN_FAILED');
    }
  }

  /**
   * Makes inputs and outputs at fixed places in native memory: runs over them copy nothing.
   *
   * Where the output shapes follow from dynamic inputs and the runtime cannot tell them, the model is run once on zeros
   * to learn them.
   *
   * An output whose size follows from the data cannot stay on the device in a binding.
   *
   * @typeParam I - The inputs' arrays by name, for the compiler: `{ images: Float32Array }`. Default: any.
   * @typeParam O - The outputs' arrays by name.
   * @param shapes - Dims of the dynamic inputs.
   * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for options that contradict each other, `ERR_TRT_RUN_INPUT_NAME`,
   *   `ERR_TRT_RUN_INPUT_SHAPE`, `ERR_TRT_RUN_UNSUPPORTED`, and what a run throws.
   * @example
   * ```ts
   * await using io = await session.createBinding({ images: [8, 1, 8, 8] });
   * io.inputs.images.set(pixels);
   * await io.run();
   * console.log(io.outputs.logits);
   * ```
   */
  async createBinding<
    I extends NamedArrays = AnyArrays,
    O extends NamedArrays = AnyArrays,
    const D extends DeviceOutputs = false,
  >(shapes: BindingShapes = {}, options: BindingOptions<D> = {}): Promise<IoBinding<I, O, D>> {
    this.#requireOpen();
    const { dims, inputs, places } = prepareBinding(
      {
        specs: this.#inputSpecs,
        outputs: this.outputs,
        sessionOutputs: this.#outputs,
        device: this.device,
      },
      shapes,
      options,
    );
    this.#checkProfiles(dims, inputs);
    const { native } = this.#target;
    const result = await runCall(this.#target, (ticket) => native.bind(ticket, dims, places));
    const binding = this.#adopt<I, O, D>(result as NativeBinding, dims);
    writeContent(inputs, (result as NativeBinding).inputs);
    return binding;
  }

  /**
   * Counters since the session was made, at once.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED` on the CPU, `ERR_TRT_RUN_CLOSED`
   */
  statistics(): SessionStatistics {
    this.#requireEngine('statistics()');
    return readStatistics(this.#target.native);
  }

  /**
   * When the stages of the runs since the last call of this began and ended; forgets them. For sessions made with
   * `stageTimes`, also after `close()`.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED` where the session was made without.
   */
  takeStageTimes(): StageTimes {
    return takeStageTimes(this.#target.native);
  }

  /**
   * What TensorRT tells about the layers of the engine: as much as `profilingVerbosity` had it keep at the build.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED` on the CPU, `ERR_TRT_RUN_CLOSED`
   */
  async inspectEngine(): Promise<unknown> {
    this.#requireEngine('inspectEngine()');
    return inspectEngine(this.#target);
  }

  /**
   * Numbers about the engine by name: sizes of its weights, of its memory and of what it streams.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED` on the CPU, `ERR_TRT_RUN_CLOSED`
   */
  async engineStatistics(): Promise<Record<string, number>> {
    this.#requireEngine('engineStatistics()');
    return engineStatistics(this.#target);
  }

  /**
   * Runs the model once and records what happens in it: the times of its layers, tensors that were marked for debugging
   * at the build. Slower than a run, and never a CUDA graph.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED` on the CPU or where the TensorRT version lacks what was asked
   *   for, and what {@link Session.run} throws.
   */
  async trace(feeds: Feeds, options: TraceOptions = {}): Promise<RunTrace> {
    this.#requireEngine('trace()');
    const { native } = this.#target;
    const request = checkTraceOptions(options, native.debugTensors ?? []);
    const { arrays, dims } = this.#prepare(feeds);
    const targets = this.#outputs.makeOwnTargets(options.outputs);
    const trace = (await runCall(
      this.#target,
      (ticket) => native.submitTraced(ticket, arrays, dims, targets, request),
      options.signal,
    )) as NativeTrace;
    return toRunTrace(trace, this.#outputs.collect(targets, trace.outputs) as Record<string, Tensor>);
  }

  /**
   * Gives the engine the weights of a model with the same layers; it must have been built with `refit`. Waits until no
   * call runs; calls after it have the new weights. The bytes of a model are copied on the calling thread.
   *
   * @param model - Path of an ONNX model, or its bytes.
   * @throws {TensorRTError} `ERR_TRT_RUN_REFIT`, `ERR_TRT_RUN_UNSUPPORTED`, `ERR_TRT_RUN_CLOSED`
   */
  async refit(model: string | Uint8Array): Promise<void> {
    this.#requireEngine('refit()');
    await refitEngine(this.#target, model);
  }

  /**
   * Rejects waiting calls with `ERR_TRT_RUN_CLOSED`, waits for running ones, closes the bindings and releases the
   * model. Closing again returns the same promise.
   *
   * @throws {TensorRTError} `ERR_TRT_BUILD_OUTPUT` or `ERR_TRT_BUILD_DISK_FULL` if the file of `runtimeCache` cannot be
   *   written; the session is closed all the same.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown());
  }

  /** The same as {@link Session.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #prepare(feeds: Feeds): PreparedFeeds {
    const prepared = prepareFeeds(this.#inputSpecs, feeds, this.device);
    this.#checkProfiles(prepared.dims, prepared.arrays);
    return prepared;
  }

  #checkProfiles(dims: PreparedFeeds['dims'], inputs: readonly (NativeInput | null)[]): void {
    if (this.#profileTable) checkProfiles(this.#profileTable, dims, inputs);
  }

  #adopt<I extends NamedArrays, O extends NamedArrays, D extends DeviceOutputs>(
    binding: NativeBinding,
    inputDims: readonly (readonly number[])[],
  ): IoBinding<I, O, D> {
    // The session may have been closed in the turn that delivered the binding: nobody would close it later.
    if (this.#closing) {
      binding.close();
      this.#requireOpen();
    }
    checkDevicePlaces(binding, this.outputs);
    const onClose = (): void => {
      this.#bindings.delete(reference);
    };
    const adopted = new IoBinding<I, O, D>({
      ...this.#target,
      session: this,
      binding,
      inputDims,
      onClose,
    });
    const reference = new WeakRef<Closable>(adopted);
    this.#bindings.add(reference);
    this.#collected.register(adopted, reference);
    return adopted;
  }

  async #shutDown(): Promise<void> {
    const { native, calls } = this.#target;
    try {
      if (this.#source.finish) {
        // Its question would wait behind them.
        calls.withdrawAll(closedError);
        await this.#source.finish((what) => ask(this.#target, what));
      }
    } finally {
      try {
        await runCall(this.#target, (ticket) => native.close(ticket));
      } finally {
        for (const reference of this.#bindings) await reference.deref()?.close();
        this.#bindings.clear();
      }
    }
  }

  #requireEngine(what: string): void {
    this.#requireOpen();
    requireTensorRt(this.backend, what);
  }

  #requireOpen(): void {
    if (this.#closing) throw closedError();
  }
}

function closedError(): TensorRTError {
  return new TensorRTError('ERR_TRT_RUN_CLOSED', 'The session is closed.');
}
