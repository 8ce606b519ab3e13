// SPDX-License-Identifier: Apache-2.0
// `npm run gpu:pack` on the built tree: what is unpacked elsewhere works without this checkout.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(__dirname, '../..');
const PART_BYTES = 1e6;

let folder: string;
let target: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-pack-'));
  target = join(folder, 'a target');
  const parts = join(folder, 'parts');
  const script = join(ROOT, 'scripts', 'gpu-pack.mjs');
  run(process.execPath, [script, '--output', parts, '--part-mb', String(PART_BYTES / 1e6)]);
  run('sh', [join(parts, 'unpack.sh'), target]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

/** Runs gpu:check of the unpacked folder, where no driver can be found. */
function gpuCheck(...args: string[]) {
  const env = { ...process.env, TENSORRT_NODE_DRIVER_LIBRARY: join(folder, 'no-driver.so') };
  const script = join('scripts', 'gpu-check.mjs');
  return spawnSync(process.execPath, [script, ...args], { cwd: target, env, encoding: 'utf8' });
}

describe('gpu-pack of the built package', () => {
  it('makes parts of at most the given size', () => {
    const parts = readdirSync(join(folder, 'parts')).filter((name) => name !== 'unpack.sh');
    for (const name of parts)
      expect(statSync(join(folder, 'parts', name)).size).toBeLessThanOrEqual(PART_BYTES);
  });

  it('tells on the host what to do', () => {
    const text = readFileSync(join(target, 'README.md'), 'utf8');
    expect(text).toContain('node scripts/gpu-check.mjs --output results');
    expect(text.split('\n').filter((line) => /^\d\. /.test(line))).toHaveLength(5);
  });

  it('lists the same checks as the checkout', () => {
    const here = run(process.execPath, [join(ROOT, 'scripts', 'gpu-check.mjs'), '--list']);
    expect(gpuCheck('--list')).toMatchObject({ status: 0, stdout: here, stderr: '' });
  });

  it('looks at a host without a GPU from its own addon and packages', () => {
    const found = gpuCheck('--only', 'environment', '--output', join(folder, 'results'));
    expect([found.status, found.stderr]).toEqual([1, '']);
    const json = readdirSync(join(folder, 'results')).find((name) => name.endsWith('.json'))!;
    const { environment, totals } = JSON.parse(readFileSync(join(folder, 'results', json), 'utf8'));
    expect(environment.addon).toMatchObject({ available: true });
    expect(environment.addon.path.startsWith(target)).toBe(true);
    expect(environment.gpu).toMatchObject({ usable: false, reason: expect.stringContaining('no-driver.so') });
    expect(totals.failed).toBe(0);
    expect(existsSync(join(folder, 'results', json.replace('.json', '.md')))).toBe(true);
  });

  it('accepts a host without a GPU where that is wanted', () => {
    const output = join(folder, 'accepted');
    const args = ['--only', 'environment', '--allow-no-gpu', '--output', output];
    expect(gpuCheck(...args)).toMatchObject({ status: 0, stderr: '' });
  });
});
