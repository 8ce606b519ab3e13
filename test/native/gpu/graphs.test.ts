// SPDX-License-Identifier: Apache-2.0
// Inferences as CUDA graphs: when they are captured, kept and dropped, and what is said where they cannot be.
import { describe, expect, it } from 'vitest';
import { FAMILIES, counting, ownGraphs, times, useStandinGpu } from '../../gpu-session';
import { ADD, AUX_STREAMS, NON_ZERO, SCALE, TWO_PROFILES } from '../../standin-plan';
import { uploadTensor } from '../../../lib/runtime/device-memory';
import type { Session } from '../../../lib/runtime/session';

const bench = useStandinGpu();
const { gpu } = bench;

async function runRows(session: Session, ...sequence: number[]): Promise<void> {
  for (const [i, count] of sequence.entries()) {
    const x = counting(count * 4, i);
    expect((await session.run({ x })).y!.data).toEqual(times(x, 2));
  }
}

describe.each(FAMILIES)('CUDA graphs on %s', (family) => {
  it('are captured in the second run of a shape and launched from then on', async () => {
    const session = await bench.open(family, TWO_PROFILES, ownGraphs(family));
    await runRows(session, 3, 3, 3, 3);
    expect(session.statistics().cudaGraph).toEqual({ captures: 1, launches: 3, evictions: 0, failures: [] });
    expect(bench.count('cuGraphLaunch')).toBe(3);
    expect(bench.count('IExecutionContext::enqueueV3')).toBe(2);
    // A second shape is enqueued once, then captured; the graph of the first is kept for when it comes back.
    await runRows(session, 2, 2, 3, 3);
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 2, launches: 5 });
    // Larger inputs than ever take new memory, which the graphs do not know.
    await runRows(session, 4, 4, 2, 2, 3, 3);
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 5, launches: 8 });
    expect(gpu.live().graphExecs).toBe(3);
  });

  it('are not used when they are off', async () => {
    const session = await bench.open(family, SCALE, { cudaGraph: 'off' });
    for (let i = 0; i < 3; i++) await session.run({ x: counting(4) });
    const io = await session.createBinding();
    for (let i = 0; i < 3; i++) await io.run();
    expect(session.statistics().cudaGraph).toEqual({ captures: 0, launches: 0, evictions: 0, failures: [] });
    expect(bench.count('cuStreamBeginCapture') + bench.count('cuGraphLaunch')).toBe(0);
  });

  it('are kept up to the limit, the least recently used one goes', async () => {
    const session = await bench.open(family, TWO_PROFILES, { cudaGraphLimit: 2, ...ownGraphs(family) });
    await runRows(session, 3, 2, 2, 1, 1, 2, 2, 3, 3);
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 3, evictions: 1 });
    expect(gpu.live().graphExecs).toBe(2);
    await runRows(session, 2, 2);
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 3, evictions: 1 });
    await runRows(session, 1, 1);
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 4, evictions: 2 });
  });

  it('go on without one where the capture fails, and say why', async () => {
    const session = await bench.open(family, SCALE);
    await session.run({ x: counting(4) });
    gpu.fault('cuStreamEndCapture', 1, 901);
    for (let i = 0; i < 4; i++)
      expect((await session.run({ x: counting(4, i) })).y!.data).toEqual(times(counting(4, i), 2));
    const { captures, launches, failures } = session.statistics().cudaGraph;
    expect({ captures, launches }).toEqual({ captures: 0, launches: 0 });
    expect(failures).toEqual([{ shapes: 'x:4', reason: expect.stringContaining('cuStreamEndCapture') }]);
    expect(session.statistics().failedRuns).toBe(0);
    // It was tried once.
    expect(bench.count('cuStreamBeginCapture')).toBe(1);
  });

  it("are an error where they cannot be captured and must be ('on')", async () => {
    const plan = { ...SCALE, notCapturable: true };
    const auto = await bench.open(family, plan);
    for (let i = 0; i < 3; i++) await auto.run({ x: counting(4) });
    expect(auto.statistics().cudaGraph).toMatchObject({ captures: 0, failures: [{ shapes: 'x:4' }] });
    const session = await bench.open(family, plan, { cudaGraph: 'on' });
    const runs = Array.from({ length: 3 }, () => session.run({ x: counting(4) }));
    const failures = (await Promise.allSettled(runs)).filter(({ status }) => status === 'rejected');
    expect(failures.length).toBeGreaterThan(0);
    for (const { reason } of failures as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({
        code: 'ERR_TRT_RUN_GRAPH',
        message: expect.stringContaining("(cudaGraph 'on')"),
      });
    }
  });

  it('are not made for what has no size or no fixed place', async () => {
    const unsized = await bench.open(family, NON_ZERO, { cudaGraph: 'on' });
    await expect(unsized.run({ x: new Float32Array(6) })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_GRAPH',
      message: expect.stringContaining('depends on the data'),
    });
    const session = await bench.open(family, SCALE);
    using x = await uploadTensor({ type: 'float32', data: counting(4), dims: [4] });
    for (let i = 0; i < 3; i++) await session.run({ x });
    expect(session.statistics().cudaGraph).toMatchObject({
      captures: 0,
      failures: [{ shapes: 'x:4', reason: expect.stringContaining('a binding keeps them') }],
    });
  });

  it('hold the work of auxiliary streams too', async () => {
    const session = await bench.open(family, AUX_STREAMS);
    for (let i = 0; i < 4; i++)
      expect((await session.run({ x: counting(4, i) })).y!.data).toEqual(times(counting(4, i), 9));
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 1, launches: 3, failures: [] });
  });
});

describe('graphs of several contexts', () => {
  it('belong to their contexts, also under load', async () => {
    gpu.configure({ reorder: 11 });
    const session = await bench.open('tensorrt-11', ADD, { contexts: 3, cudaGraphLimit: 2 });
    const calls = Array.from({ length: 150 }, async (_, i) => {
      const rows = 1 + (i % 4);
      const { y } = await session.run({ a: counting(rows * 4, i), b: counting(rows * 4) });
      expect(y!.data).toEqual(counting(rows * 4, i + 1).map((value, k) => value + k));
    });
    await Promise.all(calls);
    expect(gpu.live().graphExecs).toBeLessThanOrEqual(6);
    expect(session.statistics().cudaGraph.failures).toEqual([]);
  });

  it('copy inputs of their own: the next call does not see those of the last', async () => {
    const session = await bench.open('tensorrt-11', SCALE);
    const runs = Array.from({ length: 20 }, (_, i) => session.run({ x: counting(4, i) }));
    const results = await Promise.all(runs);
    results.forEach(({ y }, i) => expect(y!.data).toEqual(times(counting(4, i), 2)));
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 1, launches: 19 });
  });
});

it('are left to TensorRT-RTX while it compiles kernels for dynamic shapes', async () => {
  const session = await bench.open('tensorrt-rtx', TWO_PROFILES);
  await runRows(session, 3, 3, 3, 3);
  expect(session.statistics().cudaGraph).toMatchObject({ captures: 0, failures: [] });
  expect(bench.count('IRuntimeConfig::setCudaGraphStrategy')).toBe(1);
});
