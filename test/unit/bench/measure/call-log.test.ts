// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { CallLog } from '../../../../lib/bench/measure/call-log';

describe('CallLog', () => {
  it('keeps the first calls as they were, and counts those beyond its limit', () => {
    const log = new CallLog(2);
    log.add(1, 2, 3, 4);
    log.add(5, 6, 7, 8);
    log.add(9, 10, 11, 12);
    expect([...log]).toEqual([
      { scheduledMs: 1, startMs: 2, endMs: 3, slot: 4 },
      { scheduledMs: 5, startMs: 6, endMs: 7, slot: 8 },
    ]);
    expect([log.count, log.dropped]).toEqual([2, 1]);
  });

  it('is empty at first', () => {
    expect([...new CallLog()]).toEqual([]);
  });
});
