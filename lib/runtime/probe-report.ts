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
  /** The package's own binary. */
  addon: AddonReport;
  /** The NVIDIA driver and its GPUs. */
  cuda: CudaReport;
  /** Every library found, in the order in which they are taken. */
  tensorrt: TensorRtReport[];
  /** ONNX Runtime, the CPU backend. */
  cpu: CpuReport;
  /** What to do to have more of it work. */
  advice: string[];
  /** Every place where TensorRT was looked for and not found. */
  tried: TriedPath[];
}

/** The package's own .node file. */
export interface AddonReport {
  /** Whether it was loaded. */
  available: boolean;
  /** The file that was loaded, or that would not load; null if there was none. */
  path: string | null;
  /** Where it was found; null if nothing was. */
  origin: AddonOrigin | null;
  /** Version of the package that it was compiled for; null if it is not available. */
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
  /** Whether the driver can be used, as a word for programs. */
  status: CudaStatus | 'unknown';
  /** Path of the driver's library; null if there is none. */
  path: string | null;
  /** Why there is no usable GPU; null if there is one. */
  reason: string | null;
  /** The GPUs that the driver shows. */
  devices: NativeCudaDevice[];
}

/** One TensorRT library. */
export interface TensorRtReport {
  /** null if the version is not supported or not known. */
  family: Family | null;
  /** Version of the library; null if it does not tell. */
  version: string | null;
  /** Path of the library. */
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
  /** Whether sessions can run on the CPU. */
  available: boolean;
  /** Version of ONNX Runtime; null if it is not available. */
  version: string | null;
  /** Path of its library; null if none was found. */
  path: string | null;
  /** Why it is not available; null if it is. */
  reason: string | null;
  /** Places where it was looked for and not found. */
  tried: TriedPath[];
}
