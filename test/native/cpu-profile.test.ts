// SPDX-License-Identifier: Apache-2.0
// What a CPU session tells about its runs: when ONNX Runtime ran, and ONNX Runtime's own profile.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STAGE_COLUMNS } from '../../lib/runtime/stage-times';
import { createSession } from '../../lib/session/create-session';
import { addModel, dynamicModel } from '../onnx-models';

const FEEDS = { x: Float32Array.of(1, 2, 3, 4) };
const START = STAGE_COLUMNS.indexOf('computeStart');
const END = STAGE_COLUMNS.indexOf('computeEnd');

interface ProfileEvent {
  name: string;
  dur: number;
}

describe('stage times on the CPU', () => {
  it('are the time in ONNX Runtime, on the clock of performance.now()', async () => {
    await using session = await createSession(addModel(), { device: 'cpu', stageTimes: true });
    const io = await session.createBinding();
    const before = performance.now();
    await session.run(FEEDS);
    session.runSync(FEEDS);
    await io.run();
    const after = performance.now();
    const { count, dropped, rows } = session.takeStageTimes();
    expect([count, dropped, rows.length]).toEqual([3, 0, 3 * STAGE_COLUMNS.length]);
    let last = before;
    for (let row = 0; row < count; row++) {
      const times = [...rows.subarray(row * STAGE_COLUMNS.length, (row + 1) * STAGE_COLUMNS.length)];
      expect(times[START]).toBeGreaterThanOrEqual(last);
      expect(times[END]).toBeGreaterThan(times[START]!);
      last = times[END]!;
      const others = times.filter((_, column) => ![0, START, END].includes(column));
      expect(others.every(Number.isNaN)).toBe(true);
    }
    expect(last).toBeLessThanOrEqual(after);
    expect([rows[0], rows[2 * STAGE_COLUMNS.length]]).toEqual([0, 1]);
  });

  it('leave out the run that a binding learns its shapes by', async () => {
    await using session = await createSession(dynamicModel(), { device: 'cpu', stageTimes: true });
    await session.createBinding({ x: [1, 3, 2, 2] });
    expect(session.takeStageTimes().count).toBe(0);
  });

  it('need the option', async () => {
    await using session = await createSession(addModel(), { device: 'cpu' });
    expect(() => session.takeStageTimes()).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_RUN_UNSUPPORTED' }) as Error,
    );
  });
});

describe('profileFilePrefix', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'cpu-profile-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('writes the profile of ONNX Runtime when the session is closed', async () => {
    const options = { device: 'cpu', profileFilePrefix: join(folder, 'digits'), stageTimes: true } as const;
    const session = await createSession(addModel(), options);
    // An output that somebody keeps does not keep the file open.
    const { y } = await session.run(FEEDS);
    await session.run(FEEDS);
    await expect(session.close()).resolves.toBeUndefined();
    const files = readdirSync(folder);
    expect(files).toHaveLength(1);
    expect(basename(files[0]!)).toMatch(/^digits_.+\.json$/);
    const events = JSON.parse(readFileSync(join(folder, files[0]!), 'utf8')) as ProfileEvent[];
    const runs = events.filter(({ name }) => name === 'model_run');
    expect(runs).toHaveLength(2);
    expect(y!.data).toEqual(Float32Array.of(2, 4, 6, 8));
    // ONNX Runtime measures within what is measured around it, in whole microseconds.
    const { rows } = session.takeStageTimes();
    runs.forEach(({ dur }, run) => {
      const at = run * STAGE_COLUMNS.length;
      expect(dur / 1000).toBeLessThanOrEqual(rows[at + END]! - rows[at + START]! + 0.001);
    });
  });

  it('says before the session is made where the file cannot be', async () => {
    for (const profileFilePrefix of [join(folder, 'missing', 'p'), '/dev/null/p']) {
      await expect(createSession(addModel(), { device: 'cpu', profileFilePrefix })).rejects.toMatchObject({
        code: 'ERR_TRT_BUILD_OUTPUT',
      });
    }
  });
});
