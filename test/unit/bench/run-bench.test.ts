// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { runClosedLoop } from '../../../lib/bench/closed-loop';
import { runBench } from '../../../lib/bench/run-bench';
import { decideSettings } from '../../../lib/bench/settings';

/** A clock that goes on by a fixed time per inference. */
function fakeSession(latencyMs: number, failAt = Infinity) {
  const state = {
    now: 0,
    calls: 0,
    inFlight: 0,
    mostInFlight: 0,
    bindings: 0,
    closed: 0,
    written: [] as number[][],
  };
  const infer = async () => {
    state.calls += 1;
    state.inFlight += 1;
    state.mostInFlight = Math.max(state.mostInFlight, state.inFlight);
    await Promise.resolve();
    state.inFlight -= 1;
    state.now += latencyMs;
    if (state.calls >= failAt) throw new Error('the model broke');
  };
  const session = {
    device: 'cpu',
    backend: 'onnxruntime',
    fallbackReason: null,
    inputs: [{ name: 'x', type: 'float32', dims: ['batch', 2] }],
    outputs: [],
    run: async () => {
      await infer();
      return {};
    },
    createBinding: async (shapes: unknown, { values }: { values: { x: Float32Array } }) => {
      state.bindings += 1;
      const { x } = values;
      expect(shapes).toEqual({ x: [2, 2] });
      return {
        inputs: { x },
        outputs: {},
        run: infer,
        close: () => {
          state.written.push([...x]);
          state.closed += 1;
        },
      };
    },
  };
  return { state, session: session as never, clock: () => state.now };
}

const feeds = { x: { type: 'float32', dims: [2, 2], data: new Float32Array([1, 2, 3, 4]) } } as never;
const options = { warmUpMs: 20, durationMs: 600, iterations: 10 };

describe('decideSettings', () => {
  it('takes bindings where every call has a context, and shared contexts elsewhere', () => {
    expect(decideSettings({ concurrency: 2 }, 2).calls).toBe('binding');
    expect(decideSettings({ concurrency: 3 }, 2).calls).toBe('run');
    expect(decideSettings({ concurrency: 1, calls: 'run' }, 1).calls).toBe('run');
  });

  it('refuses bindings that would wait for each other forever', () => {
    expect(() => decideSettings({ concurrency: 2, calls: 'binding' }, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }),
    );
  });

  it.each([{ durationMs: 0 }, { warmUpMs: -1 }, { iterations: 0 }, { concurrency: 0 }, { durationMs: NaN }])(
    'refuses %j',
    (wrong) => {
      expect(() => decideSettings(wrong, 1)).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }));
    },
  );
});

describe('runBench', () => {
  it('reports throughput, latency, stability and what they depend on', async () => {
    const { session, clock, state } = fakeSession(10);
    const report = await runBench({
      model: 'm.onnx',
      session,
      feeds,
      settings: decideSettings(options, 1),
      clock,
      versions: { onnxruntime: '1' },
    });
    expect(report).toMatchObject({
      model: 'm.onnx',
      backend: 'onnxruntime',
      device: 'cpu',
      stable: true,
      unstableReason: null,
      inferences: 60,
      measuredMs: 600,
      throughput: { inferencesPerSecond: 100 },
      latencyMs: { mean: 10, p50: 10, p99: 10, max: 10 },
      settings: { concurrency: 1, calls: 'binding', loop: 'closed', warmUpMs: 20 },
      environment: { node: process.versions.node, versions: { onnxruntime: '1' } },
    });
    expect(Object.values(report.eventLoopDelayMs).every(Number.isFinite)).toBe(true);
    expect(state).toMatchObject({ bindings: 1, closed: 1, mostInFlight: 1, written: [[1, 2, 3, 4]] });
    // The report is plain data.
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('keeps as many calls in flight as asked for', async () => {
    const { session, clock, state } = fakeSession(1);
    await runBench({
      model: 'm',
      session,
      feeds,
      settings: decideSettings({ ...options, concurrency: 4 }, 1),
      clock,
    });
    expect(state).toMatchObject({ mostInFlight: 4, bindings: 0 });
  });

  it('stops all lanes and closes them when an inference fails', async () => {
    const { session, clock, state } = fakeSession(1, 50);
    const settings = decideSettings({ ...options, concurrency: 2 }, 2);
    await expect(runBench({ model: 'm', session, feeds, settings, clock })).rejects.toThrow(
      'the model broke',
    );
    expect(state).toMatchObject({ closed: 2, inFlight: 0 });
  });

  it('ends early when it is told to, and says so', async () => {
    const { session, state } = fakeSession(1);
    const controller = new AbortController();
    const clock = () => {
      if (state.calls === 40) controller.abort();
      return state.now;
    };
    const report = await runBench({
      model: 'm',
      session,
      feeds,
      settings: decideSettings(options, 1),
      clock,
      signal: controller.signal,
    });
    expect(report).toMatchObject({ stable: false, unstableReason: 'interrupted' });
    expect(report.inferences).toBeLessThan(40);
  });
});

describe('runClosedLoop', () => {
  it('does not tell calls that end after the stop', async () => {
    const ends: (() => void)[] = [];
    const lane = () => ({
      infer: () => new Promise<void>((resolve) => ends.push(resolve)),
      close: () => Promise.resolve(),
    });
    let told = 0;
    const loop = runClosedLoop([lane(), lane()], { onInference: () => (told += 1) < 1 }, () => 0);
    for (const end of ends) end();
    await loop;
    expect(told).toBe(1);
  });
});
