// SPDX-License-Identifier: Apache-2.0
import type { TensorData } from '../tensor/element-arrays';
import type { ElementType } from '../tensor/element-type';
import { askDeviceMemory, uploadTensorTo, type DeviceMemory } from './device-access';
import type { DeviceTensor } from './device-tensor';
import type { GpuName } from './gpu-device';

export type { DeviceMemory } from './device-access';

/**
 * Copies a tensor to a GPU, off the event loop; the array is copied before it returns. All sessions on the device take
 * it as an input, and use it in place.
 *
 * @param options - `device`: default `'cuda:0'`.
 * @throws {TensorRTError} `ERR_TRT_ARG_*`, `ERR_TRT_RUN_INPUT_TYPE`, `ERR_TRT_RUN_INPUT_SHAPE` and
 *   `ERR_TRT_RUN_INPUT_SIZE` for a tensor that does not fit together, `ERR_TRT_RUN_DEVICE`, `ERR_TRT_CUDA_*`.
 * @example
 * ```ts
 * using weights = await uploadTensor({ type: 'float32', data, dims: [768, 768] }, { device: 'cuda:0' });
 * const { y } = await session.run({ x, weights });
 * ```
 */
export async function uploadTensor(
  tensor: { readonly type: ElementType; readonly data: TensorData; readonly dims: readonly number[] },
  options: { device?: GpuName } = {},
): Promise<DeviceTensor> {
  // Not loaded at this call: the array is copied before it returns.
  return uploadTensorTo(tensor, options);
}

/**
 * Asks how much memory a GPU has. The first use of a device in a process takes some hundred milliseconds and some
 * hundred megabytes of it.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_DEVICE`, `ERR_TRT_CUDA_*`
 */
export async function deviceMemory(device: GpuName = 'cuda:0'): Promise<DeviceMemory> {
  return askDeviceMemory(device);
}
