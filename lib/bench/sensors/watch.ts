// SPDX-License-Identifier: Apache-2.0
import { unavailable } from '../unavailable';
import type { Sensor } from './sensor';

// Often enough for the peak of the resident memory, seldom enough to be unseen in the latencies.
const TICK_MS = 200;

/**
 * Starts and stops sensors together around the measured phase, and lets them look in between. A sensor that fails is not
 * asked again; it neither ends the measurement nor keeps the others from theirs.
 */
export class Watch {
  /** Why sensors failed, the first reason of each. */
  readonly problems: string[] = [];
  readonly #failed = new Set<Sensor>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly sensors: readonly Sensor[]) {}

  start(): void {
    this.#each(this.sensors, (sensor) => sensor.start());
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
  }

  tick(): void {
    this.#each(this.sensors, (sensor) => sensor.tick?.());
  }

  /** The last one started is the first to stop: what a sensor costs at its end is not seen by those before it. */
  stop(): void {
    clearInterval(this.#timer);
    this.#each([...this.sensors].reverse(), (sensor) => sensor.stop());
  }

  #each(sensors: readonly Sensor[], ask: (sensor: Sensor) => void): void {
    for (const sensor of sensors) {
      if (this.#failed.has(sensor)) continue;
      try {
        ask(sensor);
      } catch (error) {
        this.#failed.add(sensor);
        this.problems.push(unavailable(sensor.name, error).unavailable);
      }
    }
  }
}
