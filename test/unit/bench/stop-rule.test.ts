// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { StopRule } from '../../../lib/bench/stop-rule';

/** Feeds inferences of the given latencies, one after the other; tells how many it took to stop. */
function feed(rule: StopRule, latencies: readonly number[]): number {
  let now = 0;
  for (const [index, latency] of latencies.entries()) {
    now += latency;
    if (rule.add(now, latency)) return index + 1;
  }
  return Infinity;
}

const limits = { durationMs: 600, iterations: 10, windowMs: 100 };

describe('StopRule', () => {
  it('stops once both time and count are reached', () => {
    expect(feed(new StopRule(limits, 0), Array(200).fill(10))).toBe(60);
    expect(feed(new StopRule(limits, 0), Array(200).fill(100))).toBe(10);
  });

  it('calls even windows stable', () => {
    const rule = new StopRule(limits, 0);
    feed(rule, Array(60).fill(10));
    expect(rule.windows).toHaveLength(6);
    expect(rule.windows[0]).toEqual({ inferences: 10, inferencesPerSecond: 100, meanLatencyMs: 10 });
    expect(rule.stability()).toEqual({ stable: true, reason: null });
  });

  it('judges by the last three windows alone', () => {
    const rule = new StopRule(limits, 0);
    feed(rule, [...Array(6).fill(50), ...Array(30).fill(10)]);
    expect(rule.stability().stable).toBe(true);
  });

  it('says what differs, and by how much', () => {
    const rule = new StopRule(limits, 0);
    feed(rule, [...Array(40).fill(10), ...Array(16).fill(12.5)]);
    expect(rule.stability()).toEqual({
      stable: false,
      reason: 'throughput of the last 3 windows differs by 25 %, more than 10 %',
    });
  });

  it('accepts a difference of exactly ten percent and refuses more', () => {
    const stable = (latency: number) => {
      const rule = new StopRule({ durationMs: 1e9, iterations: 1, windowMs: 100 }, 0);
      feed(rule, [100, 100, latency]);
      return rule.stability().stable;
    };
    expect([stable(109.9), stable(111)]).toEqual([true, false]);
  });

  it('cannot judge fewer than three windows', () => {
    const rule = new StopRule(limits, 0);
    feed(rule, [100, 100]);
    expect(rule.stability()).toEqual({
      stable: false,
      reason: 'only 2 of 3 windows to compare: measure longer',
    });
  });

  it('sees latency that changes while throughput does not', () => {
    const rule = new StopRule({ durationMs: 1e9, iterations: 1, windowMs: 100 }, 0);
    for (const [end, latency] of [
      [100, 100],
      [200, 100],
      [300, 200],
    ] as const)
      rule.add(end, latency);
    expect(rule.stability().reason).toMatch(/^mean latency .* 100 %/);
  });
});
