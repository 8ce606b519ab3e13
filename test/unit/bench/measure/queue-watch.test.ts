// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { createArrivals } from '../../../../lib/bench/measure/arrivals';
import { QueueWatch } from '../../../../lib/bench/measure/queue-watch';
import { uniform } from '../../../simulated-device';

const DURATION_MS = 10_000;

interface Queue {
  readonly ratePerSecond: number;
  readonly serviceMs: number;
  readonly seed?: number;
  readonly stall?: { readonly atMs: number; readonly lengthMs: number };
}

/** Plays a queue with one server to its end. */
function watch({ ratePerSecond, serviceMs, seed, stall }: Queue): QueueWatch {
  const make = () =>
    createArrivals({
      kind: 'open',
      arrivals: seed === undefined ? 'constant' : 'poisson',
      ratePerSecond,
      seed: seed ?? 1,
      maxInFlight: 1,
    });
  const queue = new QueueWatch(make(), DURATION_MS);
  const arrivals = make();
  const random = uniform((seed ?? 1) + 1000);
  let freeMs = 0;
  for (let atMs = arrivals.nextMs(); atMs < DURATION_MS; atMs = arrivals.nextMs()) {
    const startMs = Math.max(atMs, freeMs);
    const isStalled = stall !== undefined && startMs >= stall.atMs && startMs < stall.atMs + stall.lengthMs;
    const workMs = seed === undefined ? serviceMs : -Math.log(random()) * serviceMs;
    freeMs = (isStalled ? stall.atMs + stall.lengthMs : startMs) + workMs;
    queue.onEnd(freeMs);
  }
  queue.finish(Math.max(DURATION_MS, freeMs));
  return queue;
}

describe('QueueWatch', () => {
  it('sees an overload of five percent and more', () => {
    for (const ratePerSecond of [105, 110, 150, 1000]) {
      expect(watch({ ratePerSecond, serviceMs: 10 }).hasGrown, `${ratePerSecond}`).toBe(true);
    }
  });

  it('counts the calls that were waiting or in flight at the end of the schedule', () => {
    // The thousandth call ends with the schedule.
    expect([500, 501]).toContain(watch({ ratePerSecond: 150, serviceMs: 10 }).length);
    expect(watch({ ratePerSecond: 50, serviceMs: 10 }).length).toBeLessThanOrEqual(1);
  });

  it('takes neither a stall, even at the end, nor its backlog for an overload', () => {
    for (const atMs of [100, 5000, 8800, 9300]) {
      const queue = watch({ ratePerSecond: 80, serviceMs: 10, stall: { atMs, lengthMs: 1000 } });
      expect(queue.hasGrown, `stall at ${atMs}`).toBe(false);
    }
  });

  it('is seldom wrong about a busy server, and about one that is overloaded by chance', () => {
    const grown = (ratePerSecond: number) => {
      let count = 0;
      for (let seed = 1; seed <= 300; seed += 1) {
        if (watch({ ratePerSecond, serviceMs: 10, seed }).hasGrown) count += 1;
      }
      return count;
    };
    expect(grown(80)).toBeLessThanOrEqual(3);
    expect(grown(95)).toBeLessThanOrEqual(15);
    expect(grown(150)).toBeGreaterThanOrEqual(285);
  });

  it('says nothing about a few calls', () => {
    expect(watch({ ratePerSecond: 0.2, serviceMs: 1 }).hasGrown).toBe(false);
  });
});
