// SPDX-License-Identifier: Apache-2.0
// What is done on a GPU without a session.

import type { NativeAddon } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { openAddon } from '../binding/open-addon';
import { TensorRTError } from '../errors';
import type { TensorData } from '../tensor/element-arrays';
import { ELEMENT_TYPES, type ElementType } from '../tensor/element-type';
import { DeviceTensor } from './device-tensor';
import { driverLibrary } from './driver-library';
import { inputSpec, prepareFeeds } from './feeds';
import { isGpuName, ordinalOf, requireGpu, type GpuName } from './gpu-device';
import { describeType, rejectUnknownOptions, valueError } from '../option-checks';

/** Memory of a GPU. */
export interface DeviceMemory {
  /** What new allocations could get, of all processes. */
  readonly freeBytes: number;
  /** Memory of the whole device. */
  readonly totalBytes: number;
}

/** The addon's functions used here; tests replace them. */
export type DeviceAddon = Pick<NativeAddon, 'uploadTensor' | 'deviceMemory' | 'probeCuda'>;

type AddonSource = () => DeviceAddon | Promise<DeviceAddon>;

/** `uploadTensor()` after it was loaded. */
export async function uploadTensorTo(
  tensor: { readonly type: ElementType; readonly data: TensorData; readonly dims: readonly number[] },
  options: { device?: GpuName | undefined },
  addon: AddonSource = openAddon,
): Promise<DeviceTensor> {
  rejectUnknownOptions('uploadTensor', options, ['device']);
  const device = checkDevice(options.device ?? 'cuda:0');
  const { data, dims } = checkTensor(tensor);
  const request = { ...driverOption(), device: ordinalOf(device), type: tensor.type, dims, data };
  let opened = addon();
  if (opened instanceof Promise) {
    // The native call copies the array before it returns; until it comes, the caller may change it.
    Object.assign(request, { dims: [...dims], data: copyOf(data) });
    opened = await opened;
  }
  return new DeviceTensor(await explained(opened.uploadTensor(request), device, opened));
}

/** `deviceMemory()` after it was loaded. */
export async function askDeviceMemory(
  device: GpuName,
  addon: AddonSource = openAddon,
): Promise<DeviceMemory> {
  const ordinal = ordinalOf(checkDevice(device));
  const opened = await addon();
  const { free, total } = await explained(opened.deviceMemory(ordinal, driverLibrary()), device, opened);
  return { freeBytes: free, totalBytes: total };
}

/** The slice() of typed arrays: that of a Buffer copies nothing. */
function copyOf(data: TensorData): TensorData {
  return Uint8Array.prototype.slice.call(data);
}

function driverOption(): { driverLibrary?: string } {
  const named = driverLibrary();
  return named === undefined ? {} : { driverLibrary: named };
}

function checkDevice(device: unknown): GpuName {
  if (isGpuName(device)) return device;
  throw valueError('device', device, "'cuda:N'");
}

/** The checks of an input, for a tensor that is one of nothing yet. */
function checkTensor(tensor: unknown): { data: TensorData; dims: readonly number[] } {
  if (typeof tensor !== 'object' || tensor === null || ArrayBuffer.isView(tensor)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `uploadTensor() takes { type, data, dims }, not ${describeType(tensor)}.`,
    );
  }
  const { type, data, dims } = tensor as { type: ElementType; data: TensorData; dims: readonly number[] };
  if (type === 'string') throw valueError('type', type, 'an element type of GPUs; they have no strings');
  if (!ELEMENT_TYPES.includes(type)) throw valueError('type', type, `one of ${ELEMENT_TYPES.join(', ')}`);
  if (!Array.isArray(dims)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `uploadTensor() takes dims as an array of numbers, not ${describeType(dims)}.`,
    );
  }
  const spec = inputSpec({ name: 'data', type, dims: dims.map(() => -1) });
  prepareFeeds([spec], { data: { data, dims: dims as number[] } });
  return { data, dims: dims as number[] };
}

/** A device that does not exist is answered with those that do. */
async function explained<T>(call: Promise<T>, device: GpuName, addon: DeviceAddon): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const failure = fromNativeError(error, 'ERR_TRT_CUDA_CALL');
    if (failure.code === 'ERR_TRT_RUN_DEVICE') requireGpu(device, await addon.probeCuda(driverLibrary()));
    throw failure;
  }
}
