// SPDX-License-Identifier: Apache-2.0
// What the stages of a pipeline are given, and hand on.

import type { ImageTransform } from '../../ops/image/transform';
import { DeviceTensor } from '../../runtime/device-tensor';
import type { GpuName } from '../../runtime/gpu-device';
import { abortedError } from '../../runtime/pending-calls';
import type { Tensor } from '../../runtime/tensor';

/** Where and how stages of one call run. */
export interface StageContext {
  readonly device: 'cpu' | GpuName;
  readonly threads: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Device tensors of the call, closed when it ends. */
  readonly scope: DeviceScope;
}

/** The model's input, made of a piece of a call. */
export interface PreparedBatch {
  readonly feed: Tensor | DeviceTensor;
  /** One for each image, padding included; none for sounds. */
  readonly transforms: readonly ImageTransform[];
}

/** Turns inputs of a call into the model's. `I` is what callers give, `C` an input that was checked. */
export interface InputStage<I, C> {
  /** Checks all inputs, before work is done on any. */
  check(inputs: readonly I[]): C[];
  /** Inputs of one run must have the same. */
  groupOf(input: C): string;
  /** Makes inputs ready for {@link InputStage.prepare}: what takes long, and needs no device. */
  decode(inputs: readonly C[]): Promise<C[]>;
  /** Makes the model's input, padded to `batch`. */
  prepare(inputs: readonly C[], batch: number, context: StageContext): Promise<PreparedBatch>;
}

/** Turns the model's outputs into results, one for each of `count` inputs. */
export interface OutputStage<R> {
  /** Outputs that are wanted. */
  readonly outputs: readonly string[];
  /** On a GPU: whether they stay there. */
  readonly staysOnDevice: boolean;
  finish(
    outputs: Readonly<Record<string, Tensor | DeviceTensor>>,
    batch: FinishedBatch,
    context: StageContext,
  ): Promise<R[]>;
}

/** What is known of a batch after the model. */
export interface FinishedBatch extends Pick<PreparedBatch, 'transforms'> {
  /** Inputs, padding left out. */
  readonly count: number;
  /** With padding. */
  readonly batch: number;
}

/** Closes device tensors together. */
export class DeviceScope {
  readonly #tensors: DeviceTensor[] = [];
  #isClosed = false;

  /** Has `tensor` closed at the end, if it is on a device; at once after it: another part of the call has failed. */
  keep<T>(tensor: T): T {
    if (!(tensor instanceof DeviceTensor)) return tensor;
    if (this.#isClosed) tensor.close();
    else this.#tensors.push(tensor);
    return tensor;
  }

  close(): void {
    this.#isClosed = true;
    for (const tensor of this.#tensors.splice(0)) tensor.close();
  }
}

/** Options of an operator within a stage. */
export function operatorOptions({ threads, signal }: StageContext): {
  threads?: number;
  signal?: AbortSignal;
} {
  return { ...(threads === undefined ? {} : { threads }), ...(signal === undefined ? {} : { signal }) };
}

/** A tensor's elements on the host. */
export async function toHost(tensor: Tensor | DeviceTensor): Promise<Tensor> {
  return tensor instanceof DeviceTensor ? tensor.toTensor() : tensor;
}

/** @throws {TensorRTError} `ERR_TRT_RUN_ABORTED` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedError(signal);
}
