// SPDX-License-Identifier: Apache-2.0
// A backend in pure TypeScript with the face of the native one, for tests of everything above it. Calls wait until the
// test lets them run, so that every order of events can be made.

import type {
  NativeArray,
  NativeBinding,
  NativeCounters,
  NativeDeviceTensor,
  NativeDims,
  NativeFinished,
  NativeInput,
  NativeInputRange,
  NativeOutputs,
  NativeSession,
  NativeTarget,
  NativeTensorInfo,
  NativeTraceRequest,
} from '../lib/binding/contract';
import type { BackendName, ExecutionBackend } from '../lib/runtime/backend';
import { elementArray } from '../lib/tensor/element-arrays';
import type { ElementType } from '../lib/tensor/element-type';

/** What a fake model is. */
export interface FakeModel {
  inputs: NativeTensorInfo[];
  outputs: NativeTensorInfo[];
  /** Of an engine: [profile][input]. */
  profiles?: NativeInputRange[][];
  /** Tensors that were marked for debugging. */
  debugTensors?: string[];
  /** Outputs whose size a run decides: dims with the most that they can be. */
  capacities?: Record<string, number[]>;
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

/** A tensor in the memory of a device that does not exist. */
export class FakeDeviceTensor implements NativeDeviceTensor {
  readonly bytes: number;
  isClosed = false;

  constructor(
    readonly type: string,
    readonly dims: number[],
    readonly data: NativeArray,
    readonly device = 0,
  ) {
    this.bytes = data.byteLength;
  }

  download(): Promise<ArrayBuffer> {
    return Promise.resolve(copyOf(this.data));
  }

  close(): void {
    this.isClosed = true;
  }
}

interface Waiting {
  ticket: number;
  work: () => unknown;
}

/** How a fake backend differs from the usual one. */
export interface FakeBackendOptions {
  maxQueue?: number;
  name?: BackendName;
  device?: string;
  profile?: number;
}

const NO_COUNTS: NativeCounters = {
  runs: 0,
  failedRuns: 0,
  hostCopiedBytes: 0,
  hostToDeviceBytes: 0,
  deviceToHostBytes: 0,
  graphCaptures: 0,
  graphLaunches: 0,
  graphEvictions: 0,
  pinnedBytes: 0,
  deviceBytes: 0,
};

/** One context, a queue, and a test that says when the next call runs. */
export class FakeBackend implements ExecutionBackend {
  readonly name: BackendName;
  readonly device: string;
  readonly profile?: number;
  finish?: ExecutionBackend['finish'];
  /** Calls that wait, oldest first. */
  readonly queue: Waiting[] = [];
  /** True once the session has been closed. */
  isClosed = false;
  /** True: calls run by themselves in the next turn of the event loop. */
  isAutomatic = true;
  /** What closing the session ends with. */
  closeError: Error | undefined;
  /** Native calls by name, in order. */
  readonly calls: string[] = [];
  /** What `refit()` got. */
  readonly refits: unknown[] = [];
  /** Answers to questions by their name. */
  answers: Record<string, unknown> = {};
  readonly counters = { ...NO_COUNTS };
  readonly graphFailures: { shapes: string; reason: string }[] = [];
  /** What was recorded; null for a session that does not. */
  stageTimes: { rows: Float64Array; dropped: number } | null = null;
  /** Whether bindings have nothing to collect. */
  collects: boolean | undefined;
  readonly #model: FakeModel;
  readonly #maxQueue: number;
  #onFinished: (finished: NativeFinished) => void = () => {};

  constructor(model: FakeModel, options: FakeBackendOptions = {}) {
    this.#model = model;
    this.#maxQueue = options.maxQueue ?? 1024;
    this.name = options.name ?? 'tensorrt';
    this.device = options.device ?? 'cuda:0';
    if (options.profile !== undefined) this.profile = options.profile;
  }

  async load(onFinished: (finished: NativeFinished) => void): Promise<NativeSession> {
    this.#onFinished = onFinished;
    const { inputs, outputs, profiles, debugTensors } = this.#model;
    return {
      inputs,
      outputs,
      ...(profiles && { profiles }),
      ...(debugTensors && { debugTensors }),
      libraryVersion: '0.0.0',
      submit: (ticket, given, dims, targets) => {
        const copies = given.map(contentOf);
        this.#enqueue(ticket, () => this.#run(copies, dims, targets));
      },
      submitTraced: (ticket, given, ...[dims, targets, request]) => {
        const copies = given.map(contentOf);
        this.#enqueue(ticket, () => this.#trace(this.#run(copies, dims, targets), request));
      },
      runSync: (given, dims, targets) => this.#run(given.map(contentOf), dims, targets),
      withdraw: (ticket) => this.#withdraw(ticket),
      bind: (ticket, dims, places) => this.#enqueue(ticket, () => this.#bind(dims, places ?? [])),
      query: (ticket, what) =>
        this.#enqueue(ticket, () => {
          const answer = this.answers[what];
          if (answer instanceof Error) throw answer;
          return answer;
        }),
      refit: (ticket, model) => this.#enqueue(ticket, () => void this.refits.push(model)),
      counters: () => this.counters,
      graphFailures: () => this.graphFailures,
      takeStageTimes: () => this.stageTimes,
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
    setImmediate(() => this.#onFinished([...rejected, ticket, this.closeError, undefined]));
  }

  #run(inputs: readonly NativeArray[], dims: NativeDims, targets: readonly NativeTarget[]): NativeOutputs {
    return this.#model.compute(inputs, dims).map(({ data, dims: made }, index) => {
      const target = targets[index];
      if (target === undefined) return undefined;
      if (target === null) return [copyOf(data), made];
      if (target === 'device') return new FakeDeviceTensor(this.#model.outputs[index]!.type, made, data);
      bytesOf(target).set(bytesOf(data));
      return undefined;
    });
  }

  #trace(outputs: NativeOutputs, { layerTimes, debugTensors }: NativeTraceRequest) {
    const names = debugTensors === true ? this.#model.debugTensors! : debugTensors || [];
    return {
      outputs,
      layers: layerTimes ? [{ layer: 'only', milliseconds: 0.5 }] : [],
      debugTensors: names.map((name) => ({
        name,
        type: 'float32',
        dims: [1],
        data: copyOf(Float32Array.of(7)),
      })),
    };
  }

  #bind(dims: NativeDims, places: readonly (NativeInput | 'device' | null)[]): NativeBinding {
    const { inputs: infos, outputs: outputInfos, capacities = {} } = this.#model;
    const inputs = infos.map((info, i) => {
      const place = places[i] ?? null;
      if (place instanceof FakeDeviceTensor) return null;
      const made = arrayOf(info.type, dims?.[i] ?? info.dims);
      if (place !== null) bytesOf(made).set(bytesOf(place as NativeArray));
      return made;
    });
    const given = (): NativeArray[] => inputs.map((array, i) => array ?? contentOf(places[i] as NativeInput));
    let last = this.#model.compute(given(), dims);
    const outputs = outputInfos.map((info, i) => {
      const array = arrayOf(info.type, capacities[info.name] ?? last[i]!.dims);
      const isOnDevice = places[infos.length + i] === 'device';
      return isOnDevice ? new FakeDeviceTensor(info.type, last[i]!.dims, array) : array;
    });
    const outputDims = outputInfos.map((info, i) =>
      capacities[info.name] ? last[i]!.dims.map(() => -1) : last[i]!.dims,
    );
    const run = (): void => {
      this.calls.push('run');
      last = this.#model.compute(given(), dims);
      last.forEach(({ data }, i) => {
        const place = outputs[i]!;
        bytesOf(place instanceof FakeDeviceTensor ? place.data : place).set(bytesOf(data));
      });
    };
    return {
      inputs: inputs.map((array) => array && (array.buffer as ArrayBuffer)),
      outputs: outputs.map((place) =>
        place instanceof FakeDeviceTensor ? place : (place.buffer as ArrayBuffer),
      ),
      outputDims,
      ...(this.collects !== undefined && { collects: this.collects }),
      submit: (ticket) => this.#enqueue(ticket, run),
      runSync: run,
      collect: () => {
        this.calls.push('collect');
        return Object.keys(capacities).length > 0 ? last.map((output) => output.dims) : null;
      },
      close: () => {
        for (const place of [...inputs, ...outputs]) {
          if (!ArrayBuffer.isView(place)) continue;
          const buffer = place.buffer as ArrayBuffer;
          structuredClone(buffer, { transfer: [buffer] });
        }
      },
    };
  }
}

function arrayOf(type: string, dims: readonly number[]): NativeArray {
  const { ArrayClass } = elementArray(type as ElementType)!;
  return new ArrayClass(product(dims));
}

function contentOf(input: NativeInput): NativeArray {
  return input instanceof FakeDeviceTensor ? input.data : (input as NativeArray).slice();
}

function copyOf(data: NativeArray): ArrayBuffer {
  return bytesOf(data).slice().buffer;
}

function bytesOf(data: NativeArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function product(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

/** An error as native code throws it. */
export function nativeError(code: string, message: string, details?: object): Error {
  return Object.assign(new Error(message), { code, details });
}
