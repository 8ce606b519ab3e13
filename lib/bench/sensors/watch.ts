// SPDX-License-Identifier: Apache-2.0
import type { Sensor } from './sensor';

// Often enough for the peak of the resident memory, seldom enough to be unseen in the latencies.
const TICK_MS = 200;

/** Starts and stops sensors together around the measured phase, and lets them look in between. */
export class Watch implements Sensor {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly sensors: readonly Sensor[]) {}

  start(): void {
    for (const sensor of this.sensors) sensor.start();
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
  }

  tick(): void {
    for (const sensor of this.sensors) sensor.tick?.();
  }

  /** The last one started is the first to stop: what a sensor costs at its end is not seen by those before it. */
  stop(): void {
    clearInterval(this.#timer);
    for (const sensor of [...this.sensors].reverse()) sensor.stop();
  }
}
