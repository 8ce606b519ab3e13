// SPDX-License-Identifier: Apache-2.0
// A device in virtual time: discrete events, so that an hour of measurement takes seconds and its numbers are exactly
// known. After each event everything that follows from it in JavaScript runs before the next one.

import type { Target } from '../lib/bench/measure/target';
import type { Time } from '../lib/bench/measure/time';
import type { BenchSettings, Load } from '../lib/bench/settings';
import { createRandom } from '../lib/random';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

// The real event loop turns as often: the test runner has messages to send.
const EVENTS_BETWEEN_TURNS = 50_000;

/** A clock that jumps from one event to the next. */
export class SimulatedTime implements Time {
  readonly #events: Event[] = [];
  #nowMs: number;
  #order = 0;
  #happened = 0;
  #isRunning = false;

  /** @param startMs a clock does not begin at zero. */
  constructor(startMs = 1000) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  until(atMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return this.at(this.#nowMs, resolve);
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      signal?.addEventListener('abort', wake);
      this.at(atMs, wake);
    });
  }

  /** Makes something happen at a moment; at once, after what runs now, for moments that have passed. */
  at(atMs: number, happen: () => void): void {
    this.#push({ atMs: Math.max(atMs, this.#nowMs), order: this.#order++, happen });
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#afterMicrotasks();
  }

  // A tick that is asked for by a microtask runs after all microtasks, those that they bring about included.
  #afterMicrotasks(): void {
    queueMicrotask(() => process.nextTick(() => this.#step()));
  }

  #step(): void {
    const event = this.#pop();
    if (event === undefined) {
      this.#isRunning = false;
      return;
    }
    this.#nowMs = event.atMs;
    event.happen();
    this.#happened += 1;
    if (this.#happened % EVENTS_BETWEEN_TURNS === 0) setImmediate(() => this.#afterMicrotasks());
    else this.#afterMicrotasks();
  }

  /** A binary heap: the earliest event first, of equal ones the one that was asked for first. */
  #push(event: Event): void {
    const events = this.#events;
    let index = events.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(events[parent]!, event)) break;
      events[index] = events[parent]!;
      index = parent;
    }
    events[index] = event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (last === undefined || events.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child += 1;
      if (isBefore(last, events[child]!)) break;
      events[index] = events[child]!;
      index = child;
    }
    events[index] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Where the times of calls come from. */
export interface LatencySource {
  /** The time that a call takes which starts at that moment since the device was made. */
  draw(sinceStartMs: number): number;
  /**
   * The exact value that `fraction` of all calls do not exceed, of calls that follow each other for `lengthMs`;
   * absent where only the drawn values tell.
   */
  quantile?(fraction: number, lengthMs: number): number;
}

/** Numbers between 0 and 1, neither of them included. */
export function uniform(seed: number): () => number {
  const random = createRandom(seed);
  return () => (random() + 0.5) / 2 ** 32;
}

function normal(seed: number): () => number {
  const random = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

// Quantiles of the standard normal distribution, as in any table.
const NORMAL_QUANTILES = new Map([
  [0.5, 0],
  [0.9, 1.2815515655446004],
  [0.95, 1.6448536269514722],
  [0.99, 2.3263478740408408],
  [0.999, 3.090232306167813],
  [0.9999, 3.719016485455709],
]);

/** Distributions by name. */
export const latencies = {
  constant: (ms: number): LatencySource => ({ draw: () => ms, quantile: () => ms }),

  /** `slowMs` with the probability `share`, else `fastMs`. */
  twoPeaked(fastMs: number, slowMs: number, share: number, seed = 1): LatencySource {
    const random = uniform(seed);
    return {
      draw: () => (random() < share ? slowMs : fastMs),
      quantile: (fraction) => (fraction > 1 - share ? slowMs : fastMs),
    };
  },

  lognormal(medianMs: number, sigma: number, seed = 1): LatencySource {
    const random = normal(seed);
    return {
      draw: () => medianMs * Math.exp(sigma * random()),
      quantile: (fraction) => medianMs * Math.exp(sigma * NORMAL_QUANTILES.get(fraction)!),
    };
  },

  pareto(leastMs: number, shape: number, seed = 1): LatencySource {
    const random = uniform(seed);
    return {
      draw: () => leastMs * random() ** (-1 / shape),
      quantile: (fraction) => leastMs * (1 - fraction) ** (-1 / shape),
    };
  },

  /** Grows with time: calls one after the other are denser where they are short. */
  drifting(fromMs: number, perSecond: number): LatencySource {
    const at = (ms: number) => fromMs + (perSecond * ms) / 1000;
    return {
      draw: at,
      quantile: (fraction, lengthMs) => fromMs ** (1 - fraction) * at(lengthMs) ** fraction,
    };
  },
};

/** What a device is like. */
export interface SimulatedDeviceOptions {
  readonly time: SimulatedTime;
  readonly latency: LatencySource;
  /** Calls that run at the same time; the others wait in order. As many as there are if absent. */
  readonly servers?: number;
  /** Times, since the device was made, in which it does nothing. */
  readonly stalls?: readonly { readonly atMs: number; readonly lengthMs: number }[];
  /** The call of that number (from 1 on) fails. */
  readonly failAt?: number;
  /** Whether the times that were drawn are kept. */
  readonly keepsDrawn?: boolean;
}

/** Serves calls in order. */
export class SimulatedDevice implements Target {
  /** Times of the calls that were drawn, stalls included, without their wait for a server. */
  readonly drawn: number[] = [];
  readonly slotsInUse = new Set<number>();
  calls = 0;
  mostInFlight = 0;
  readonly #freeAtMs: Float64Array | undefined;
  readonly #startMs: number;

  constructor(private readonly options: SimulatedDeviceOptions) {
    this.#freeAtMs = options.servers === undefined ? undefined : new Float64Array(options.servers);
    this.#startMs = options.time.now();
  }

  call(slot: number): Promise<unknown> {
    const { time, failAt } = this.options;
    if (this.slotsInUse.has(slot)) throw new Error(`slot ${slot} has two calls in flight`);
    this.slotsInUse.add(slot);
    this.mostInFlight = Math.max(this.mostInFlight, this.slotsInUse.size);
    this.calls += 1;
    const fails = this.calls === failAt;
    const endMs = this.#serve(time.now());
    return new Promise((resolve, reject) => {
      time.at(endMs, () => {
        this.slotsInUse.delete(slot);
        if (fails) reject(new Error('the device fell over'));
        else resolve(undefined);
      });
    });
  }

  #serve(callMs: number): number {
    const { latency, keepsDrawn } = this.options;
    const server = this.#firstFree();
    const startMs = Math.max(callMs, this.#freeAtMs?.[server] ?? callMs);
    const endMs = this.#withStalls(startMs, latency.draw(startMs - this.#startMs));
    if (this.#freeAtMs !== undefined) this.#freeAtMs[server] = endMs;
    if (keepsDrawn) this.drawn.push(endMs - startMs);
    return endMs;
  }

  #firstFree(): number {
    let first = 0;
    for (let index = 1; index < (this.#freeAtMs?.length ?? 0); index += 1) {
      if (this.#freeAtMs![index]! < this.#freeAtMs![first]!) first = index;
    }
    return first;
  }

  #withStalls(startMs: number, workMs: number): number {
    let endMs = startMs + workMs;
    for (const { atMs, lengthMs } of this.options.stalls ?? []) {
      const stallMs = this.#startMs + atMs;
      if (startMs >= stallMs + lengthMs || endMs <= stallMs) continue;
      endMs += stallMs + lengthMs - Math.max(startMs, stallMs);
    }
    return endMs;
  }
}

/** A device with a clock of its own, unless one is given. */
export function simulateDevice(
  options: Omit<SimulatedDeviceOptions, 'time'> & { readonly time?: SimulatedTime },
): { readonly device: SimulatedDevice; readonly time: SimulatedTime } {
  const time = options.time ?? new SimulatedTime();
  return { time, device: new SimulatedDevice({ ...options, time }) };
}

/** The smallest of the values that `percent` % of them do not exceed. */
export function exactPercentile(values: readonly number[], percent: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100 - 1e-9) - 1)]!;
}

/** Settings of a measurement without warm-up, three windows long; what is given stands instead. */
export function settingsFor(load: Load, changes: Partial<BenchSettings> = {}): BenchSettings {
  return {
    load,
    warmUpMs: 0,
    warmUpIterations: 0,
    durationMs: 3000,
    iterations: 1,
    windowMs: 1000,
    stabilityLatency: 'mean',
    stabilityPercent: 10,
    percentiles: [],
    calls: 'run',
    batch: 1,
    stageTimes: false,
    session: {},
    ...changes,
  };
}
