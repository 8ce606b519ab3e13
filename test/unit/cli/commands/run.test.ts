// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TensorRTError } from '../../../../lib/errors';
import { readNpy, writeNpy } from '../../../../lib/tensor/npy';
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

  it('passes what concerns GPUs on', async () => {
    const { api, calls } = fakeWorld();
    const options = '--dynamic-axes batch=2,4,8 --profile 1 --cuda-graph off --plugins a.so,b.so';
    const { code } = await runFake(`run m.onnx --input random ${options}`, { api });
    expect(code).toBe(0);
    const build = { dynamicAxes: { batch: [2, 4, 8] } };
    const wanted = { build, profile: 1, cudaGraph: 'off', plugins: ['a.so', 'b.so'] };
    expect(calls[0]).toMatchObject(['m.onnx', wanted]);
  });

  it('runs once: several sets of inputs are refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trtn-sets-'));
    for (const name of ['1.npy', '2.npy'])
      await writeNpy(join(folder, name), { type: 'float32', dims: [1, 3], data: new Float32Array(3) });
    const { code, stderr } = await runFake(['run', 'm.onnx', '--input', `x=@${folder}`], fakeWorld());
    expect(code).toBe(2);
    expect(stderr).toContain('2 sets of inputs');
    await rm(folder, { recursive: true });
  });

  it('takes its inputs from a module', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trtn-module-'));
    const path = join(folder, 'inputs.mjs');
    await writeFile(
      path,
      'export default () => ({ x: { data: new Float32Array([7, 8, 9]), dims: [1, 3] } })',
    );
    const { stdout } = await runFake(['run', 'm.onnx', '--input-module', path, '--json'], fakeWorld());
    expect(JSON.parse(stdout)).toMatchObject({
      inputs: [{ source: 'generator' }],
      outputs: [{ first: [14, 16, 18] }],
    });
    await rm(folder, { recursive: true });
  });

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
