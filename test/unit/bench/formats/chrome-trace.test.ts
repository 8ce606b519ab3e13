// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatChromeTrace, type TraceSource } from '../../../../lib/bench/formats/chrome-trace';
import { CallLog } from '../../../../lib/bench/measure/call-log';

interface Event {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur: number;
  args: { name: string };
}

const read = (source: TraceSource) =>
  JSON.parse(formatChromeTrace(source)) as {
    traceEvents: Event[];
    otherData: { calls: number; droppedCalls: number };
  };

function log(calls: readonly (readonly [number, number, number, number])[], limit = 10): CallLog {
  const filled = new CallLog(limit);
  for (const call of calls) filled.add(...call);
  return filled;
}

const sourceOf = (calls: CallLog): TraceSource => ({ label: 'cpu', calls, droppedCalls: calls.dropped });

describe('formatChromeTrace', () => {
  it('has an event for each call, in microseconds from the first', () => {
    const { traceEvents } = read(
      sourceOf(
        log([
          [1000, 1000, 1002.5, 0],
          [1003, 1003, 1004, 1],
        ]),
      ),
    );
    const calls = traceEvents.filter(({ name }) => name === 'call');
    expect(calls.map(({ tid, ts, dur }) => [tid, ts, dur])).toEqual([
      [0, 0, 2500],
      [1, 3000, 1000],
    ]);
  });

  it('shows how long a scheduled call waited before it was made', () => {
    const { traceEvents } = read(sourceOf(log([[10, 12, 13, 0]])));
    const waits = traceEvents.filter(({ name }) => name === 'waits');
    expect(waits.map(({ ph, ts }) => [ph, ts])).toEqual([
      ['b', 0],
      ['e', 2000],
    ]);
  });

  it('has the stages of the device on lines of their own, and none that were not measured', () => {
    const stages = [
      {
        context: 1,
        enqueueStart: 10.1,
        enqueueEnd: 10.2,
        h2dStart: NaN,
        h2dEnd: NaN,
        computeStart: 10.2,
        computeEnd: 11,
        d2hStart: 11,
        d2hEnd: 11.5,
      },
    ];
    const { traceEvents } = read({ ...sourceOf(log([[10, 10, 12, 0]])), stages });
    const device = traceEvents.filter(({ pid, ph }) => pid === 2 && ph === 'X');
    expect(device.map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
      ['enqueue', 100, 100],
      ['compute', 200, 800],
      ['copy to host', 1000, 500],
    ]);
    expect(new Set(device.map(({ tid }) => tid)).size).toBe(3);
    const names = traceEvents.filter(({ name, pid }) => name === 'thread_name' && pid === 2);
    expect(names.map(({ args }) => args.name)).toContain('context 1: compute');
  });

  it('says how many calls it does not have', () => {
    const { otherData } = read(
      sourceOf(
        log(
          [
            [1, 1, 2, 0],
            [2, 2, 3, 0],
            [3, 3, 4, 0],
          ],
          2,
        ),
      ),
    );
    expect(otherData).toMatchObject({ calls: 2, droppedCalls: 1 });
  });
});
