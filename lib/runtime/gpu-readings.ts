// SPDX-License-Identifier: Apache-2.0
import type { NativeGpuReadings } from '../binding/contract';

/**
 * What the sensors of a GPU said, one column a sensor. A column is absent where the device has no such sensor
 * ({@link GpuReadings.missing} has the reason); NaN where a single reading failed.
 */
export interface GpuSamples {
  /** When each sample was taken: milliseconds on the clock of `performance.now()`, rising. */
  readonly timeMs: Float64Array;
  /** Power of the whole device in watts. GPUs since Ampere (but GA100) give the mean of the last second. */
  readonly powerW?: Float64Array;
  /** Joules since the first sample, by {@link GpuReadings.energySource}; exact when samples were thinned out, too. */
  readonly energyJoules?: Float64Array;
  /** Clock of the multiprocessors. */
  readonly smClockMhz?: Float64Array;
  /** Clock of the memory. */
  readonly memoryClockMhz?: Float64Array;
  /** Temperature of the GPU in degrees Celsius. */
  readonly temperatureC?: Float64Array;
  /** Share of the driver's last sample period (1/6 to 1 s) in which a kernel ran, 0 to 100. */
  readonly utilizationPercent?: Float64Array;
  /** Bit masks; `throttleReasonNames()` has their names. */
  readonly throttleReasons?: Float64Array;
  /** Memory of the device in use by all processes, and by the driver itself. */
  readonly memoryUsedBytes?: Float64Array;
}

/** What a monitor has sampled. */
export interface GpuReadings {
  /** Milliseconds between the samples: as asked for, doubled each time that 8,192 samples were reached. */
  readonly intervalMs: number;
  /** Time of the first sample, on the clock of `performance.now()`. */
  readonly startMs: number;
  /** The samples, all columns of one length. */
  readonly samples: GpuSamples;
  /** Energy of the whole device from the first sample to the last; absent where fewer than two have it. */
  readonly energyJoules?: number;
  /** `'counter'`: the device counts it; `'power'`: the integral of the sampled power over time. */
  readonly energySource?: 'counter' | 'power';
  /** The most that the SM clock can be. */
  readonly maxSmClockMhz?: number;
  /** The most that the memory clock can be. */
  readonly maxMemoryClockMhz?: number;
  /** Names of what the device does not tell, and the driver's reason. */
  readonly missing: Readonly<Record<string, string>>;
  /** Why sampling ended before `stop()`: the GPU was lost. */
  readonly endedBy?: string;
}

/** The native readings in the form that users see; `offsetMs` leads from the native clock to `performance.now()`. */
export function toGpuReadings(native: NativeGpuReadings, offsetMs: number): GpuReadings {
  const { intervalMs, timeMs, columns, missing } = native;
  const times = timeMs.map((time) => time + offsetMs);
  // The first of them is the zero that the others count from.
  const energies = columns.energyJoules?.filter((joules) => !Number.isNaN(joules)) ?? [];
  return {
    intervalMs,
    startMs: times[0] ?? NaN,
    samples: { timeMs: times, ...columns },
    ...(energies.length > 1 && { energyJoules: energies.at(-1)! }),
    ...(native.energySource !== undefined && { energySource: native.energySource }),
    ...(native.maxSmClockMhz !== undefined && { maxSmClockMhz: native.maxSmClockMhz }),
    ...(native.maxMemoryClockMhz !== undefined && { maxMemoryClockMhz: native.maxMemoryClockMhz }),
    missing,
    ...(native.endedBy !== undefined && { endedBy: native.endedBy }),
  };
}
