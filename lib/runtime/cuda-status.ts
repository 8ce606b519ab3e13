// SPDX-License-Identifier: Apache-2.0
import type { CudaStatus, NativeCudaReport } from '../binding/contract';
import { TensorRTError, type TensorRTErrorCode } from '../errors';
import { formatCudaVersion } from './library-version';

const CODES: Readonly<Record<Exclude<CudaStatus, 'ok'>, TensorRTErrorCode>> = {
  'not-found': 'ERR_TRT_CUDA_DRIVER_NOT_FOUND',
  'no-device': 'ERR_TRT_CUDA_NO_DEVICE',
  'too-old': 'ERR_TRT_CUDA_DRIVER_TOO_OLD',
  mismatch: 'ERR_TRT_CUDA_DRIVER_MISMATCH',
  error: 'ERR_TRT_CUDA_INIT',
};

/** True if the driver works and there is a GPU to use. */
export function hasUsableGpu(report: NativeCudaReport): boolean {
  return report.status === 'ok' && report.devices.length > 0;
}

/** The error for a driver that cannot be used, naming who needs it. */
export function cudaError(report: NativeCudaReport, neededBy: string): TensorRTError {
  // A driver that starts and counts no GPU is the same to the user as one that reports "no device".
  const status = report.status === 'ok' ? 'no-device' : report.status;
  const version =
    report.driverVersion > 0 ? ` The driver supports CUDA ${formatCudaVersion(report.driverVersion)}.` : '';
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  const masked =
    status === 'no-device' && visible !== undefined ? ` CUDA_VISIBLE_DEVICES is "${visible}".` : '';
  const message = report.message || 'no GPU is visible';
  return new TensorRTError(
    CODES[status],
    `${neededBy} needs a working NVIDIA driver: ${message}.${version}${masked}`.replace('..', '.'),
    {
      details: { status, driver: report.path, driverVersion: report.driverVersion, code: report.code },
    },
  );
}
