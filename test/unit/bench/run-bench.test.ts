// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { BenchRequest, FunctionRequest, ModelRequest } from '../../../lib/bench/bench-request';
import { CallLog } from '../../../lib/bench/measure/call-log';
import { runBench } from '../../../lib/bench/run-bench';
import { StageLog } from '../../../lib/bench/subject/stage-log';
import { TensorRTError, type StageTimes } from '../../../lib/index';
import { fakeSession, type FakeSessionOptions } from '../../fake-session';
import { SimulatedTime } from '../../simulated-device';

const CALL_MS = 5;
const model = Uint8Array.of(1, 2, 3);
const feeds = { x: { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] } };

/** Calls that take five milliseconds of simulated time each, whatever is in flight. */
function device({ failAt = Infinity, abortAt = Infinity } = {}) {
  const time = new SimulatedTime();
  const controller = new AbortController();
  const state = { calls: 0 };
  const call = async () => {
    const number = ++state.calls;
    await new Promise<void>((resolve) => time.at(time.now() + CALL_MS, resolve));
    if (number === abortAt) controller.abort();
    if (number >= failAt)
      throw new TensorRTError('ERR_TRT_RUN_FAILED', 'The model broke.', { hint: 'Mend it.' });
  };
  return { time, state, call, signal: controller.signal };
}

type Device = ReturnType<typeof device>;

const ofFunction = (
  { time, call, signal }: Device,
  more: Partial<FunctionRequest> = {},
): FunctionRequest => ({
  name: 'peer',
  call,
  time,
  signal,
  warmUpMs: 50,
  durationMs: 3000,
  ...more,
});

function ofSession(
  { time, call, signal }: Device,
  more: Partial<ModelRequest> = {},
  fake: FakeSessionOptions = {},
) {
  const { session, seen } = fakeSession({ infer: call, ...fake });
  const request: ModelRequest = {
    model,
    session,
    feeds,
    time,
    signal,
    warmUpMs: 50,
    durationMs: 3000,
    ...more,
  };
  return { request, seen };
}

/** Device times of each call, as a GPU would give them. */
function recorder(time: SimulatedTime) {
  let rows: number[] = [];
  const take = (): StageTimes => {
    const taken = Float64Array.from(rows);
    rows = [];
    return { count: taken.length / 9, dropped: 0, rows: taken };
  };
  const record = (): void => {
    const end = time.now();
    rows.push(0, end - 5, end - 4.9, end - 4.5, end - 4, end - 4, end - 1, end - 1, end - 0.5);
  };
  return { take, record };
}

function onGpu(simulated: Device, more: Partial<ModelRequest> = {}) {
  const stages = recorder(simulated.time);
  const infer = async () => {
    await simulated.call();
    stages.record();
  };
  const gpu = { device: 'cuda:0', backend: 'tensorrt', infer, takeStageTimes: stages.take } as const;
  return ofSession(simulated, more, gpu);
}

describe('a function', () => {
  it('is measured with all that its numbers depend on', async () => {
    const result = await runBench(
      ofFunction(device(), { load: { concurrency: 2 }, batch: 8, percentiles: [97.5] }),
    );
    expect(result).toMatchObject({
      schemaVersion: 1,
      kind: 'measurement',
      model: 'peer',
      modelSha256: null,
      label: 'cpu',
      case: {},
      backend: 'function',
      device: 'cpu',
      settings: { load: { kind: 'closed', concurrency: 2 }, calls: 'run', batch: 8, stageTimes: false },
      stable: true,
      unstableReason: null,
      end: 'complete',
    });
    // Two at a time, five milliseconds each.
    expect(result.throughput.inferencesPerSecond).toBeCloseTo(400, 0);
    expect(result.throughput.samplesPerSecond).toBeCloseTo(3200, -1);
    expect(result.latencyMs.percentiles!['97.5']).toBeCloseTo(CALL_MS, 6);
    expect(result.latencyMs.medianInterval).toEqual({
      low: expect.closeTo(5, 2),
      high: expect.closeTo(5, 2),
    });
    expect(result.inferences).toBe(result.latencyMs.count);
    expect(result.blocks.reduce((sum, { inferences }) => sum + inferences, 0)).toBe(result.inferences);
    expect(result.warmUp.inferences).toBeGreaterThanOrEqual(20);
    expect(result.environment.versions['tensorrt-node']).toMatch(/^\d+\.\d+/);
    expect(result.process.residentBytes.peak).toBeGreaterThan(0);
    expect(result).not.toHaveProperty('computeMs');
    expect(result).not.toHaveProperty('gpu');
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('has what the caller says about it', async () => {
    const result = await runBench(
      ofFunction(device(), {
        label: 'peer · batch 4',
        case: { batch: 4 },
        backend: 'python',
        device: 'other',
        moreSettings: { seed: 7 },
        versions: { python: '3.12' },
      }),
    );
    expect(result).toMatchObject({
      label: 'peer · batch 4',
      case: { batch: 4 },
      backend: 'python',
      device: 'other',
    });
    expect(result.settings.session).toEqual({ seed: 7, transfers: true });
    expect(result.environment.versions).toMatchObject({ python: '3.12' });
  });

  it('is measured in an open loop from the moments of the schedule', async () => {
    const result = await runBench(ofFunction(device(), { load: { ratePerSecond: 100 } }));
    expect(result.throughput).toMatchObject({
      inferencesPerSecond: expect.closeTo(100, -1),
      requestedPerSecond: expect.closeTo(100, -1),
    });
    expect(result.serviceMs!.p50).toBeCloseTo(CALL_MS, 6);
    expect(result.sendDelayMs!.max).toBeCloseTo(0, 6);
  });

  it('tells the rate of a slow schedule to its end, not to its last call', async () => {
    const settings = { durationMs: 10_000, warmUpMs: 0 };
    const result = await runBench(ofFunction(device(), { load: { ratePerSecond: 1 }, ...settings }));
    expect(result.inferences).toBe(10);
    expect(result.throughput).toMatchObject({ inferencesPerSecond: 1, requestedPerSecond: 1 });
  });

  it('counts calls that were never made in the latency alone', async () => {
    const load = { ratePerSecond: 1000, maxInFlight: 2 };
    const result = await runBench(ofFunction(device(), { load, durationMs: 1000 }));
    const { inferences, unserved, latencyMs, blocks } = result;
    expect(inferences).toBeGreaterThan(700);
    expect(inferences + unserved!).toBe(1000);
    expect(latencyMs.count).toBe(1000);
    expect(blocks.reduce((sum, block) => sum + block.inferences, 0)).toBe(inferences);
    for (const block of blocks) expect(block.endMs).toBeGreaterThan(block.startMs);
    const kept = await runBench(ofFunction(device(), { load: { ratePerSecond: 100 } }));
    expect(kept).not.toHaveProperty('unserved');
  });

  it('follows a recorded schedule', async () => {
    const load = { schedule: [0, 10, 40], maxInFlight: 4 };
    const result = await runBench(ofFunction(device(), { load }));
    expect(result.settings.load).toEqual({
      kind: 'schedule',
      source: 'given',
      calls: 3,
      lengthMs: 60,
      maxInFlight: 4,
    });
    expect(result.throughput.requestedPerSecond).toBeCloseTo(50, 0);
    expect(result.sendDelayMs!.max).toBeCloseTo(0, 6);
  });

  it('says that layers and a cold start need a model', async () => {
    const result = await runBench(ofFunction(device(), { layers: true, coldStart: true }));
    expect(result.layers).toEqual({ unavailable: expect.stringContaining('function') });
    expect(result.coldStart).toEqual({ unavailable: expect.stringContaining('function') });
  });

  it('gives its calls to a log', async () => {
    const callLog = new CallLog();
    const result = await runBench(ofFunction(device(), { callLog }));
    expect(callLog.count).toBe(result.inferences);
  });
});

describe('a session', () => {
  it('is measured over bindings, and stays open', async () => {
    const { request, seen } = ofSession(device(), { sessionOptions: { contexts: 2, intraOpNumThreads: 3 } });
    const phases: string[] = [];
    const result = await runBench({ ...request, onPhase: (phase) => phases.push(phase) });
    expect(phases).toEqual(['open', 'warm-up', 'measure']);
    expect(result).toMatchObject({
      model: '(bytes)',
      modelSha256: createHash('sha256').update(model).digest('hex'),
      modelBytes: 3,
      backend: 'onnxruntime',
      device: 'cpu',
      settings: {
        calls: 'binding',
        batch: 2,
        session: { contexts: 2, intraOpNumThreads: 3, transfers: true },
      },
    });
    expect(seen.bindings.map(({ isClosed }) => isClosed)).toEqual([true]);
    expect(seen.closed).toBe(0);
  });

  it('may make its feeds from the session', async () => {
    const { request, seen } = ofSession(device(), {
      name: 'digits',
      feeds: async ({ inputs }) => ({ [inputs[0]!.name]: feeds.x }),
    });
    expect((await runBench(request)).model).toBe('digits');
    expect(seen.runs[0]!.feeds).toEqual(feeds);
  });

  it('takes several sets of inputs in turn', async () => {
    const one = { x: { data: Float32Array.of(1, 2), dims: [1, 2] } };
    const { request, seen } = ofSession(device(), { feeds: [one, { x: one.x }], durationMs: 50 });
    expect((await runBench(request)).settings.calls).toBe('run');
    expect(seen.bindings).toEqual([]);
    await expect(runBench(ofSession(device(), { feeds: [] }).request)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
  });

  it('tells the stages of a GPU, and what trtexec would tell of them', async () => {
    const stageLog = new StageLog();
    const { request } = onGpu(device(), { stageLog });
    const phases: string[] = [];
    const result = await runBench({ ...request, onPhase: (phase) => phases.push(phase) });
    expect(phases).toEqual(['open', 'warm-up', 'measure', 'pipelined']);
    expect(result.settings.stageTimes).toBe(true);
    expect(result.settings.session).toMatchObject({ cudaGraph: 'auto', spinWait: false, contexts: 1 });
    expect(result.enqueueMs!.mean).toBeCloseTo(0.1, 6);
    expect(result.h2dMs!.mean).toBeCloseTo(0.5, 6);
    expect(result.computeMs!.mean).toBeCloseTo(3, 6);
    expect(result.d2hMs!.mean).toBeCloseTo(0.5, 6);
    expect(result.deviceLatencyMs!.mean).toBeCloseTo(4, 6);
    expect(result.computeMs!.count).toBe(result.inferences);
    expect(stageLog.count).toBe(result.inferences);
    expect(result.pipelined).toMatchObject({ concurrency: 2, computeMs: { p50: expect.closeTo(3, 2) } });
    expect(result.pipelined!.throughput.inferencesPerSecond).toBeCloseTo(400, 0);
    // trtexec's is the pipelined one.
    expect(result.trtexec!.throughputQps).toBeCloseTo(400, 0);
    expect(result.trtexec!.latency.mean).toBeCloseTo(4, 6);
    // No GPU here: its sensors say so.
    expect(result.gpu).toEqual({ unavailable: expect.stringMatching(/^GPU sensors: ./) });
  });

  it('takes the layers of a GPU from traced runs', async () => {
    const { request } = onGpu(device(), { layers: true, pipelined: false, durationMs: 100 });
    const result = await runBench(request);
    expect(result.layers).toEqual([{ name: 'conv', meanMs: 3, share: 1 }]);
    expect(result).not.toHaveProperty('pipelined');
  });

  it('has no times of the device where it records none', async () => {
    const result = await runBench(ofSession(device()).request);
    expect(result.settings.stageTimes).toBe(false);
    expect(result).not.toHaveProperty('trtexec');
    await expect(runBench(ofSession(device(), { stageTimes: true }).request)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
  });
});

describe('what goes wrong', () => {
  it('keeps what was measured until a call failed', async () => {
    const { request, seen } = ofSession(device({ failAt: 100 }));
    const result = await runBench({ ...request, layers: true, coldStart: true });
    expect(result).toMatchObject({
      end: 'failed',
      stable: false,
      unstableReason: expect.stringContaining('failed'),
      error: { code: 'ERR_TRT_RUN_FAILED', message: 'The model broke.', hint: 'Mend it.' },
    });
    expect(result.inferences).toBeGreaterThan(50);
    expect(result.latencyMs.p50).toBeCloseTo(CALL_MS, 6);
    expect(result).not.toHaveProperty('layers');
    expect(seen.bindings[0]!.isClosed).toBe(true);
  });

  it('rejects where nothing was measured', async () => {
    await expect(runBench(ofFunction(device({ failAt: 1 })))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_FAILED',
    });
    // The check of the inputs is a call, too.
    await expect(runBench(ofSession(device({ failAt: 1 })).request)).rejects.toThrow('The model broke');
  });

  it('keeps the measurement where the pipelined phase fails', async () => {
    const simulated = device();
    const { request } = onGpu(simulated);
    const broken: BenchRequest = {
      ...request,
      onPhase: (phase) => {
        if (phase === 'pipelined') simulated.call = () => Promise.reject(new Error('lost'));
      },
    };
    const result = await runBench(broken);
    expect(result).toMatchObject({
      end: 'failed',
      stable: true,
      error: { message: 'In the pipelined phase: lost' },
    });
    expect(result.latencyMs.count).toBeGreaterThan(100);
  });

  it('gives what there is when it is interrupted', async () => {
    const result = await runBench(ofFunction(device({ abortAt: 100 })));
    expect(result).toMatchObject({
      end: 'interrupted',
      stable: false,
      unstableReason: expect.stringContaining('interrupted'),
    });
    expect(result.inferences).toBeGreaterThan(50);
    expect(result).not.toHaveProperty('error');
  });

  it('leaves out the phases after an interruption', async () => {
    const controller = new AbortController();
    const { request } = onGpu(device(), { layers: true, signal: controller.signal });
    const onPhase = (phase: string) => {
      if (phase === 'layers') controller.abort();
    };
    const result = await runBench({ ...request, onPhase, coldStart: true });
    // The measurement itself had come to its end.
    expect(result).toMatchObject({ end: 'interrupted', stable: true, unstableReason: null });
    expect(result.inferences).toBeGreaterThan(100);
    expect(result).not.toHaveProperty('coldStart');
  });

  it('leaves out a pipelined phase that was interrupted before its first call', async () => {
    const controller = new AbortController();
    const { request } = onGpu(device(), { signal: controller.signal });
    const onPhase = (phase: string) => {
      if (phase === 'pipelined') controller.abort();
    };
    const result = await runBench({ ...request, onPhase });
    expect(result).toMatchObject({ end: 'interrupted', stable: true });
    expect(result).not.toHaveProperty('pipelined');
    // What there is of trtexec's numbers is then of the calls one at a time.
    expect(result.trtexec!.throughputQps).toBeCloseTo(200, 0);
    expect(result.trtexec!.gpuComputeTime.mean).toBeCloseTo(3, 6);
  });

  it('measures nothing after an interruption in the warm-up, and says so', async () => {
    const phases: string[] = [];
    const onPhase = (phase: string) => void phases.push(phase);
    for (const load of [{ concurrency: 1 }, { ratePerSecond: 100 }]) {
      const result = await runBench(ofFunction(device({ abortAt: 3 }), { load, onPhase }));
      expect(result).toMatchObject({
        end: 'interrupted',
        stable: false,
        unstableReason: 'interrupted before the first call',
        inferences: 0,
        blocks: [],
        warnings: [],
      });
    }
    expect(phases).not.toContain('measure');
  });

  it.each([
    [{ feds: feeds }, 'ERR_TRT_ARG_UNKNOWN_OPTION', /"feds".*Did you mean "feeds"/],
    [{ feeds: undefined }, 'ERR_TRT_ARG_TYPE', /feeds/],
    [{ model: 5 }, 'ERR_TRT_ARG_TYPE', /model/],
    [{ batch: 0 }, 'ERR_TRT_ARG_VALUE', /batch/],
    [{ load: { ratePerSecond: 0 } }, 'ERR_TRT_ARG_VALUE', /ratePerSecond/],
    [{ load: { schedule: 5 } }, 'ERR_TRT_ARG_TYPE', /schedule/],
    [{ durationMs: 0 }, 'ERR_TRT_ARG_VALUE', /durationMs/],
  ])('refuses %j before anything runs', async (wrong, code, message) => {
    const { request, seen } = ofSession(device());
    await expect(runBench({ ...request, ...(wrong as object) })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(seen.runs).toEqual([]);
  });

  it('refuses what is no request', async () => {
    await expect(runBench(null as never)).rejects.toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
    await expect(runBench({ name: 'f', call: 5 } as never)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_TYPE',
    });
    await expect(runBench({ name: 'f', call: async () => 1, feeds })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_UNKNOWN_OPTION',
    });
  });
});
