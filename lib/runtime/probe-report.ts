// SPDX-License-Identifier: Apache-2.0
import type { CudaStatus, Family, NativeCudaDevice } from '../binding/contract';
import type { AddonFailureCause, AddonOrigin } from '../binding/load-failure';
import type { TriedPath } from './locate-tensorrt';

/** What this machine has, as plain data; what `tensorrt-node doctor --json` prints. */
export interface ProbeReport {
  /** Operating system and processor, e.g. `'linux-x64'`. */
  platform: string;
  /** Version of Node.js, e.g. `'v20.20.0'`. */
  node: string;
  addon: AddonReport;
  cuda: CudaReport;
  /** Every library found, in the order in which they are taken. */
  tensorrt: TensorRtReport[];
  cpu: CpuReport;
  /** What to do to have more of it work. */
  advice: string[];
  /** Every place where TensorRT was looked for and not found. */
  tried: TriedPath[];
}

/** The package's own .node file. */
export interface AddonReport {
  available: boolean;
  path: string | null;
  /** Where it was found; null if nothing was. */
  origin: AddonOrigin | null;
  version: string | null;
  /** TensorRT families that it was compiled for. */
  families: Family[];
  /** Why it is not available; null if it is. */
  reason: string | null;
  /** The same as a word for programs; null if it is available, or if another library is to blame. */
  cause: AddonFailureCause | null;
  /** What to do about it; null if it is available. */
  hint: string | null;
  /** Places without a binary. */
  tried: TriedPath[];
}

/** The NVIDIA driver. */
export interface CudaReport {
  /** CUDA version that the driver supports, e.g. `'13.0'`; null if it does not tell. */
  driver: string | null;
  status: CudaStatus | 'unknown';
  /** Path of the driver's library; null if there is none. */
  path: string | null;
  /** Why there is no usable GPU; null if there is one. */
  reason: string | null;
  devices: NativeCudaDevice[];
}

/** One TensorRT library. */
export interface TensorRtReport {
  /** null if the version is not supported or not known. */
  family: Family | null;
  version: string | null;
  path: string;
  /** How it was found. */
  from: string;
  /** Whether `buildEngine()` can use it on this machine. */
  usable: boolean;
  /** Why it is not usable; null if it is. */
  reason: string | null;
}

/** ONNX Runtime, the CPU backend. */
export interface CpuReport {
  available: boolean;
  version: string | null;
  path: string | null;
  /** Why it is not available; null if it is. */
  reason: string | null;
  tried: TriedPath[];
}
