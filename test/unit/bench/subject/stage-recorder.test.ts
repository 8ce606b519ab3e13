// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { StageLog } from '../../../../lib/bench/subject/stage-log';
import { StageRecorder, type StageSource } from '../../../../lib/bench/subject/stage-recorder';
import { STAGE_COLUMNS } from '../../../../lib/index';

const none = NaN;
// context, enqueue, h2d, compute, d2h
const onGpu = [0, 10, 10.5, 10.6, 11.6, 11.6, 15.6, 15.6, 16.1];
const onCpu = [0, none, none, none, none, 20, 23, none, none];

function source(...takes: { rows: number[][]; dropped?: number }[]): StageSource {
  return {
    takeStageTimes: () => {
      const { rows, dropped = 0 } = takes.shift() ?? { rows: [] };
      return { count: rows.length, dropped, rows: Float64Array.from(rows.flat()) };
    },
  };
}

describe('StageRecorder', () => {
  it('takes the stages of each run apart, and forgets what ran before', () => {
    const later = onGpu.map((value, i) => (i === 0 ? value : value + 100));
    const recorder = new StageRecorder(source({ rows: [onGpu] }, { rows: [onGpu] }, { rows: [later] }));
    recorder.start();
    recorder.drain();
    recorder.stop();
    expect(recorder.compute.count).toBe(2);
    expect(recorder.enqueue.mean).toBeCloseTo(0.5, 9);
    expect(recorder.h2d.mean).toBeCloseTo(1, 9);
    expect(recorder.compute.mean).toBeCloseTo(4, 9);
    expect(recorder.d2h.mean).toBeCloseTo(0.5, 9);
    expect(recorder.deviceLatency.mean).toBeCloseTo(5.5, 9);
    expect([recorder.firstStartMs, recorder.lastEndMs]).toEqual([10.6, 116.1]);
  });

  it('takes what is not copied as no time, and counts from the network then', () => {
    const recorder = new StageRecorder(source({ rows: [onCpu] }));
    recorder.drain();
    expect([recorder.enqueue.count, recorder.h2d.count, recorder.d2h.count]).toEqual([0, 0, 0]);
    expect(recorder.deviceLatency.mean).toBe(3);
    expect([recorder.firstStartMs, recorder.lastEndMs]).toEqual([20, 23]);
  });

  it('does not take a clock that went back by its resolution for a time', () => {
    const row = [...onGpu];
    row[8] = row[7]! - 0.0005;
    const recorder = new StageRecorder(source({ rows: [row] }));
    recorder.drain();
    expect([recorder.d2h.min, recorder.d2h.count]).toEqual([0, 1]);
  });

  it('counts the runs that were lost', () => {
    const recorder = new StageRecorder(source({ rows: [onCpu], dropped: 3 }, { rows: [], dropped: 4 }));
    recorder.drain();
    recorder.drain();
    expect(recorder.dropped).toBe(7);
  });

  it('hands rows on to a log', () => {
    const log = new StageLog();
    const recorder = new StageRecorder(source({ rows: [onCpu] }, { rows: [onGpu, onCpu] }), log);
    recorder.start();
    recorder.drain();
    expect(log.rows).toEqual(Float64Array.from([...onGpu, ...onCpu]));
  });

  it('keeps the times before the moment from which none can be taken, and says why', () => {
    const takes = [[], onCpu];
    const recorder = new StageRecorder({
      takeStageTimes: () => {
        const row = takes.shift();
        if (row === undefined) throw new Error('the session is lost');
        return { count: row.length > 0 ? 1 : 0, dropped: 0, rows: Float64Array.from(row) };
      },
    });
    recorder.start();
    recorder.drain();
    recorder.drain();
    recorder.stop();
    expect(recorder.compute.count).toBe(1);
    expect(recorder.problem).toBe('stage times: the session is lost');
  });
});

describe('StageLog', () => {
  it('keeps the first rows and counts the others', () => {
    const log = new StageLog(3);
    log.add(Float64Array.from([...onGpu, ...onGpu]));
    log.add(Float64Array.from([...onCpu, ...onCpu]));
    expect([log.count, log.dropped]).toEqual([3, 1]);
    expect(log.rows).toEqual(Float64Array.from([...onGpu, ...onGpu, ...onCpu]));
  });

  it('grows with what comes', () => {
    const log = new StageLog(5000);
    for (let i = 0; i < 5000; i++) log.add(Float64Array.from({ length: STAGE_COLUMNS.length }, () => i));
    expect(log.count).toBe(5000);
    expect(log.rows.at(-1)).toBe(4999);
    expect(log.rows[4000 * STAGE_COLUMNS.length]).toBe(4000);
  });
});
