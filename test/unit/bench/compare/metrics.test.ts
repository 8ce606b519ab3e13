// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { checkMetricNames } from '../../../../lib/bench/compare/metrics';

describe('names of metrics', () => {
  it('are known before anything is measured, those of asked percentiles too', () => {
    expect(() => checkMetricNames(['p50', 'p99.9', 'throughput', 'computeMs.p50'])).not.toThrow();
    expect(() => checkMetricNames(['p97.5'], [97.5])).not.toThrow();
  });

  it.each([
    ['p97.5', /--percentile 97\.5/],
    ['througput', /Did you mean "throughput"/],
    ['max', /one single latency/],
  ])('refuses %s', (name, message) => {
    try {
      checkMetricNames([name]);
    } catch (error) {
      const { message: said, hint } = error as { message: string; hint: string };
      expect(`${said} ${hint}`).toMatch(message);
      return;
    }
    throw new Error('nothing was thrown');
  });
});
