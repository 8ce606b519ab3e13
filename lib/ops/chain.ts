// SPDX-License-Identifier: Apache-2.0
// Operators in a row, planned once for fixed shapes and run any number of times.

import type { NativeChain, NativeOperatorOutputs, NativeOperatorTarget } from '../binding/contract';
import { openAddon } from '../binding/open-addon';
import { TensorRTError } from '../errors';
import { describeType, integer, oneOf, rejectUnknownOptions, typeError, valueError } from '../option-checks';
import { checkCallOptions, type CallOptions } from '../runtime/call-options';
import { CallsInFlight } from '../runtime/calls-in-flight';
import { DeviceTensor } from '../runtime/device-tensor';
import { driverLibrary } from '../runtime/driver-library';
import { isGpuName, ordinalOf, type GpuName } from '../runtime/gpu-device';
import type { DeviceOutputs } from '../runtime/output-types';
import type { Call } from '../runtime/pending-calls';
import type { Tensor } from '../runtime/tensor';
import type { TensorData } from '../tensor/element-arrays';
import { didYouMean } from '../text/nearest-name';
import { planChain, type ChainStep, type NamedSpecs } from './chain-plan';
import { nativeOperators, type OpenOperators } from './native-operators';
import { collectOutputs, placeInputs, placeTargets, type OperatorTarget } from './operator-memory';
import {
  formatSpec,
  isSameSpec,
  specOf,
  tensorError,
  type OperatorTensor,
  type TensorSpec,
} from './tensor-spec';

export type { ChainStep, NamedSpecs } from './chain-plan';

/** Options of {@link createChain}. */
export interface ChainOptions {
  /** Types and dims of the chain's inputs, by name. */
  inputs: NamedSpecs;
  /** Names of the values that a run gives. Default: those that no step reads. */
  outputs?: readonly string[];
  /** Where the operators run. Default: `'cpu'`. */
  device?: 'cpu' | GpuName;
  /** GPU: outputs that stay there as {@link DeviceTensor}: names, or `true` for all. Default: none. */
  deviceOutputs?: DeviceOutputs;
  /**
   * GPU: whether the kernels run as one CUDA graph, captured when the same memory comes a second time. `'auto'`
   * (default): where it can be done; `'on'` makes it an error where it cannot; `'off'`: never.
   */
  cudaGraph?: 'auto' | 'on' | 'off';
  /** CPU: threads that share the work of an operator. Default: one for each core. */
  threads?: number;
}

const OPTION_NAMES = ['inputs', 'outputs', 'device', 'deviceOutputs', 'cudaGraph', 'threads'] as const;

/** Options of {@link Chain.run}. */
export interface ChainRunOptions extends CallOptions {
  /** Where outputs go instead of new memory, by name: arrays, or {@link DeviceTensor}s on the chain's GPU. */
  out?: Readonly<Record<string, OperatorTarget>>;
}

/** Numbers of a chain since it was made. */
export interface ChainStatistics {
  /** Runs that ended without an error. */
  readonly runs: number;
  /** Memory for values between the steps, and for what operators need meanwhile; on the CPU, for each run at a time. */
  readonly memoryBytes: number;
  /** CUDA graphs: how often one was captured and launched, and why there is none. */
  readonly cudaGraph: { readonly captures: number; readonly launches: number; readonly refusal?: string };
}

/** Operators in a row. Made by {@link createChain}. */
export class Chain {
  /** Types and dims of the inputs, by name. */
  readonly inputs: NamedSpecs;
  /** Types and dims of the outputs, by name. */
  readonly outputs: NamedSpecs;
  /** Where it runs. */
  readonly device: 'cpu' | GpuName;

  readonly #native: NativeChain;
  readonly #operators: OpenOperators;
  readonly #places: readonly ('device' | null)[];
  readonly #calls = new CallsInFlight();

  /** @internal Use `createChain()`. */
  constructor(parts: ChainParts) {
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
    this.device = parts.device;
    this.#native = parts.native;
    this.#operators = parts.operators;
    this.#places = parts.places;
  }

  /**
   * Runs all steps, off the event loop. On the CPU runs of one chain may overlap, on a GPU they queue. Arrays over
   * a `SharedArrayBuffer`, of a binding, and those that a session, an operator or a chain has given are read and written
   * in place: do not change them before the promise has settled. Others are copied, inputs before this returns.
   *
   * A device tensor that a promise has given is ready: pass it to a session or another chain at once.
   *
   * @param inputs - All inputs by name; an array alone is enough. On a GPU also device tensors, used in place.
   * @throws {TensorRTError} `ERR_TRT_ARG_*`, `ERR_TRT_RUN_INPUT_MISSING`, `ERR_TRT_RUN_INPUT_NAME`,
   *   `ERR_TRT_RUN_OUTPUT_NAME`, `ERR_TRT_RUN_DEVICE_TENSOR`, `ERR_TRT_RUN_CLOSED`, `ERR_TRT_RUN_ABORTED`,
   *   `ERR_TRT_RUN_GRAPH`, `ERR_TRT_CUDA_*`.
   */
  async run(
    inputs: Readonly<Record<string, OperatorTensor | TensorData>>,
    options: ChainRunOptions = {},
  ): Promise<Record<string, Tensor | DeviceTensor>> {
    if (this.#calls.isClosing) throw closedError();
    checkCallOptions('run', options, ['signal', 'out']);
    const { arrays } = placeInputs('run', this.#readInputs(inputs), this.device);
    const { targets, out } = this.#readTargets(options.out);
    const names = Object.keys(this.outputs);
    const specs = Object.values(this.outputs);
    const call: Call<(Tensor | DeviceTensor)[]> = {
      submit: (ticket) => this.#native.run(ticket, arrays, targets),
      withdraw: (ticket) => this.#operators.native.withdraw(ticket),
      finish: (result) => collectOutputs(specs, result as NativeOperatorOutputs, { targets, out }),
    };
    const made = await this.#calls.track(this.#operators.calls.start(call, options.signal));
    return Object.fromEntries(made.map((tensor, index) => [names[index]!, tensor]));
  }

  /** What the chain has done. @throws {TensorRTError} `ERR_TRT_RUN_CLOSED` */
  statistics(): ChainStatistics {
    if (this.#calls.isClosing) throw closedError();
    const { runs, memoryBytes, graphCaptures, graphLaunches, graphRefusal } = this.#native.statistics();
    const refusal = graphRefusal === '' ? {} : { refusal: graphRefusal };
    return { runs, memoryBytes, cudaGraph: { captures: graphCaptures, launches: graphLaunches, ...refusal } };
  }

  /** Waits for runs in flight, then gives the memory back. Closing again does nothing. */
  close(): Promise<void> {
    return this.#calls.close(() =>
      this.#operators.calls.start({
        submit: (ticket) => this.#native.close(ticket),
        withdraw: () => false,
        finish: () => undefined,
      }),
    );
  }

  /** The same as {@link Chain.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #readInputs(inputs: Readonly<Record<string, OperatorTensor | TensorData>>): OperatorTensor[] {
    if (typeof inputs !== 'object' || inputs === null)
      throw new TensorRTError(
        'ERR_TRT_ARG_TYPE',
        `Expected inputs as { name: tensor }, got ${describeType(inputs)}.`,
      );
    refuseNames('ERR_TRT_RUN_INPUT_NAME', 'input', Object.keys(inputs), Object.keys(this.inputs));
    return Object.entries(this.inputs).map(([name, spec]) => readInput(name, spec, inputs[name]));
  }

  #readTargets(out: ChainRunOptions['out'] = {}) {
    const names = Object.keys(this.outputs);
    if (typeof out !== 'object' || out === null || ArrayBuffer.isView(out))
      throw typeError('out', out, '{ name: target }');
    refuseNames('ERR_TRT_RUN_OUTPUT_NAME', 'output', Object.keys(out), names);
    const placed = placeTargets({
      operator: 'run',
      outputs: Object.values(this.outputs),
      device: this.device === 'cpu' ? undefined : this.device,
      out: names.map((name) => out[name]),
      labels: names.map((name) => `out.${name}`),
    });
    const targets = placed.targets.map((target, index): NativeOperatorTarget =>
      placed.out[index] === undefined ? this.#places[index]! : target,
    );
    return { targets, out: placed.out };
  }
}

/** What a chain is made of. */
interface ChainParts extends Pick<Chain, 'inputs' | 'outputs' | 'device'> {
  readonly native: NativeChain;
  readonly operators: OpenOperators;
  /** Where outputs go by themselves. */
  readonly places: readonly ('device' | null)[];
}

/**
 * Plans operators in a row: types and dims of every value, memory that the steps share, and on a GPU a stream of their
 * own. Takes no tensors; loads the device off the event loop.
 *
 * @param steps - In the order in which they run.
 * @throws {TensorRTError} `ERR_TRT_ARG_*`, `ERR_TRT_RUN_UNSUPPORTED` for `deviceOutputs` on the CPU,
 *   `ERR_TRT_RUN_DEVICE`, `ERR_TRT_CUDA_*`.
 * @example
 * ```ts
 * await using chain = await createChain(
 *   [{ plan: ([x]) => planSoftmax([x]), inputs: ['logits'], outputs: ['scores'] }],
 *   { inputs: { logits: { type: 'float32', dims: [8, 1000] } } },
 * );
 * const { scores } = await chain.run({ logits });
 * ```
 */
export async function createChain(steps: readonly ChainStep[], options: ChainOptions): Promise<Chain> {
  const { device, cudaGraph, threads } = checkOptions(options);
  const planned = planChain(steps, options.inputs, options.outputs);
  const names = Object.keys(planned.outputs);
  const places = names.map((name) => (staysOnDevice(options.deviceOutputs, name) ? 'device' : null));
  if (Array.isArray(options.deviceOutputs))
    refuseNames('ERR_TRT_RUN_OUTPUT_NAME', 'output', options.deviceOutputs as string[], names);
  const named = driverLibrary();
  const place =
    device === 'cpu'
      ? {}
      : { device: ordinalOf(device), cudaGraph, ...(named === undefined ? {} : { driverLibrary: named }) };
  const operators = await nativeOperators(openAddon);
  const native = await operators.calls.start<NativeChain>({
    submit: (ticket) => operators.native.createChain(ticket, { ...planned.request, threads, ...place }),
    withdraw: () => false,
    finish: (result) => result as NativeChain,
  });
  return new Chain({ inputs: planned.inputs, outputs: planned.outputs, device, native, operators, places });
}

function checkOptions(options: ChainOptions) {
  rejectUnknownOptions('createChain', options, OPTION_NAMES);
  const { device = 'cpu', cudaGraph = 'auto', threads = 0, deviceOutputs = false, outputs } = options;
  if (device !== 'cpu' && !isGpuName(device)) throw valueError('device', device, "'cpu' or 'cuda:N'");
  oneOf('auto', 'on', 'off')('cudaGraph', cudaGraph);
  if (options.threads !== undefined) integer(1, 256)('threads', threads);
  if (outputs !== undefined && !isNames(outputs)) throw typeError('outputs', outputs, 'an array of names');
  if (typeof deviceOutputs !== 'boolean' && !isNames(deviceOutputs))
    throw typeError('deviceOutputs', deviceOutputs, 'an array of output names, true or false');
  if (device === 'cpu' && deviceOutputs !== false && deviceOutputs !== undefined)
    throw new TensorRTError(
      'ERR_TRT_RUN_UNSUPPORTED',
      'Outputs can stay in the memory of a GPU, but the chain runs on the CPU.',
      { hint: "Leave `deviceOutputs` out, or make the chain with device 'cuda:0'." },
    );
  return { device, cudaGraph, threads };
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function staysOnDevice(deviceOutputs: DeviceOutputs = false, name: string): boolean {
  return typeof deviceOutputs === 'boolean' ? deviceOutputs : deviceOutputs.includes(name);
}

function readInput(
  name: string,
  spec: TensorSpec,
  given: OperatorTensor | TensorData | undefined,
): OperatorTensor {
  if (given === undefined)
    throw new TensorRTError(
      'ERR_TRT_RUN_INPUT_MISSING',
      `The chain needs its input "${name}" (${formatSpec(spec)}).`,
      { details: { missing: [name] } },
    );
  const label = { operator: 'run', argument: `input "${name}"` };
  const tensor = ArrayBuffer.isView(given) ? { ...spec, data: given } : given;
  if (
    !(tensor instanceof DeviceTensor) &&
    typeof tensor === 'object' &&
    tensor !== null &&
    'data' in tensor
  ) {
    const whole = {
      type: tensor.type ?? spec.type,
      dims: tensor.dims ?? spec.dims,
      data: tensor.data as TensorData,
    };
    if (!isSameSpec(specOf(whole, label), spec))
      throw tensorError(label, formatSpec(spec), formatSpec(whole));
    return whole;
  }
  const found = specOf(tensor, label);
  if (!isSameSpec(found, spec)) throw tensorError(label, formatSpec(spec), formatSpec(found));
  return tensor;
}

function refuseNames(
  code: 'ERR_TRT_RUN_INPUT_NAME' | 'ERR_TRT_RUN_OUTPUT_NAME',
  kind: string,
  names: readonly string[],
  known: readonly string[],
): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TensorRTError(
    code,
    `The chain has no ${kind} "${unknown}".${didYouMean(unknown, known)} It has ${known.map((name) => `"${name}"`).join(', ')}.`,
    { details: { [kind]: unknown, expected: known } },
  );
}

function closedError(): TensorRTError {
  return new TensorRTError('ERR_TRT_RUN_CLOSED', 'The chain is closed.', {
    hint: 'Make a new one with createChain(); a closed chain cannot be used again.',
  });
}
