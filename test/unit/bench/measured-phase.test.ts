// SPDX-License-Identifier: Apache-2.0
// What fails beside the calls of a measurement: the result is there all the same, and says so.

import { describe, expect, it, vi } from 'vitest';
import type { ModelRequest } from '../../../lib/bench/bench-request';
import { runBench } from '../../../lib/bench/run-bench';
import type { BenchResult } from '../../../lib/bench/result';
import { EventLoopSensor } from '../../../lib/bench/sensors/event-loop';
import { ProcessSensor } from '../../../lib/bench/sensors/process-usage';
import type * as library from '../../../lib/index';
import type { Session, StageTimes } from '../../../lib/index';
import { fakeSession } from '../../fake-session';
import { SimulatedTime } from '../../simulated-device';

const opened = vi.hoisted((): { session: unknown } => ({ session: undefined }));
vi.mock('../../../lib/index', async (importOriginal) => ({
  ...(await importOriginal<typeof library>()),
  createSession: () => Promise.resolve(opened.session),
}));

const none: StageTimes = { count: 0, dropped: 0, rows: new Float64Array(0) };

/** Calls of five milliseconds in simulated time, in a session that fails in what is given. */
function request(broken: Partial<Record<keyof Session, unknown>>): ModelRequest {
  const time = new SimulatedTime();
  const infer = () => new Promise<void>((resolve) => time.at(time.now() + 5, resolve));
  const { session } = fakeSession({ infer, takeStageTimes: () => none });
  opened.session = { ...session, ...broken };
  const feeds = { x: { data: Float32Array.of(1, 2), dims: [1, 2] } };
  return { model: Uint8Array.of(1), feeds, time, warmUpMs: 0, durationMs: 1000 };
}

const sensorWarnings = ({ warnings }: BenchResult) =>
  warnings.flatMap(({ code, message }) => (code === 'sensor' ? [message] : []));

const broken = (message: string) => () => Promise.reject(new Error(message));

describe('a complete measurement', () => {
  it('is kept where the session cannot be closed', async () => {
    const result = await runBench(request({ close: broken('the device is lost') }));
    expect(result).toMatchObject({ end: 'complete', stable: true });
    expect(sensorWarnings(result)).toEqual(['closing the session: the device is lost']);
  });

  it('is kept where the bindings cannot be closed', async () => {
    const made = request({});
    const session = opened.session as Session;
    opened.session = {
      ...session,
      createBinding: async () => ({ ...(await session.createBinding({})), close: broken('no binding') }),
    };
    const result = await runBench(made);
    expect(result.end).toBe('complete');
    expect(sensorWarnings(result)).toEqual(['closing the bindings: no binding']);
  });

  it('is kept where the times of the device cannot be taken at its end', async () => {
    let takes = 0;
    const takeStageTimes = () => {
      takes += 1;
      // The session is asked whether it records, and to forget what was before.
      if (takes > 2) throw new Error('the device is lost');
      return none;
    };
    const result = await runBench(request({ takeStageTimes }));
    expect(result).toMatchObject({ end: 'complete', stable: true });
    expect(result).not.toHaveProperty('computeMs');
    expect(sensorWarnings(result)).toEqual(['stage times: the device is lost']);
    expect(result.process.residentBytes.peak).toBeGreaterThan(0);
  });

  it('has the other sensors where one fails', async () => {
    vi.spyOn(EventLoopSensor.prototype, 'start').mockImplementation(() => {
      throw new Error('no timers');
    });
    const stop = vi.spyOn(ProcessSensor.prototype, 'stop');
    const result = await runBench(request({}));
    expect(sensorWarnings(result)).toEqual(['event loop: no timers']);
    expect(stop).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
  });
});
