// SPDX-License-Identifier: Apache-2.0
import type { NativeCudaDevice, NativeCudaReport } from '../binding/contract';
import { TensorRTError } from '../errors';
import { cudaError, hasUsableGpu } from './cuda-status';

/** Name of a GPU as sessions take it. */
export type GpuName = `cuda:${number}`;

/** True for `'cuda:N'`. */
export function isGpuName(value: unknown): value is GpuName {
  return typeof value === 'string' && /^cuda:\d+$/.test(value);
}

/** The N of `'cuda:N'`. */
export function ordinalOf(name: GpuName): number {
  return Number(name.slice('cuda:'.length));
}

/**
 * Finds a GPU by its name.
 *
 * @throws {TensorRTError} `ERR_TRT_CUDA_*` where none is usable, `ERR_TRT_RUN_DEVICE` with those that there are.
 */
export function requireGpu(name: GpuName, report: NativeCudaReport): NativeCudaDevice {
  if (!hasUsableGpu(report)) throw cudaError(report, `Device ${name}`);
  const device = report.devices.find(({ ordinal }) => ordinal === ordinalOf(name));
  if (device) return device;
  const list = report.devices.map((gpu) => `cuda:${gpu.ordinal} is ${gpu.name} (${gpu.uuid})`).join(', ');
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  const masked =
    visible === undefined ? 'CUDA_VISIBLE_DEVICES is not set' : `CUDA_VISIBLE_DEVICES is "${visible}"`;
  throw new TensorRTError('ERR_TRT_RUN_DEVICE', `There is no device ${name}: ${list}; ${masked}.`, {
    details: { device: name, devices: report.devices, visibleDevices: visible ?? null },
  });
}
