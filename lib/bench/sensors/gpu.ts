// SPDX-License-Identifier: Apache-2.0
import { performance } from 'node:perf_hooks';
import {
  monitorGpu,
  throttleReasonNames,
  type GpuMonitor,
  type GpuName,
  type GpuReadings,
} from '../../index';
import type { EnergyUsage, GpuUsage, Sampled, Unavailable } from '../result';
import { unavailable } from '../unavailable';
import type { Sensor } from './sensor';

/** What is used of a monitor; tests put their own. */
export type OpenedMonitor = Pick<GpuMonitor, 'name' | 'uuid' | 'driver' | 'isMig' | 'stop'>;

/** Opens a monitor. */
export type OpenMonitor = (device: GpuName) => Promise<OpenedMonitor>;

/** Samples that are kept of each quantity. */
const MOST_SAMPLES = 600;

/** A part of the readings. */
interface Phase {
  readonly startMs: number;
  readonly endMs: number;
}

/** The GPU's own sensors. They are sampled all the time from `open()` on; the result has the measured phase alone. */
export class GpuSensor implements Sensor {
  readonly name = 'GPU sensors';
  #startMs = 0;
  #endMs = 0;

  private constructor(
    private readonly monitor: OpenedMonitor | Unavailable,
    private readonly now: () => number,
  ) {}

  /** Never rejects: sensors that cannot be read are told in the result, and the measurement goes on. */
  static async open(
    device: GpuName,
    { open = monitorGpu, now = () => performance.now() }: { open?: OpenMonitor; now?: () => number } = {},
  ): Promise<GpuSensor> {
    return new GpuSensor(
      await open(device).catch((error: unknown) => unavailable('GPU sensors', error)),
      now,
    );
  }

  start(): void {
    this.#startMs = this.now();
  }

  stop(): void {
    this.#endMs = this.now();
  }

  /** Ends the sampling. Never rejects: `usage()` says why it could not be ended. */
  async close(): Promise<void> {
    if ('unavailable' in this.monitor) return;
    try {
      await this.monitor.stop();
    } catch {
      // The measurement is complete, whatever becomes of the monitor.
    }
  }

  /** Ends the sampling and tells what was seen while measuring. */
  async usage(inferences: number, sessionBytes?: number): Promise<GpuUsage | Unavailable> {
    const { monitor } = this;
    if ('unavailable' in monitor) return monitor;
    try {
      const readings = await monitor.stop();
      const phase = { startMs: this.#startMs, endMs: this.#endMs };
      return {
        name: monitor.name,
        uuid: monitor.uuid,
        driver: monitor.driver,
        ...(monitor.isMig ? { isMig: true } : {}),
        ...(sessionBytes === undefined ? {} : { sessionBytes }),
        ...describeReadings(readings, phase, inferences),
      };
    } catch (error) {
      return unavailable('GPU sensors', error);
    }
  }
}

function describeReadings(
  readings: GpuReadings,
  phase: Phase,
  inferences: number,
): Omit<GpuUsage, 'name' | 'uuid' | 'driver'> {
  const { samples, maxSmClockMhz, energySource, missing, endedBy } = readings;
  const cut = (column: Float64Array | undefined) => cutColumn(samples.timeMs, column, phase);
  const memory = cut(samples.memoryUsedBytes).at(-1)?.[1];
  const energy = energyOf(readings, phase, inferences);
  return {
    intervalMs: readings.intervalMs,
    ...(memory === undefined ? {} : { memoryUsedBytes: memory }),
    ...sampled('powerW', cut(samples.powerW)),
    ...(energy === undefined ? {} : { energy, ...(energySource === undefined ? {} : { energySource }) }),
    ...sampled('smClockMhz', cut(samples.smClockMhz)),
    ...sampled('memoryClockMhz', cut(samples.memoryClockMhz)),
    ...(maxSmClockMhz === undefined ? {} : { maxSmClockMhz }),
    ...sampled('temperatureC', cut(samples.temperatureC)),
    ...sampled('utilizationPercent', cut(samples.utilizationPercent)),
    throttling: throttlingOf(cut(samples.throttleReasons)),
    missing: { ...missing, ...(endedBy === undefined ? {} : { sampling: endedBy }) },
  };
}

type Series = readonly (readonly [number, number])[];

/** Values of the measured phase with their time from its start; readings that failed are left out. */
function cutColumn(times: Float64Array, column: Float64Array | undefined, { startMs, endMs }: Phase): Series {
  if (column === undefined) return [];
  return Array.from(times, (time, index) => [time - startMs, column[index]!] as const).filter(
    ([time, value]) => time >= 0 && time <= endMs - startMs && !Number.isNaN(value),
  );
}

function sampled<N extends string>(name: N, series: Series): Partial<Record<N, Sampled>> {
  if (series.length === 0) return {};
  const values = series.map(([, value]) => value);
  const sum = values.reduce((total, value) => total + value, 0);
  const described: Sampled = {
    mean: sum / values.length,
    min: values.reduce((a, b) => Math.min(a, b)),
    max: values.reduce((a, b) => Math.max(a, b)),
    samples: thin(series),
  };
  return { [name]: described } as Partial<Record<N, Sampled>>;
}

function thin(series: Series): Series {
  const step = Math.ceil(series.length / MOST_SAMPLES);
  return step <= 1 ? series : series.filter((_, index) => index % step === 0);
}

/** Between the samples at both ends of the phase the counter is taken to rise evenly. */
function energyOf(
  { samples }: GpuReadings,
  { startMs, endMs }: Phase,
  inferences: number,
): EnergyUsage | undefined {
  const { timeMs, energyJoules } = samples;
  if (energyJoules === undefined || inferences <= 0 || endMs <= startMs) return undefined;
  const from = valueAt(timeMs, energyJoules, startMs);
  const to = valueAt(timeMs, energyJoules, endMs);
  const joules = to - from;
  if (Number.isNaN(joules)) return undefined;
  return { joules, joulesPerInference: joules / inferences, meanW: (joules * 1000) / (endMs - startMs) };
}

/** NaN outside of the samples. */
function valueAt(times: Float64Array, column: Float64Array, atMs: number): number {
  const known = Array.from(times, (time, index) => [time, column[index]!] as const).filter(
    ([, value]) => !Number.isNaN(value),
  );
  const after = known.findIndex(([time]) => time >= atMs);
  if (after < 0) return NaN;
  const [time, value] = known[after]!;
  if (time === atMs) return value;
  const before = known[after - 1];
  if (before === undefined) return NaN;
  return before[1] + ((value - before[1]) * (atMs - before[0])) / (time - before[0]);
}

function throttlingOf(masks: Series): Record<string, number> {
  const counts = new Map<string, number>();
  for (const [, mask] of masks) {
    for (const name of throttleReasonNames(mask)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].map(([name, count]) => [name, count / masks.length]));
}
