// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { FakeBackend, fakeTensor, type FakeModel } from '../../fake-backend';
import { openSession } from '../../../lib/runtime/session';
import { STAGE_COLUMNS } from '../../../lib/runtime/stage-times';

const model: FakeModel = {
  inputs: [fakeTensor('x', 'float32', [1])],
  outputs: [fakeTensor('y', 'float32', [1])],
  compute: ([x]) => [{ data: x!, dims: [1] }],
};

async function open() {
  const backend = new FakeBackend(model);
  return { backend, session: await openSession(backend) };
}

/** The monotonic clock in milliseconds, as native code reads it. */
const steadyMs = (): number => Number(process.hrtime.bigint()) / 1e6;

describe('takeStageTimes()', () => {
  it('brings moments to the clock of performance.now() and leaves the rest', async () => {
    const { backend, session } = await open();
    const before = performance.now();
    const now = steadyMs();
    const after = performance.now();
    const row = [3, now, now + 1, NaN, NaN, now + 2, now + 3, NaN, NaN];
    backend.stageTimes = { rows: Float64Array.from([...row, ...row]), dropped: 7 };
    const { count, dropped, rows } = session.takeStageTimes();
    expect([count, dropped, rows.length]).toEqual([2, 7, 2 * STAGE_COLUMNS.length]);
    const [context, start, end, ...others] = [...rows.subarray(STAGE_COLUMNS.length)];
    expect(context).toBe(3);
    // The clocks are compared to a fraction of this.
    const slackMs = 0.01;
    expect(start).toBeGreaterThanOrEqual(before - slackMs);
    expect(start).toBeLessThanOrEqual(after + slackMs);
    expect(end! - start!).toBeCloseTo(1, 5);
    expect(others.map((time) => Math.round(time - start!))).toEqual([NaN, NaN, 2, 3, NaN, NaN]);
  });

  it('gives no rows where nothing ran', async () => {
    const { backend, session } = await open();
    backend.stageTimes = { rows: new Float64Array(0), dropped: 0 };
    expect(session.takeStageTimes()).toEqual({ count: 0, dropped: 0, rows: new Float64Array(0) });
  });

  it('needs a session that records', async () => {
    const { session } = await open();
    expect(() => session.takeStageTimes()).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_RUN_UNSUPPORTED',
        details: { option: 'stageTimes' },
      }) as Error,
    );
  });
});
