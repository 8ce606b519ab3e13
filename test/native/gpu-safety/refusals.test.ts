// SPDX-License-Identifier: Apache-2.0
// Errors after which everything goes on: no memory, limits, calls that a driver refuses, graphs that cannot be made.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Session } from '../../../lib/runtime/session';
import { uploadTensor } from '../../../lib/runtime/device-memory';
import { ADD, DEBUG, NON_ZERO, PLUGIN, SCALE, SLOW, type PlanDescription } from '../../standin-plan';
import { doubled, expectCleanAfterCollection, failureOf, four, gpu, open, outcomesOf } from './support';

const OUT_OF_MEMORY = 2;
const upload = () => uploadTensor({ type: 'float32', data: four(), dims: [4] });

beforeEach(() => gpu.reset());
afterEach(async () => {
  gpu.reset();
  await expectCleanAfterCollection();
});

/** The session runs as if nothing had been. */
async function expectWorks(session: Session): Promise<void> {
  for (let run = 0; run < 3; run++) expect((await session.run({ x: four() })).y!.data).toEqual(doubled());
}

describe('out of memory', () => {
  it('at load is an error that says for what and how much; the next load works', async () => {
    gpu.configure({ memoryBytes: 50_000 });
    const error = await failureOf(open({ ...SCALE, memoryBytes: 100_000 }));
    expect(error.code).toBe('ERR_TRT_CUDA_OUT_OF_MEMORY');
    expect(Number(error.details.needed)).toBe(100_000);
    expect(String(error.details.what)).toMatch(/an execution context/);
    expect(Number(error.details.free)).toBeLessThan(50_000);
    expect(Number(error.details.total)).toBe(50_000);
    const session = await open();
    await expectWorks(session);
    await session.close();
  });

  it('in a run, a binding or an upload says needed and free; the session goes on', async () => {
    const session = await open();
    const uses: [() => Promise<unknown>, string][] = [
      [() => session.run({ x: four() }), "the input 'x'"],
      [() => session.run({ x: four() }, { deviceOutputs: true }), "the input 'x'"],
      [() => session.createBinding({}, { deviceOutputs: true }), "the output 'y'"],
      [() => session.createBinding(), "the input 'x'"],
      [upload, 'an uploaded tensor'],
    ];
    for (const [use, what] of uses) {
      // Tensors that belong to no stream are asked for once more when what was freed before is back.
      gpu.fault('cuMemAllocAsync', 1, OUT_OF_MEMORY);
      gpu.fault('cuMemAllocAsync', 2, OUT_OF_MEMORY);
      const { code, details } = await failureOf(use());
      expect([code, String(details.what), Number(details.needed)]).toEqual([
        'ERR_TRT_CUDA_OUT_OF_MEMORY',
        what,
        16,
      ]);
      expect(Number(details.free)).toBeGreaterThan(0);
      expect(Number(details.free)).toBeLessThanOrEqual(Number(details.total));
      gpu.reset();
    }
    await expectWorks(session);
    await session.close();
  });

  it('of the host, for page-locked memory, is told as such', async () => {
    const session = await open();
    gpu.fault('cuMemHostAlloc', 1, OUT_OF_MEMORY);
    const error = await failureOf(session.run({ x: four() }));
    expect(error.code).toBe('ERR_TRT_CUDA_OUT_OF_MEMORY');
    expect(error.message).toMatch(/The host is out of memory/);
    gpu.fault('cuMemHostAlloc', 2, OUT_OF_MEMORY);
    expect((await failureOf(session.createBinding())).code).toBe('ERR_TRT_CUDA_OUT_OF_MEMORY');
    await expectWorks(session);
    await session.close();
  });

  it('reported by TensorRT in a run is out of memory too', async () => {
    const session = await open();
    gpu.fault('ICudaEngine::createExecutionContext', 1, OUT_OF_MEMORY);
    const error = await failureOf(session.createBinding());
    expect(error.code).toMatch(/ERR_TRT_(CUDA_OUT_OF_MEMORY|RUN_FAILED)/);
    await expectWorks(session);
    await session.close();
  });
});

describe('the limit of page-locked memory', () => {
  it('refuses what is above it, and the session goes on', async () => {
    const wide: PlanDescription = {
      ...SCALE,
      inputs: [{ name: 'x', dims: [1024] }],
      outputs: [{ name: 'y', dims: [1024] }],
    };
    const x = new Float32Array(1024).fill(3);
    const session = await open(wide, { pinnedMemoryBytes: 20_000 });
    const bindings = await Promise.all([session.createBinding(), session.createBinding()]);
    const error = await failureOf(session.createBinding());
    expect(error.code).toBe('ERR_TRT_RUN_MEMORY_LIMIT');
    const { needed, used, limit } = error.details;
    expect([needed, used, limit].map(Number)).toEqual([4096, 4 * 4096, 20_000]);
    expect((await failureOf(session.run({ x }))).code).toBe('ERR_TRT_RUN_MEMORY_LIMIT');
    expect(() => session.runSync({ x })).toThrow(/at most 20000 bytes/);
    await bindings[1].run();
    await bindings[0].close();
    // The memory of detached arrays comes back in a later turn.
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    for (let run = 0; run < 3; run++) expect((await session.run({ x })).y!.data[1023]).toBe(6);
    await session.close();
  });
});

describe('a call that the driver or TensorRT refuses', () => {
  it('fails one run, with the name of the call; the next one is right', async () => {
    const session = await open();
    const calls: [string, number, string][] = [
      ['cuMemcpyHtoDAsync', 1, 'ERR_TRT_CUDA_CALL'],
      ['cuMemcpyDtoHAsync', 999, 'ERR_TRT_CUDA_CALL'],
      ['cuEventRecord', 1, 'ERR_TRT_CUDA_CALL'],
      ['cuEventSynchronize', 1, 'ERR_TRT_CUDA_CALL'],
      ['IExecutionContext::enqueueV3', 1, 'ERR_TRT_RUN_FAILED'],
      ['IExecutionContext::setTensorAddress', 1, 'ERR_TRT_RUN_FAILED'],
    ];
    for (const [entry, result, code] of calls) {
      const fresh = await open(SCALE, { cudaGraph: 'off' });
      gpu.fault(entry, 1, result);
      const error = await failureOf(fresh.run({ x: four() }));
      expect([entry, error.code]).toEqual([entry, code]);
      expect(`${error.message} ${String(error.details.where)}`).toContain(
        entry.replace('IExecutionContext::', ''),
      );
      gpu.reset();
      await expectWorks(fresh);
      expect(fresh.statistics().failedRuns).toBe(1);
      await fresh.close();
    }
    await expectWorks(session);
    await session.close();
  });

  it('while loading leaves nothing behind', async () => {
    gpu.fault('IRuntime::deserializeCudaEngine', 1, 1);
    const refused = await failureOf(open());
    expect(refused.code).toBe('ERR_TRT_LOAD_DESERIALIZE');
    expect(refused.log.length).toBeGreaterThan(0);
    const plugin = await failureOf(open(PLUGIN));
    expect(plugin.code).toBe('ERR_TRT_LOAD_PLUGIN');
    expect([String(plugin.details.plugin), String(plugin.details.version)]).toEqual(['StandinScale', '1']);
    const library = await failureOf(open(PLUGIN, { plugins: ['./not-there.so'] }));
    expect(library.code).toBe('ERR_TRT_LOAD_PLUGIN');
    expect(library.message).toContain('not-there.so');
    const session = await open(PLUGIN, { plugins: [gpu.pluginPath] });
    await session.close();
  });

  it('in a trace or a question leaves the session as it was', async () => {
    const session = await open(DEBUG);
    for (const entry of ['IExecutionContext::enqueueV3', 'cuStreamSynchronize', 'cuEventSynchronize']) {
      gpu.fault(entry, 1, 1);
      await session.trace({ x: four() }, { debugTensors: true }).catch(() => {});
      gpu.reset();
    }
    const { outputs } = await session.trace({ x: four() }, { debugTensors: true });
    expect(outputs.y!.data).toEqual(four().map((value) => value * 6));
    await session.close();
  });
});

describe('a graph that cannot be made', () => {
  const FAULTS: [string, number][] = [
    ['cuStreamBeginCapture', 1],
    ['cuStreamEndCapture', 901],
    ['cuGraphInstantiateWithFlags', OUT_OF_MEMORY],
  ];

  it.each(FAULTS)('for %s is not needed: runs go on, and the reason is kept', async (entry, result) => {
    const session = await open();
    gpu.fault(entry, 1, result);
    await expectWorks(session);
    const { captures, launches, failures } = session.statistics().cudaGraph;
    expect([captures, launches, failures.length]).toEqual([0, 0, 1]);
    expect(failures[0]!.reason).toContain(entry);
    const io = await session.createBinding({}, { values: { x: four() } });
    gpu.fault(entry, 1, result);
    for (let run = 0; run < 3; run++) await io.run();
    expect(io.outputs.y).toEqual(doubled());
    await session.close();
  });

  it.each(FAULTS)(
    "for %s is an error with cudaGraph 'on', and the next session has one",
    async (entry, result) => {
      const session = await open(SCALE, { cudaGraph: 'on' });
      gpu.fault(entry, 1, result);
      const calls = [1, 2, 3].map(() => session.run({ x: four() }));
      expect(await outcomesOf(calls)).toContain('ERR_TRT_RUN_GRAPH');
      await session.close();
      const next = await open(SCALE, { cudaGraph: 'on' });
      await expectWorks(next);
      expect(next.statistics().cudaGraph.launches).toBeGreaterThan(0);
      await next.close();
    },
  );

  it('for outputs of unknown size is told once for the shape', async () => {
    const session = await open(NON_ZERO);
    for (let run = 0; run < 3; run++) await session.run({ x: Float32Array.of(1, 0, 1, 0, 0, 0) });
    expect(session.statistics().cudaGraph.failures).toHaveLength(1);
    await session.close();
  });

  it('does not disturb another context that runs', async () => {
    const session = await open(SLOW, { contexts: 2 });
    gpu.fault('cuStreamEndCapture', 1, 901);
    const runs = Array.from({ length: 8 }, (_, i) => session.run({ x: four(i) }));
    (await Promise.all(runs)).forEach(({ y }, i) => expect(y!.data).toEqual(doubled(i)));
    await session.close();
  });
});

describe('shapes and dims', () => {
  it('outside of every profile are refused with the profile that is nearest', async () => {
    const session = await open(ADD);
    const wide = { data: new Float32Array(36), dims: [9, 4] };
    const error = await failureOf(session.run({ a: wide, b: wide }));
    expect(error.code).toBe('ERR_TRT_RUN_PROFILE');
    expect(error.hint).toContain('"max":[9,4]');
    await session.close();
  });
});
