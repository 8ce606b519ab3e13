// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { StopRule, type StopLimits } from '../../../../lib/bench/measure/stop-rule';

/** Feeds inferences of the given latencies, one after the other; tells how many it took to stop. */
function feed(rule: StopRule, latencies: readonly number[]): number {
  let now = 0;
  for (const [index, latency] of latencies.entries()) {
    now += latency;
    if (rule.add(now, latency)) return index + 1;
  }
  return Infinity;
}

const times = (count: number, latency: number) => Array<number>(count).fill(latency);
const limits: StopLimits = {
  durationMs: 600,
  iterations: 10,
  windowMs: 100,
  stabilityLatency: 'mean',
  stabilityPercent: 10,
};
const endless = { ...limits, durationMs: 1e9 };

describe('StopRule', () => {
  it('stops once both time and number are reached', () => {
    expect(feed(new StopRule(limits, 0), times(200, 10))).toBe(60);
    expect(feed(new StopRule(limits, 0), times(200, 100))).toBe(10);
  });

  it('calls even windows stable', () => {
    const rule = new StopRule(limits, 0);
    feed(rule, times(60, 10));
    expect(rule.windows).toHaveLength(6);
    expect(rule.windows[0]).toEqual({
      inferences: 10,
      inferencesPerSecond: 100,
      meanLatencyMs: 10,
      judgedLatencyMs: 10,
    });
    expect(rule.stability()).toEqual({ stable: true, reason: null });
  });

  it('has three windows in the time of three, also where inferences do not end with them', () => {
    const rule = new StopRule({ ...limits, durationMs: 300, iterations: 1 }, 0);
    feed(rule, times(20, 30));
    expect(rule.windows.map((window) => window.inferences)).toEqual([4, 3, 3]);
    expect(rule.stability().stable).toBe(true);
  });

  it('judges by the last three windows alone', () => {
    const rule = new StopRule(limits, 0);
    feed(rule, [...times(6, 50), ...times(30, 10)]);
    expect(rule.stability().stable).toBe(true);
  });

  it('says what differs, by how much, and what to do', () => {
    const rule = new StopRule(limits, 0);
    feed(rule, [...times(400, 1), ...times(160, 1.25)]);
    expect(rule.stability()).toEqual({
      stable: false,
      reason:
        'throughput of the last 3 windows is 1000, 800, 800 a second: 25 % apart, more than 10 %. ' +
        'Close other work, warm up longer, or measure longer in longer windows',
    });
  });

  it('says where windows have so few calls that chance moves them', () => {
    const rule = new StopRule(limits, 0);
    feed(rule, [...times(40, 10), ...times(16, 12.5)]);
    expect(rule.stability().reason).toMatch(
      /25 % apart, more than 10 %\. A window had only 8 calls, which may differ by chance: measure longer, so that each has 30$/,
    );
  });

  it('shows as many digits as tell a difference from the limit', () => {
    const apart = (latency: number) => {
      const rule = new StopRule(endless, 0);
      feed(rule, [100, 100, latency]);
      return /: ([\d.]+) % apart/.exec(rule.stability().reason!)![1];
    };
    expect([apart(110.4), apart(110.04), apart(110.6), apart(130)]).toEqual(['10.4', '10.04', '11', '30']);
  });

  it('accepts a difference of exactly the tolerance and refuses more', () => {
    const stable = (latency: number, stabilityPercent = 10) => {
      const rule = new StopRule({ ...endless, stabilityPercent }, 0);
      feed(rule, [100, 100, latency]);
      return rule.stability().stable;
    };
    expect([stable(110), stable(110.1)]).toEqual([true, false]);
    expect([stable(125, 25), stable(101.1, 1)]).toEqual([true, false]);
  });

  it('cannot judge fewer than three windows', () => {
    const rule = new StopRule(limits, 0);
    feed(rule, [100, 100]);
    expect(rule.stability()).toEqual({
      stable: false,
      reason: 'only 2 of the 3 windows of 100 ms that are compared: measure longer, or in shorter windows',
    });
  });

  it('sees latency that changes while throughput does not', () => {
    const rule = new StopRule(endless, 0);
    rule.add(100, 100);
    rule.add(200, 100);
    rule.add(300, 200);
    expect(rule.stability().reason).toMatch(/^mean latency .* is 100, 100, 200 ms: 100 % apart/);
  });

  it('judges by a percentile where the settings name one', () => {
    const judge = (stabilityLatency: string) => {
      const rule = new StopRule({ ...endless, stabilityLatency }, 0);
      for (let window = 0; window < 3; window += 1) {
        for (let call = 1; call <= 100; call += 1) rule.add(window * 100 + call, call > 98 ? 1 + window : 1);
      }
      return rule;
    };
    expect(judge('mean').stability().stable).toBe(true);
    expect(judge('p50').stability().stable).toBe(true);
    expect(judge('p99').stability().reason).toMatch(/^p99 of the last 3 windows is 1, 2, 3 ms/);
  });

  it('compares the latency alone where the schedule is uneven', () => {
    const rule = (isScheduleUneven: boolean, slowMs: number) => {
      const uneven = new StopRule({ ...endless, isScheduleUneven }, 0);
      for (const atMs of [50, 100, 120, 160, 200, 300]) uneven.add(atMs, atMs > 200 ? slowMs : 10);
      return uneven.stability();
    };
    expect(rule(false, 10).reason).toMatch(/^throughput/);
    expect(rule(true, 10).stable).toBe(true);
    expect(rule(true, 20).reason).toMatch(/^mean latency/);
  });

  it('leaves calls that end after the stop out of the windows', () => {
    const rule = new StopRule({ ...limits, durationMs: 300, iterations: 1 }, 0);
    feed(rule, times(30, 10));
    expect(rule.add(5000, 4700)).toBe(true);
    expect(rule.windows).toHaveLength(3);
    expect(rule.stability().stable).toBe(true);
  });

  it('ends the last window with the schedule where no call was to come', () => {
    const rule = new StopRule({ ...limits, durationMs: 300 }, 0);
    for (const start of [0, 40, 80, 120, 160, 200, 240, 280]) rule.add(start + 1, 1);
    expect(rule.windows).toHaveLength(2);
    rule.finish(300);
    expect(rule.windows).toHaveLength(3);
    expect(rule.windows[2]).toMatchObject({ inferences: 2, inferencesPerSecond: (2 * 1000) / 99 });
  });

  it('keeps the last 600 windows of a long measurement', () => {
    const rule = new StopRule(endless, 0);
    feed(rule, times(5000, 100));
    expect(rule.windows).toHaveLength(600);
  });

  it('refuses a latency that there is not', () => {
    expect(() => new StopRule({ ...limits, stabilityLatency: 'p101' }, 0)).toThrow(/mean or a percentile/);
  });
});
