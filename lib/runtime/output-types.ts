// SPDX-License-Identifier: Apache-2.0
// What a compiler can know of a model's arrays: nothing but what the caller tells, and which outputs stay on the device.

import type { StringData, TensorData } from '../tensor/element-arrays';
import type { DeviceTensor } from './device-tensor';
import type { Tensor } from './tensor';

/** Arrays by the names of inputs or outputs, such as `{ logits: Float32Array }`. */
export type NamedArrays = Record<string, TensorData>;

/** Arrays of a model that nobody has described: any name, any array. */
// A union of all arrays would have no method that can be called: each class takes its own elements alone.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyArrays = Record<string, any>;

/** Outputs that stay in the GPU's memory: names, or `true` for all; `false` or an empty list for none. */
export type DeviceOutputs = boolean | readonly string[];

/** `Host` by name, but device tensors where `D`, the option `deviceOutputs`, has them. */
export type Placed<Host, D> = D extends true
  ? { [N in keyof Host]: DeviceTensor }
  : D extends readonly (infer Name extends string)[]
    ? string extends Name
      ? { [N in keyof Host]: Host[N] | DeviceTensor }
      : { [N in Exclude<keyof Host, Name>]: Host[N] } & { [N in Name]: DeviceTensor }
    : Host;

/**
 * What a run gives: a {@link Tensor} for each output, or a {@link DeviceTensor} where `deviceOutputs` says so.
 *
 * @typeParam O - As {@link NamedArrays}, with `string[]` for the outputs that are strings.
 */
export type RunOutputs<O extends AnyArrays = AnyArrays, D = false> = Placed<
  { [N in keyof O]: Tensor<Extract<O[N], TensorData | StringData>> },
  D
>;
