// SPDX-License-Identifier: Apache-2.0
import type { NativeAddon, NativeGpuMonitor } from '../binding/contract';
import { captureCallSite, fromNativeError, type CallSite } from '../binding/native-error';
import { openAddon } from '../binding/open-addon';
import { driverLibrary } from './driver-library';
import { isGpuName, requireGpu, type GpuName } from './gpu-device';
import { toGpuReadings, type GpuReadings } from './gpu-readings';
import { nvmlLibrary } from './nvml-library';
import { integer, rejectUnknownOptions, valueError } from '../option-checks';
import { steadyOffsetMs } from './steady-clock';

/** Options of {@link monitorGpu}. */
export interface GpuMonitorOptions {
  /** Milliseconds between two samples, at least 10. Default 100. */
  readonly intervalMs?: number;
}

/** The addon's functions used here; tests replace them. */
export type MonitorAddon = Pick<NativeAddon, 'openGpuMonitor' | 'probeCuda'>;

const DEFAULT_INTERVAL_MS = 100;
const SHORTEST_INTERVAL_MS = 10;
const LONGEST_INTERVAL_MS = 3_600_000;

/**
 * The sensors of a GPU, sampled on a thread of the addon until {@link GpuMonitor.stop}. Made by `monitorGpu()`.
 *
 * Its memory is bounded: after 8,192 samples every second one is dropped, and from then on half as many are kept. It
 * does not keep the process alive; one that is collected as garbage stops.
 */
export interface GpuMonitor {
  /** Name of the device as the driver tells it. */
  readonly name: string;
  /** `GPU-…`, of a MIG instance `MIG-…`. */
  readonly uuid: string;
  /** Version of the NVIDIA driver, `'580.65.06'`. */
  readonly driver: string;
  /**
   * True for a MIG instance: power, energy, clocks, temperature and throttling are those of the whole GPU around it,
   * which others may be using.
   */
  readonly isMig: boolean;
  /** What was sampled so far; copied, and at once. Also after {@link GpuMonitor.stop}. */
  read(): GpuReadings;
  /**
   * Takes a last sample and ends the sampling, off the event loop. Stopping again gives the same readings.
   *
   * @returns All that was sampled. A GPU that was lost meanwhile is told by `endedBy`, not by an error.
   */
  stop(): Promise<GpuReadings>;
  /** The same as {@link GpuMonitor.stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

class NvmlMonitor implements GpuMonitor {
  readonly name: string;
  readonly uuid: string;
  readonly driver: string;
  readonly isMig: boolean;
  readonly #native: NativeGpuMonitor;
  #stopped: Promise<GpuReadings> | undefined;

  constructor(native: NativeGpuMonitor) {
    this.#native = native;
    this.name = native.name;
    this.uuid = native.uuid;
    this.driver = native.driver;
    this.isMig = native.isMig;
  }

  read(): GpuReadings {
    return toGpuReadings(this.#native.read(), -steadyOffsetMs());
  }

  stop(): Promise<GpuReadings> {
    this.#stopped ??= this.#native.stop().then((readings) => toGpuReadings(readings, -steadyOffsetMs()));
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * Samples power, energy, clocks, temperature, utilisation, memory and reasons for lowered clocks of a GPU, by NVML
 * (`libnvidia-ml.so.1` of the NVIDIA driver, opened at this call; `TENSORRT_NODE_NVML_LIBRARY` names another). Nothing of
 * it runs on the event loop. The first sample is there when the promise resolves.
 *
 * @param device - `'cuda:N'`, counted as CUDA counts: `CUDA_VISIBLE_DEVICES` is respected.
 * @throws {TensorRTError} `ERR_TRT_ARG_*`; `ERR_TRT_LOAD_NVML_NOT_FOUND` if the library is not there or does not start;
 *   `ERR_TRT_RUN_DEVICE` if there is no such device, or NVML does not know it; `ERR_TRT_CUDA_*`.
 * @example
 * ```ts
 * const monitor = await monitorGpu('cuda:0');
 * await work();
 * const { energyJoules, samples } = await monitor.stop();
 * ```
 */
export async function monitorGpu(device: GpuName, options: GpuMonitorOptions = {}): Promise<GpuMonitor> {
  return startMonitor(device, options, openAddon);
}

/** `monitorGpu()` with the addon to use. */
export async function startMonitor(
  device: GpuName,
  options: GpuMonitorOptions,
  addon: () => MonitorAddon | Promise<MonitorAddon>,
): Promise<GpuMonitor> {
  if (!isGpuName(device)) throw valueError('device', device, "'cuda:N'");
  rejectUnknownOptions('monitorGpu', options, ['intervalMs']);
  const { intervalMs = DEFAULT_INTERVAL_MS } = options;
  integer(SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS)('intervalMs', intervalMs);
  const site = captureCallSite(monitorGpu);
  return new NvmlMonitor(await openNative(device, intervalMs, await addon(), site));
}

async function openNative(
  device: GpuName,
  intervalMs: number,
  addon: MonitorAddon,
  site: CallSite,
): Promise<NativeGpuMonitor> {
  const { uuid, pciBusId } = requireGpu(device, await addon.probeCuda(driverLibrary()));
  const library = nvmlLibrary();
  const request = { uuid, pciBusId, intervalMs, ...(library !== undefined && { library }) };
  try {
    return await addon.openGpuMonitor(request);
  } catch (error) {
    throw fromNativeError(error, 'ERR_TRT_RUN_DEVICE', site);
  }
}
