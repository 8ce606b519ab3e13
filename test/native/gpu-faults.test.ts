// SPDX-License-Identifier: Apache-2.0
// Every call of the driver and of TensorRT fails once in each phase of a session's life. The programme is the one that
// makes benchmarks/results/gpu-faults.md; a row with a problem says which call, in which life and phase, and what.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PROGRAM = resolve(__dirname, '../../benchmarks/gpu/fault-matrix.mjs');

it('names every failure, survives it or says that the device is lost, and leaves nothing behind', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, '--json'], { maxBuffer: 1 << 26 });
  const { results } = JSON.parse(stdout) as { results: { entry: string; problems: string[] }[] };
  expect(results.filter(({ problems }) => problems.length > 0)).toEqual([]);
  expect(new Set(results.map(({ entry }) => entry)).size).toBeGreaterThan(80);
});
