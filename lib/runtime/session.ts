// SPDX-License-Identifier: Apache-2.0
import type { NativeBinding, NativeOutputs, NativeSession, NativeTarget } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { TensorRTError } from '../errors';
import { arrayLength, elementArray, elementCount, type ElementArray } from '../tensor/element-arrays';
import type { TensorInfo } from '../tensor/tensor-info';
import { didYouMean } from '../text/nearest-name';
import { toTensorInfo, type BackendName, type ExecutionBackend } from './backend';
import { checkDims, fixedDims, inputSpec, prepareFeeds, type InputSpec } from './feeds';
import { IoBinding } from './io-binding';
import { PendingCalls } from './pending-calls';
import { checkCallOptions, NO_OPTIONS, runCall, type CallOptions } from './run-call';
import { Tensor, type Feeds } from './tensor';

/** Options of {@link Session.run}. */
export interface RunOptions extends CallOptions {
  /** Names of the outputs to compute. Default: all. */
  outputs?: readonly string[];
}

const RUN_OPTIONS = ['outputs', 'signal'] as const;
const SYNC_OPTIONS = ['outputs'] as const;

interface OutputSpec {
  readonly info: TensorInfo;
  readonly array: ElementArray;
  /** Dims that are known before a run, else undefined. */
  readonly dims: readonly number[] | undefined;
}

/** What a session is made of. */
export interface SessionParts {
  readonly native: NativeSession;
  readonly calls: PendingCalls;
  readonly device: string;
  readonly backend: BackendName;
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
  return new Session({ native, calls, device: backend.device, backend: backend.name, fallbackReason });
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

  readonly #native: NativeSession;
  readonly #calls: PendingCalls;
  readonly #inputSpecs: readonly InputSpec[];
  readonly #outputSpecs: readonly OutputSpec[];
  // Weak: a binding that nobody uses may go before the session does.
  readonly #bindings = new Set<WeakRef<IoBinding>>();
  readonly #collected = new FinalizationRegistry<WeakRef<IoBinding>>((gone) => this.#bindings.delete(gone));
  #closing: Promise<void> | undefined;

  /** @internal Use `createSession()`. */
  constructor(parts: SessionParts) {
    this.device = parts.device;
    this.backend = parts.backend;
    this.fallbackReason = parts.fallbackReason;
    this.#native = parts.native;
    this.#calls = parts.calls;
    this.inputs = parts.native.inputs.map(toTensorInfo);
    this.outputs = parts.native.outputs.map(toTensorInfo);
    this.#inputSpecs = this.inputs.map(inputSpec);
    // With a dynamic input the model's statement about its outputs is not to be relied on: exporters leave the
    // batch size of their example in it. Those outputs are allocated by the runtime.
    const isStatic = this.inputs.every((info) => fixedDims(info) !== undefined);
    this.#outputSpecs = this.outputs.map((info) => outputSpec(info, isStatic));
  }

  /**
   * Runs the model. The inputs are copied before it returns; the outputs are new arrays that belong to the caller.
   *
   * Waits in the session's queue where all contexts are busy; never blocks the event loop but for the copy.
   *
   * @param feeds - Every input by name: a typed array, or `{ data, dims }`.
   * @throws {TensorRTError} `ERR_TRT_RUN_INPUT_*` and `ERR_TRT_RUN_OUTPUT_NAME` for wrong arguments,
   *   `ERR_TRT_RUN_QUEUE_FULL`, `ERR_TRT_RUN_ABORTED`, `ERR_TRT_RUN_CLOSED`, `ERR_TRT_RUN_FAILED`.
   * @example
   * ```ts
   * const { logits } = await session.run({ images: { data: pixels, dims: [1, 1, 8, 8] } });
   * console.log(logits.dims, logits.data);
   * ```
   */
  async run(feeds: Feeds, options: RunOptions = NO_OPTIONS): Promise<Record<string, Tensor>> {
    this.#requireOpen();
    checkCallOptions('run', options, RUN_OPTIONS);
    const { arrays, dims } = prepareFeeds(this.#inputSpecs, feeds);
    const targets = this.#makeTargets(options.outputs);
    const result = await runCall(
      { native: this.#native, calls: this.#calls, held: targets },
      (ticket) => this.#native.submit(ticket, arrays, dims, targets),
      options,
    );
    return this.#collect(targets, result as NativeOutputs | undefined);
  }

  /**
   * As {@link Session.run}, but on the calling thread: blocks the event loop for the whole inference. For scripts, and
   * for models of a few microseconds.
   */
  runSync(feeds: Feeds, options: Pick<RunOptions, 'outputs'> = NO_OPTIONS): Record<string, Tensor> {
    this.#requireOpen();
    checkCallOptions('runSync', options, SYNC_OPTIONS);
    const { arrays, dims } = prepareFeeds(this.#inputSpecs, feeds);
    const targets = this.#makeTargets(options.outputs);
    try {
      return this.#collect(targets, this.#native.runSync(arrays, dims, targets));
    } catch (error) {
      throw fromNativeError(error, 'ERR_TRT_RUN_FAILED');
    }
  }

  /**
   * Makes inputs and outputs at fixed places in native memory: runs over them copy nothing.
   *
   * Where the output shapes follow from dynamic inputs, the model is run once on zeros to learn them.
   *
   * @param shapes - Dims of the dynamic inputs.
   * @throws {TensorRTError} `ERR_TRT_RUN_INPUT_NAME`, `ERR_TRT_RUN_INPUT_SHAPE`, and what a run throws.
   * @example
   * ```ts
   * await using io = await session.createBinding({ images: [8, 1, 8, 8] });
   * io.inputs.images.set(pixels);
   * await io.run();
   * console.log(io.outputs.logits);
   * ```
   */
  async createBinding(shapes: Readonly<Record<string, readonly number[]>> = {}): Promise<IoBinding> {
    this.#requireOpen();
    const names = this.inputs.map((info) => info.name);
    const unknown = Object.keys(shapes).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new TensorRTError(
        'ERR_TRT_RUN_INPUT_NAME',
        `The model has no input "${unknown}".${didYouMean(unknown, names)}`,
        {
          details: { input: unknown, expected: names },
        },
      );
    }
    const dims = this.inputs.map((info) => bindingDims(info, shapes[info.name]));
    const result = await runCall({ native: this.#native, calls: this.#calls, held: undefined }, (ticket) =>
      this.#native.bind(ticket, dims),
    );
    return this.#adopt(result as NativeBinding, dims);
  }

  /**
   * Rejects waiting calls with `ERR_TRT_RUN_CLOSED`, waits for running ones, closes the bindings and releases the
   * model. Closing again returns the same promise.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown());
  }

  /** The same as {@link Session.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #adopt(native: NativeBinding, inputDims: readonly (readonly number[])[]): IoBinding {
    // The session may have been closed in the turn that delivered the binding: nobody would close it later.
    if (this.#closing) {
      native.close();
      this.#requireOpen();
    }
    const binding = new IoBinding({
      session: this,
      native: this.#native,
      calls: this.#calls,
      binding: native,
      inputDims,
      onClose: () => this.#bindings.delete(reference),
    });
    const reference = new WeakRef(binding);
    this.#bindings.add(reference);
    this.#collected.register(binding, reference);
    return binding;
  }

  async #shutDown(): Promise<void> {
    const ticket = this.#calls.take();
    const closed = this.#calls.wait(ticket);
    this.#native.close(ticket);
    await closed;
    for (const reference of this.#bindings) await reference.deref()?.close();
    this.#bindings.clear();
  }

  #requireOpen(): void {
    if (this.#closing) throw new TensorRTError('ERR_TRT_RUN_CLOSED', 'The session is closed.');
  }

  /** An array for each wanted output whose dims are known, null for the other wanted ones. */
  #makeTargets(wanted: readonly string[] | undefined): NativeTarget[] {
    if (wanted !== undefined) this.#checkOutputNames(wanted);
    return this.#outputSpecs.map(({ info, array, dims }) => {
      if (wanted && !wanted.includes(info.name)) return undefined;
      if (!dims) return null;
      return new array.ArrayClass(arrayLength(array, elementCount(dims)));
    });
  }

  #checkOutputNames(wanted: readonly string[]): void {
    const names = this.outputs.map((info) => info.name);
    const isList = wanted instanceof Array && wanted.length > 0;
    const unknown = isList ? wanted.find((name) => !names.includes(name)) : String(wanted);
    if (unknown === undefined) return;
    const message = isList
      ? `The model has no output "${unknown}".${didYouMean(unknown, names)} Its outputs are ${names.join(', ')}.`
      : 'Expected a list of at least one output name.';
    throw new TensorRTError('ERR_TRT_RUN_OUTPUT_NAME', message, {
      details: { output: unknown, expected: names },
    });
  }

  #collect(targets: readonly NativeTarget[], made: NativeOutputs | undefined): Record<string, Tensor> {
    const outputs: Record<string, Tensor> = {};
    for (let index = 0; index < targets.length; index++) {
      const target = targets[index];
      if (target === undefined) continue;
      const { info, array, dims } = this.#outputSpecs[index]!;
      if (target) {
        outputs[info.name] = new Tensor(info.type, dims!, target);
      } else {
        const [buffer, madeDims] = made![index]!;
        outputs[info.name] = new Tensor(info.type, madeDims, new array.ArrayClass(buffer));
      }
    }
    return outputs;
  }
}

function outputSpec(info: TensorInfo, inputsAreStatic: boolean): OutputSpec {
  const array = elementArray(info.type);
  if (!array)
    throw new TensorRTError(
      'ERR_TRT_RUN_MODEL',
      `Output "${info.name}" has elements of type ${info.type}, which cannot be handed out.`,
    );
  // An output without dimensions may be a scalar or of unknown rank: ONNX Runtime does not tell which.
  const isKnown = inputsAreStatic && info.dims.length > 0;
  return { info, array, dims: isKnown ? fixedDims(info) : undefined };
}

function bindingDims(info: TensorInfo, given: readonly number[] | undefined): readonly number[] {
  const dims = given ?? fixedDims(info);
  if (dims) return checkDims(info, dims);
  throw new TensorRTError(
    'ERR_TRT_RUN_INPUT_SHAPE',
    `Input "${info.name}" has dynamic dims [${info.dims.join(', ')}]: a binding needs them all.`,
    {
      hint: `Write createBinding({ ${JSON.stringify(info.name)}: [...] }).`,
      details: { input: info.name, expected: info.dims },
    },
  );
}
