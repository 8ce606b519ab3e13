// SPDX-License-Identifier: Apache-2.0
// Where operators read and write: the tensors of a call as native code takes them, and its results as callers do.

import type { NativeInput, NativeOperatorOutputs, NativeOperatorTarget } from '../binding/contract';
import { TensorRTError } from '../errors';
import { describeType } from '../option-checks';
import { closedTensorError, DeviceTensor, nativeTensorFor } from '../runtime/device-tensor';
import { Tensor, type TensorLike } from '../runtime/tensor';
import { arrayLength, elementArray, elementCount, type TensorData } from '../tensor/element-arrays';
import {
  detachedNote,
  formatSpec,
  isSameSpec,
  specOf,
  tensorError,
  type OperatorTensor,
  type TensorSpec,
} from './tensor-spec';

/** Memory for a result: an array, or a tensor whose memory is used. */
export type OperatorTarget = TensorData | Tensor | TensorLike | DeviceTensor;

/** The memory of a call. */
export interface PlacedCall {
  readonly arrays: NativeInput[];
  /** `'cuda:N'` where an input is there. */
  readonly device: DeviceTensor['device'] | undefined;
  readonly targets: NativeOperatorTarget[];
  /** What the caller gave as `out`, by result. */
  readonly out: readonly (OperatorTarget | undefined)[];
}

/**
 * Inputs as native code takes them; all device tensors on one device.
 *
 * @param runsOn - Where a chain runs. Default: where the tensors are.
 * @throws {TensorRTError} `ERR_TRT_RUN_DEVICE_TENSOR`
 */
export function placeInputs(
  operator: string,
  inputs: readonly OperatorTensor[],
  runsOn?: DeviceTensor['device'] | 'cpu',
): Pick<PlacedCall, 'arrays' | 'device'> {
  let device: DeviceTensor['device'] | undefined;
  const arrays = inputs.map((input, index): NativeInput => {
    if (!(input instanceof DeviceTensor)) return input.data as TensorData;
    if (runsOn !== undefined && input.device !== runsOn) throw otherDeviceError(input.device, runsOn);
    if (device !== undefined && input.device !== device)
      throw twoDevicesError(operator, input.device, device);
    device = input.device;
    if (input.isClosed) throw closedTensorError(input, { operator, argument: `its input ${index}` });
    return nativeTensorFor(input, device, operator);
  });
  return { arrays, device };
}

/** What decides on where results go. */
export interface WantedOutputs {
  readonly operator: string;
  readonly outputs: readonly TensorSpec[];
  readonly device: DeviceTensor['device'] | undefined;
  readonly out: OperatorTarget | readonly (OperatorTarget | undefined)[] | undefined;
  /** What the places of `out` are called in messages. */
  readonly labels?: readonly string[];
}

/**
 * Targets of the results: the caller's, or new memory on the device of the inputs.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_TENSOR`, `ERR_TRT_RUN_DEVICE_TENSOR`
 */
export function placeTargets(wanted: WantedOutputs): Pick<PlacedCall, 'targets' | 'out'> {
  const { operator, outputs, device } = wanted;
  const fresh = device === undefined ? null : 'device';
  const out = targetList(wanted);
  const targets = outputs.map((spec, index): NativeOperatorTarget => {
    const target = out[index];
    if (target === undefined) return fresh;
    const name = {
      operator,
      argument: wanted.labels?.[index] ?? (outputs.length === 1 ? 'out' : `out[${index}]`),
    };
    if (!(target instanceof DeviceTensor)) return hostTarget(target, spec, name);
    if (device !== undefined && target.device !== device)
      throw twoDevicesError(operator, target.device, device);
    if (target.isClosed) throw closedTensorError(target, name);
    if (!isSameSpec(target, spec)) throw tensorError(name, formatSpec(spec), formatSpec(target));
    if (device === undefined)
      throw new TensorRTError(
        'ERR_TRT_RUN_DEVICE_TENSOR',
        `${operator}() was given ${name.argument} on ${target.device}, but all its inputs are on the host.`,
        { hint: 'Upload an input with uploadTensor(), or pass an array as `out`.' },
      );
    return nativeTensorFor(target, device, operator);
  });
  return { targets, out };
}

function targetList({ operator, outputs, out }: WantedOutputs): readonly (OperatorTarget | undefined)[] {
  if (out === undefined) return [];
  const list = Array.isArray(out)
    ? (out as readonly (OperatorTarget | undefined)[])
    : [out as OperatorTarget];
  if (list.length === outputs.length) return list;
  const results = outputs.length === 1 ? 'one result' : `${outputs.length} results`;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `${operator}() has ${results}, but \`out\` has ${list.length} ${list.length === 1 ? 'place' : 'places'}.`,
    { details: { option: 'out', expected: outputs.length, received: list.length } },
  );
}

function hostTarget(
  target: TensorData | Tensor | TensorLike,
  spec: TensorSpec,
  name: { operator: string; argument: string },
): TensorData {
  if (!ArrayBuffer.isView(target)) {
    const given = specOf(target, name);
    // Its own type tells an array class that serves several from another.
    if (
      target.type !== undefined
        ? !isSameSpec(given, spec)
        : elementCount(given.dims) !== elementCount(spec.dims)
    )
      throw tensorError(name, formatSpec(spec), formatSpec(given));
    const data: unknown = target.data;
    if (!ArrayBuffer.isView(data)) throw tensorError(name, 'a typed array as data', describeType(data));
    return hostTarget(data as TensorData, spec, name);
  }
  const array = elementArray(spec.type)!;
  const className = target[Symbol.toStringTag];
  if (!array.accepts.includes(className))
    throw tensorError(name, `${array.accepts.join(' or ')} for ${formatSpec(spec)}`, describeType(target));
  const length = arrayLength(array, elementCount(spec.dims));
  if (target.length === length) return target;
  throw tensorError(
    name,
    `${length} ${array.bits < 8 ? 'bytes' : 'elements'} for ${formatSpec(spec)}`,
    `${target.length}${detachedNote(target)}`,
  );
}

/**
 * Makes what the caller gets of what native code made.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_CLOSED` as {@link requireTargets}.
 */
export function collectOutputs(
  specs: readonly TensorSpec[],
  made: NativeOperatorOutputs,
  { targets, out }: Pick<PlacedCall, 'targets' | 'out'>,
): (Tensor | DeviceTensor)[] {
  requireTargets(targets, specs);
  return specs.map(({ type, dims }, index) => {
    const place = made[index];
    if (place !== undefined) {
      if (!('byteLength' in place)) return new DeviceTensor(place);
      const { ArrayClass } = elementArray(type)!;
      return new Tensor(type, dims, new ArrayClass(place));
    }
    const given = out[index];
    return given instanceof DeviceTensor ? given : new Tensor(type, dims, targets[index] as TensorData);
  });
}

function twoDevicesError(operator: string, one: string, other: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_RUN_DEVICE_TENSOR',
    `${operator}() was given device tensors on ${other} and on ${one}.`,
    { hint: `Upload all to one device.`, details: { operator, devices: [other, one] } },
  );
}

function otherDeviceError(one: string, runsOn: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_RUN_DEVICE_TENSOR',
    `The chain runs on ${runsOn === 'cpu' ? 'the CPU' : runsOn}, but was given a device tensor on ${one}.`,
    {
      hint:
        runsOn === 'cpu'
          ? `Make the chain with device '${one}', or pass \`await tensor.toTensor()\`.`
          : `Upload the tensor to ${runsOn}, or make the chain on ${one}.`,
      details: { device: one, chainDevice: runsOn },
    },
  );
}

/**
 * Results for arrays that were transferred away or closed in the meantime are lost.
 *
 * @param specs - Of the results.
 * @throws {TensorRTError} `ERR_TRT_RUN_CLOSED`
 */
function requireTargets(targets: readonly NativeOperatorTarget[], specs: readonly TensorSpec[]): void {
  const isThere = (target: NativeOperatorTarget, index: number): boolean => {
    if (!ArrayBuffer.isView(target)) return true;
    const { type, dims } = specs[index]!;
    return target.length === arrayLength(elementArray(type)!, elementCount(dims));
  };
  if (targets.every(isThere)) return;
  throw new TensorRTError(
    'ERR_TRT_RUN_CLOSED',
    'The memory of `out` went away while an operator ran: its buffer was transferred, or its binding closed.',
    { hint: 'Leave the arrays of `out` alone until the promise has settled.' },
  );
}
