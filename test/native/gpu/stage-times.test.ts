// SPDX-License-Identifier: Apache-2.0
// Stage times of sessions on the stand-in GPU, held against the stand-in's own record of what its device did when.
import { describe, expect, it } from 'vitest';
import { FAMILIES, counting, ownGraphs, times, useStandinGpu } from '../../gpu-session';
import { AUX_STREAMS, NON_ZERO, SCALE, SLOW, TWO_PROFILES } from '../../standin-plan';
import { uploadTensor } from '../../../lib/runtime/device-memory';
import { STAGE_COLUMNS, type StageTimes } from '../../../lib/runtime/stage-times';
import type { StandinOperation } from '../../standin-gpu';

const bench = useStandinGpu({ configuration: { copyUs: 500 } });
const { gpu } = bench;

type Row = Record<(typeof STAGE_COLUMNS)[number], number>;
const PLAN = { ...SCALE, durationUs: 2000 };
// What milliseconds as floats lose over a second, and the two conversions between clocks.
const ROUNDING_MS = 0.001;

function rowsOf({ count, rows }: StageTimes): Row[] {
  return Array.from({ length: count }, (_, row) => {
    const start = row * STAGE_COLUMNS.length;
    return Object.fromEntries(STAGE_COLUMNS.map((name, column) => [name, rows[start + column]])) as Row;
  });
}

/**
 * The stages hold what the device did, piece by piece: one difference between the two clocks fits all of them. No time
 * is compared with the test's own clock.
 */
function expectToHold(
  stages: readonly [start: number, end: number][],
  work: readonly StandinOperation[],
  slackMs = ROUNDING_MS,
): void {
  expect(work).toHaveLength(stages.length);
  const earliest = Math.max(...stages.map(([start], i) => start - work[i]!.start / 1000));
  const latest = Math.min(...stages.map(([, end], i) => end - work[i]!.end / 1000));
  expect(earliest).toBeLessThanOrEqual(latest + slackMs);
}

const allStages = (rows: readonly Row[]): [number, number][] =>
  rows.flatMap((row): [number, number][] => [
    [row.h2dStart, row.h2dEnd],
    [row.computeStart, row.computeEnd],
    [row.d2hStart, row.d2hEnd],
  ]);

/** Stages of a run do not overlap: what they hold is theirs alone. */
function expectOrder(row: Row): void {
  const order = [row.h2dStart, row.h2dEnd, row.computeStart, row.computeEnd, row.d2hStart, row.d2hEnd];
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(row.enqueueStart).toBeLessThanOrEqual(row.enqueueEnd);
}

describe.each(FAMILIES)('stage times on %s', (family) => {
  it.each(['off', 'on'] as const)('are those of the device for calls, with graphs %s', async (cudaGraph) => {
    const session = await bench.open(family, PLAN, { stageTimes: true, cudaGraph });
    const before = performance.now();
    for (let i = 0; i < 4; i++)
      expect((await session.run({ x: counting(4, i) })).y!.data).toEqual(times(counting(4, i), 2));
    const after = performance.now();
    const taken = session.takeStageTimes();
    expect(taken).toMatchObject({ count: 4, dropped: 0 });
    expect(taken.rows).toHaveLength(4 * STAGE_COLUMNS.length);
    const rows = rowsOf(taken);
    rows.forEach(expectOrder);
    expectToHold(allStages(rows), bench.operations('h2d', 'kernel', 'd2h'));
    // On the clock that JavaScript reads.
    for (const { enqueueStart, enqueueEnd } of rows) {
      expect(enqueueStart).toBeGreaterThanOrEqual(before);
      expect(enqueueEnd).toBeLessThanOrEqual(after);
    }
    expect(session.statistics().cudaGraph.launches).toBe(cudaGraph === 'on' ? 3 : 0);
    expect(session.takeStageTimes().count).toBe(0);
  });

  it.each(['off', 'on'] as const)(
    'are those of the device for bindings, with graphs %s',
    async (cudaGraph) => {
      const session = await bench.open(family, PLAN, { stageTimes: true, cudaGraph });
      const io = await session.createBinding();
      for (let i = 0; i < 3; i++) await io.run();
      io.runSync();
      const rows = rowsOf(session.takeStageTimes());
      expect(rows.map(({ context }) => context)).toEqual([1, 1, 1, 1]);
      rows.forEach(expectOrder);
      expectToHold(allStages(rows), bench.operations('h2d', 'kernel', 'd2h'));
    },
  );

  it('come of every context, shape and stream', async () => {
    const options = { ...ownGraphs(family), stageTimes: true, contexts: 2 };
    const session = await bench.open(family, { ...TWO_PROFILES, durationUs: 2000 }, options);
    const shapes = [1, 2, 3, 1, 8, 3, 2, 1, 8, 8];
    await Promise.all(shapes.map((count) => session.run({ x: counting(count * 4) })));
    const rows = rowsOf(session.takeStageTimes());
    expect(rows).toHaveLength(shapes.length);
    rows.forEach(expectOrder);
    expect(new Set(rows.map(({ context }) => context))).toEqual(new Set([0, 1]));
    const aux = await bench.open(family, { ...AUX_STREAMS, durationUs: 2000 }, { stageTimes: true });
    for (let i = 0; i < 3; i++) await aux.run({ x: counting(4) });
    rowsOf(aux.takeStageTimes()).forEach(expectOrder);
  });

  it('have no copies where there are none', async () => {
    const session = await bench.open(family, PLAN, { stageTimes: true });
    const x = bench.keep(
      await uploadTensor({ type: 'float32', dims: [4], data: counting(4) }, { device: 'cuda:0' }),
    );
    const { y } = await session.run({ x }, { deviceOutputs: true });
    bench.keep(y!);
    await session.run({ x: counting(4) }, { deviceOutputs: true }).then(({ y: other }) => other!.close());
    const [onDevice, copied] = rowsOf(session.takeStageTimes());
    expect(onDevice).toMatchObject({ h2dStart: NaN, h2dEnd: NaN, d2hStart: NaN, d2hEnd: NaN });
    expect(copied).toMatchObject({ d2hStart: NaN, d2hEnd: NaN });
    expect(copied!.h2dEnd).toBeGreaterThan(copied!.h2dStart);
    expect(onDevice!.computeEnd - onDevice!.computeStart).toBeGreaterThanOrEqual(2 - ROUNDING_MS);
  });

  it('hold the copies of outputs whose size a run decides', async () => {
    const session = await bench.open(family, { ...NON_ZERO, durationUs: 2000 }, { stageTimes: true });
    await session.run({ x: Float32Array.of(0, 1, 0, 2, 0, 3) });
    const io = await session.createBinding();
    await io.run();
    const rows = rowsOf(session.takeStageTimes());
    rows.forEach(expectOrder);
    expect(rows[0]!.d2hEnd - rows[0]!.d2hStart).toBeGreaterThanOrEqual(0.5 - ROUNDING_MS);
  });

  it('leave out runs that were traced or failed, and can be taken after close()', async () => {
    const session = await bench.open(family, PLAN, { stageTimes: true });
    await session.trace({ x: counting(4) });
    gpu.fault('IExecutionContext::enqueueV3', 1, 1);
    await expect(session.run({ x: counting(4) })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_FAILED' });
    await session.run({ x: counting(4) });
    await session.close();
    expect(session.takeStageTimes().count).toBe(1);
  });
});

describe('stage times', () => {
  it('are kept while nobody takes them, then dropped and counted', async () => {
    gpu.configure({ mode: 'inline', copyUs: 0, record: false });
    const session = await bench.open('tensorrt-11', SCALE, { stageTimes: true });
    const io = await session.createBinding();
    for (let i = 0; i < 65_536 + 3; i++) io.runSync();
    expect(session.takeStageTimes()).toMatchObject({ count: 65_536, dropped: 3 });
    io.runSync();
    expect(session.takeStageTimes()).toMatchObject({ count: 1, dropped: 0 });
  });

  it('are on the same clock after the clocks were compared again', async () => {
    const session = await bench.open('tensorrt-11', SLOW, { stageTimes: true });
    // More than a second of runs: a longer time between two events loses its digits.
    while (bench.operations('kernel').length < 60) await session.run({ x: counting(4) });
    const rows = rowsOf(session.takeStageTimes());
    rows.forEach(expectOrder);
    const compute = rows.map(({ computeStart, computeEnd }): [number, number] => [computeStart, computeEnd]);
    // Two comparisons agree as far as nothing held them up.
    expectToHold(compute, bench.operations('kernel'), 5);
    // Each waits for three events, and each run for one.
    expect(bench.count('cuEventSynchronize')).toBeGreaterThanOrEqual(rows.length + 6);
  });

  it('are nothing that a session without them has', async () => {
    const session = await bench.open('tensorrt-11', SCALE);
    await session.run({ x: counting(4) });
    expect(() => session.takeStageTimes()).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_RUN_UNSUPPORTED' }) as Error,
    );
    expect(bench.count('cuEventElapsedTime')).toBe(0);
  });
});
