// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TensorRTError } from '../../../../lib/errors';
import { readNpy } from '../../../../lib/tensor/npy';
import { runFake } from '../fake-cli';

/** A session that doubles its input. */
function fakeWorld(calls: unknown[] = []) {
  const state = { closed: 0 };
  const session = {
    device: 'cpu',
    backend: 'onnxruntime',
    fallbackReason: 'no NVIDIA driver',
    inputs: [{ name: 'x', type: 'float32', dims: ['batch', 3] }],
    outputs: [{ name: 'y', type: 'float32', dims: ['batch', 3] }],
    run: async (
      feeds: Record<string, { data: Float32Array; dims: number[] }>,
      options?: { outputs?: string[] },
    ) => {
      calls.push(options);
      if (options?.outputs?.includes('z')) throw new TensorRTError('ERR_TRT_RUN_OUTPUT_NAME', 'no output z');
      const { data, dims } = feeds['x']!;
      return { y: { type: 'float32', dims, data: data.map((value) => value * 2) } };
    },
    close: async () => {
      state.closed += 1;
    },
  };
  const api = {
    createSession: async (model: string, options: unknown) => {
      calls.push([model, options]);
      return session as never;
    },
    probe: async () => ({ cpu: { version: '1.30.0' }, cuda: { driver: null }, tensorrt: [] }) as never,
  };
  return { api, state, calls };
}

describe('run', () => {
  it('shows each output and says where it ran', async () => {
    const { api, state } = fakeWorld();
    const { code, stdout, stderr } = await runFake('run m.onnx --input x=ones:2x3', { api });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ran {2}m\.onnx {2}on cpu with ONNX Runtime/);
    expect(stdout).toMatch(
      /y {2}float32 {2}\[2, 3\]\n {2}min 2\.00 {3}mean 2\.00 {3}max 2\.00\n {2}first 2\.00/,
    );
    expect(stdout).toContain('arg-max 0  0');
    expect(stderr).toBe('');
    expect(state.closed).toBe(1);
  });

  it('says on stderr that it took open dimensions as 1', async () => {
    const { stderr } = await runFake('run m.onnx --input random', fakeWorld());
    expect(stderr).toBe('dynamic dimensions taken as 1: --shapes x:1x3\n');
    expect((await runFake('run m.onnx --input random --json', fakeWorld())).stderr).toBe('');
  });

  it('writes outputs as NumPy files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trtn-run-'));
    const { stdout } = await runFake(
      ['run', 'm.onnx', '--input', 'x=ones', '-o', join(folder, 'new'), '--json'],
      fakeWorld(),
    );
    const [output] = JSON.parse(stdout).outputs;
    expect(output).toMatchObject({
      name: 'y',
      dims: [1, 3],
      min: 2,
      mean: 2,
      max: 2,
      first: [2, 2, 2],
      file: join(folder, 'new', 'y.npy'),
    });
    expect((await readNpy(output.file)).data).toEqual(new Float32Array([2, 2, 2]));
    await rm(folder, { recursive: true });
  });

  it('passes device, threads and outputs on', async () => {
    const { api, calls } = fakeWorld();
    await runFake('run m.onnx --input random --device cuda:1 --threads 3 --outputs y', { api });
    expect(calls).toEqual([['m.onnx', { device: 'cuda:1', intraOpNumThreads: 3 }], { outputs: ['y'] }]);
  });

  it.each(['run', 'bench --duration 1ms --warm-up 0ms --iterations 1 --calls run'])(
    '%s passes what concerns GPUs on',
    async (command) => {
      const { api, calls } = fakeWorld();
      const options = '--dynamic-axes batch=2,4,8 --profile 1 --cuda-graph off --plugins a.so,b.so';
      const { code } = await runFake(`${command} m.onnx --input random ${options}`, { api });
      expect(code).toBe(0);
      const build = { dynamicAxes: { batch: [2, 4, 8] } };
      const wanted = { build, profile: 1, cudaGraph: 'off', plugins: ['a.so', 'b.so'] };
      expect(calls[0]).toMatchObject(['m.onnx', wanted]);
    },
  );

  it('makes inputs for the profile that was chosen', async () => {
    const range = (batch: number) => ({ x: { min: [2, 3], opt: [batch, 3], max: [8, 3] } });
    const world = fakeWorld();
    const session = (await world.api.createSession('m', {})) as object;
    const api = { createSession: async () => ({ ...session, profiles: [range(4), range(6)] }) as never };
    for (const [line, batch] of Object.entries({ '': 4, '--profile 1': 6 })) {
      const { stderr } = await runFake(`run m.engine --input random ${line}`, { api });
      expect(stderr).toBe(`dynamic dimensions taken from the engine's profile: --shapes x:${batch}x3\n`);
    }
  });

  it('closes the session when the run fails', async () => {
    const { api, state } = fakeWorld();
    const { code, stderr } = await runFake('run m.onnx --input random --outputs z', { api });
    expect({ code, closed: state.closed }).toEqual({ code: 1, closed: 1 });
    expect(stderr).toContain('ERR_TRT_RUN_OUTPUT_NAME');
  });

  it.each([
    ['run m.onnx', /'x' \(float32 \[batch, 3\]\) got no data/],
    ['run m.onnx --input random --device gpu', /--device expects auto, cpu or cuda:N/],
  ])('%s is wrong usage', async (line, message) => {
    const { code, stderr } = await runFake(line, fakeWorld());
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('bench', () => {
  const line = 'bench m.onnx --duration 60ms --warm-up 1ms --iterations 5 --calls run --shapes x:2x3';

  it('lets as many calls wait as are in flight', async () => {
    const world = fakeWorld();
    for (const concurrency of [3, 2000]) await runFake(`${line} --concurrency ${concurrency}`, world);
    const options = world.calls.filter((call) => Array.isArray(call)).map(([, given]) => given);
    expect(options).toMatchObject([{ maxQueue: 1024 }, { maxQueue: 2000 }]);
  });

  it('takes as many contexts as a session may have', async () => {
    const { code, stderr } = await runFake(`${line} --contexts 257`, fakeWorld());
    expect(code).toBe(2);
    expect(stderr).toContain('256');
  });

  it('has every field of the JSON contract, and nothing else on stdout', async () => {
    const { code, stdout, stderr } = await runFake(
      `${line} --concurrency 2 --contexts 2 --threads 1 --seed 9 --json`,
      fakeWorld(),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const number = expect.any(Number);
    expect(JSON.parse(stdout)).toMatchObject({
      model: 'm.onnx',
      backend: 'onnxruntime',
      device: 'cpu',
      settings: {
        durationMs: 60,
        warmUpMs: 1,
        iterations: 5,
        concurrency: 2,
        contexts: 2,
        intraOpNumThreads: 1,
        calls: 'run',
        loop: 'closed',
        shapes: { x: [2, 3] },
        inputs: { x: 'random' },
        seed: 9,
      },
      stable: expect.any(Boolean),
      throughput: { inferencesPerSecond: number },
      latencyMs: { mean: number, p50: number, p90: number, p95: number, p99: number, max: number },
      eventLoopDelayMs: { p50: number, p99: number, max: number },
      environment: {
        cpu: { model: expect.any(String), cores: number },
        node: process.versions.node,
        versions: { 'tensorrt-node': '9.8.7', onnxruntime: '1.30.0' },
      },
    });
  });

  it('shows a table, the conditions, and what is going on meanwhile', async () => {
    const { stdout, stderr } = await runFake(line, fakeWorld());
    expect(stderr).toMatch(
      /warming up on cpu with ONNX Runtime for 1\.00 ms …\nmeasuring .* for 60\.0 ms …\n/,
    );
    expect(stdout).toMatch(/throughput +[\d.,]+ inferences\/s/);
    expect(stdout).toMatch(
      /ms +mean +p50 +p90 +p95 +p99 +max\n +latency( +[\d.]+){6}\n +event-loop delay( +[\d.]+){6}\n/,
    );
    expect(stdout).toContain('no NVIDIA driver');
    expect(stdout).toContain('1 call in flight over 1 context, closed loop, session.run (copies in and out)');
  });

  it('reports what it has when it is interrupted, and ends with 130', async () => {
    const { api } = fakeWorld();
    const onInterrupt = (listener: () => void) => {
      setTimeout(listener, 30);
      return () => undefined;
    };
    const { code, stdout } = await runFake('bench m.onnx --duration 1h --warm-up 0ms --calls run --json', {
      api: slowly(api),
      onInterrupt,
    });
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ stable: false, unstableReason: 'interrupted' });
  });

  it.each([
    ['bench m.onnx --duration 3', /--duration expects a duration with its unit/],
    ['bench m.onnx --concurrency 0', /--concurrency expects a whole number from 1/],
    ['bench m.onnx --concurrency 2 --calls binding', /2 bindings need as many execution contexts/],
  ])('%s is wrong usage', async (wrong, message) => {
    const { code, stderr } = await runFake(wrong, fakeWorld());
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

/** With inferences that give the event loop back, so that timers fire. */
function slowly(api: ReturnType<typeof fakeWorld>['api']) {
  return {
    ...api,
    createSession: async (model: string, options: unknown) => {
      const session = (await api.createSession(model, options)) as {
        run: (...args: unknown[]) => Promise<unknown>;
      };
      const { run } = session;
      session.run = async (...args) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return run(...args);
      };
      return session as never;
    },
  };
}
