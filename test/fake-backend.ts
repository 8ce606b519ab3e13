// SPDX-License-Identifier: Apache-2.0
// A backend in pure TypeScript with the face of the native one, for tests of everything above it. Calls wait until the
// test lets them run, so that every order of events can be made.

import type {
  NativeArray,
  NativeBinding,
  NativeDims,
  NativeFinished,
  NativeOutputs,
  NativeSession,
  NativeTarget,
  NativeTensorInfo,
} from '../lib/binding/contract';
import type { ExecutionBackend } from '../lib/runtime/backend';

/** What a fake model is. */
export interface FakeModel {
  inputs: NativeTensorInfo[];
  outputs: NativeTensorInfo[];
  /** Computes all outputs, each with its dims. May throw. */
  compute(inputs: readonly NativeArray[], dims: NativeDims): { data: NativeArray; dims: number[] }[];
}

/** Shorthand for a tensor: strings are symbols. */
export function fakeTensor(name: string, type: string, dims: readonly (number | string)[]): NativeTensorInfo {
  return {
    name,
    type,
    dims: dims.map((dim) => (typeof dim === 'number' ? dim : -1)),
    dimNames: dims.map((dim) => (typeof dim === 'string' ? dim : '')),
    isShapeTensor: false,
  };
}

interface Waiting {
  ticket: number;
  work: () => unknown;
}

/** One context, a queue, and a test that says when the next call runs. */
export class FakeBackend implements ExecutionBackend {
  readonly name = 'tensorrt';
  readonly device = 'cuda:0';
  /** Calls that wait, oldest first. */
  readonly queue: Waiting[] = [];
  /** True once the session has been closed. */
  isClosed = false;
  /** True: calls run by themselves in the next turn of the event loop. */
  isAutomatic = true;
  readonly #model: FakeModel;
  readonly #maxQueue: number;
  #onFinished: (finished: NativeFinished) => void = () => {};

  constructor(model: FakeModel, maxQueue = 1024) {
    this.#model = model;
    this.#maxQueue = maxQueue;
  }

  async load(onFinished: (finished: NativeFinished) => void): Promise<NativeSession> {
    this.#onFinished = onFinished;
    return {
      inputs: this.#model.inputs,
      outputs: this.#model.outputs,
      libraryVersion: '0.0.0',
      submit: (ticket, inputs, dims, targets) => {
        const copies = inputs.map((input) => input.slice() as NativeArray);
        this.#enqueue(ticket, () => this.#run(copies, dims, targets));
      },
      runSync: (inputs, dims, targets) => this.#run(inputs, dims, targets),
      withdraw: (ticket) => this.#withdraw(ticket),
      bind: (ticket, dims) => this.#enqueue(ticket, () => this.#bind(dims)),
      close: (ticket) => this.#close(ticket),
    };
  }

  /** Runs the oldest waiting call, or all of them, and delivers what came of them in one batch. */
  step(count = this.queue.length): void {
    const finished = this.queue.splice(0, count).flatMap(({ ticket, work }) => {
      try {
        return [ticket, undefined, work()];
      } catch (error) {
        return [ticket, error, undefined];
      }
    });
    if (finished.length > 0) this.#onFinished(finished);
  }

  #enqueue(ticket: number, work: () => unknown): void {
    if (this.isClosed) throw nativeError('ERR_TRT_RUN_CLOSED', 'The session is closed.');
    if (this.queue.length > this.#maxQueue)
      throw nativeError('ERR_TRT_RUN_QUEUE_FULL', 'as many wait already');
    this.queue.push({ ticket, work });
    if (this.isAutomatic) setImmediate(() => this.step());
  }

  #withdraw(ticket: number): boolean {
    const index = this.queue.findIndex((waiting) => waiting.ticket === ticket);
    if (index >= 0) this.queue.splice(index, 1);
    return index >= 0;
  }

  #close(ticket: number): void {
    this.isClosed = true;
    const rejected = this.queue
      .splice(0)
      .flatMap((waiting) => [
        waiting.ticket,
        nativeError('ERR_TRT_RUN_CLOSED', 'The session is closed.'),
        undefined,
      ]);
    setImmediate(() => this.#onFinished([...rejected, ticket, undefined, undefined]));
  }

  #run(inputs: readonly NativeArray[], dims: NativeDims, targets: readonly NativeTarget[]): NativeOutputs {
    return this.#model.compute(inputs, dims).map(({ data, dims: made }, index) => {
      const target = targets[index];
      if (target === undefined) return undefined;
      if (target === null) return [data.buffer.slice(0) as ArrayBuffer, made];
      bytesOf(target).set(bytesOf(data));
      return undefined;
    });
  }

  #bind(dims: NativeDims): NativeBinding {
    const inputs = this.#model.inputs.map((info, i) => new ArrayBuffer(4 * product(dims?.[i] ?? info.dims)));
    const asFloats = (): Float32Array[] => inputs.map((buffer) => new Float32Array(buffer));
    const first = this.#model.compute(asFloats(), dims);
    const outputs = first.map(({ data }) => new ArrayBuffer(data.byteLength));
    const run = (): void => {
      this.#model
        .compute(asFloats(), dims)
        .forEach(({ data }, i) => new Uint8Array(outputs[i]!).set(bytesOf(data)));
    };
    return {
      inputs,
      outputs,
      outputDims: first.map((output) => output.dims),
      submit: (ticket) => this.#enqueue(ticket, run),
      runSync: run,
      collect: () => {},
      close: () =>
        [...inputs, ...outputs].forEach((buffer) => structuredClone(buffer, { transfer: [buffer] })),
    };
  }
}

function bytesOf(data: NativeArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function product(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

function nativeError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
