// SPDX-License-Identifier: Apache-2.0
// The programs of examples/gpu as users start them, over the stand-ins of the driver and of TensorRT, and on the CPU.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtStandin } from '../standin-build';
import { ADD, makePlan, RESHAPE, type PlanDescription, type PlanRange } from '../standin-plan';

const ROOT = resolve(__dirname, '../..');
const FROM_TWO: PlanRange = { min: [2, 4], opt: [4, 4], max: [8, 4] };

const PLANS = {
  /** Batches of 1 are outside of its profile. */
  add: { ...ADD, profiles: [{ dims: { a: FROM_TWO, b: FROM_TWO } }] },
  /** A shape tensor, whose zeros would be outside. */
  reshape: RESHAPE,
  triple: {
    name: 'triple',
    inputs: [{ name: 'y', dims: [-1, -1] }],
    outputs: [{ name: 'z', dims: [-1, -1] }],
    profiles: [{ dims: { y: { min: [1, 1], opt: [4, 3], max: [12, 12] } } }],
    weights: { w: [3] },
    layers: ['scale y z w'],
  },
} satisfies Record<string, PlanDescription>;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-examples-'));
  for (const [name, plan] of Object.entries(PLANS)) {
    writeFileSync(engine(name), makePlan('tensorrt-11', plan));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const engine = (name: string): string => join(folder, `${name}.engine`);
const violations = (): string => join(folder, 'violations.txt');
afterEach(() => expect(existsSync(violations()) ? readFileSync(violations(), 'utf8') : '').toBe(''));

/** Runs an example; what it wrote. */
async function example(name: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(ROOT, 'examples', 'gpu', `${name}.mjs`), ...args], {
    env: {
      ...process.env,
      TENSORRT_NODE_DRIVER_LIBRARY: builtStandin('driver', 'libcuda.so.1'),
      TENSORRT_NODE_LIB_DIR: dirname(builtStandin('gpu-tensorrt-11', 'libnvinfer.so.11')),
      TRTN_STANDIN_CUDA_DEVICES: '1',
      TRTN_STANDIN_CUDA_VIOLATIONS: violations(),
    },
  });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));
  const code = await new Promise((end) => child.once('close', end));
  expect({ code, stderr: written.stderr }).toEqual({ code: 0, stderr: '' });
  return written.stdout;
}

describe('examples/gpu', () => {
  it.each(['add', 'reshape'])('real-time-loop runs a binding of %s for each frame', async (name) => {
    const stdout = await example('real-time-loop', engine(name), '--frames', '20', '--rate', '1000');
    expect(stdout).toMatch(/^running on cuda:0 \(tensorrt\)\ninference ms: p50 [\d.]+ .* late: \d+ of 20\n$/);
  });

  it.each(['add', 'reshape'])('throughput-pool runs many calls of %s at once', async (name) => {
    const stdout = await example('throughput-pool', engine(name), '--seconds', '0.2');
    expect(stdout).toMatch(/^running on cuda:0 \(tensorrt\)\n[1-9]\d* inferences per second\n$/);
  });

  it('chained-engines hands the output of one engine to the next on the device', async () => {
    const stdout = await example('chained-engines', engine('reshape'), engine('triple'));
    expect(stdout).toMatch(/^z \[ 4, 3 \] Float32Array\(12\) \[\s*(3,\s*){11}3\s*\]\n/);
    expect(stdout).toMatch(/second engine: 0 bytes to the device, 48 bytes back\n$/);
  });

  it.each([
    { name: 'real-time-loop', args: ['--frames', '5', '--rate', '1000'] },
    { name: 'throughput-pool', args: ['--seconds', '0.1'] },
  ])('$name runs its own model on the CPU', async ({ name, args }) => {
    const stdout = await example(name, ...args, '--device', 'cpu');
    expect(stdout).toMatch(/^running on cpu \(onnxruntime\)\n/);
  });

  it('says why it does not run on the GPU', async () => {
    // The stand-in of TensorRT builds no engines.
    const stdout = await example('throughput-pool', '--seconds', '0.1');
    expect(stdout).toMatch(/^running on cpu .*\nnot on a GPU: .*\[ERR_TRT_BUILD_FAILED\]/);
  });
});
