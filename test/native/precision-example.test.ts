// SPDX-License-Identifier: Apache-2.0
// The example has to work as a whole, as a process of its own, from dist; one of its networks is enough for that.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/onnx';

const root = join(__dirname, '../..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trtn-precision-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

function runExample(...args: string[]): Promise<{ code: number | null; text: string; talk: string }> {
  const child = spawn(process.execPath, ['examples/precision/compare.mjs', ...args], { cwd: root });
  let text = '';
  let talk = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (talk += part));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text, talk }));
  });
}

describe('the precision example', { timeout: 60_000 }, () => {
  it('shows four precisions side by side, with reasons, and writes models, reports and pictures', async () => {
    const { code, text, talk } = await runExample('--network', 'digits', '--out', folder, '--duration', '50');
    expect(talk).toBe('');
    expect(code).toBe(0);
    expect(text).toContain('calibrated on 161 images in 21 runs, tested on 450 others');
    expect(text).toMatch(/^ +FP32 +98\.44 % +39\.5 +[\d.]+ +[\d,]+$/m);
    const rows = [...text.matchAll(/^ +(FP16|INT8|mixed) +([\d.]+) % +([\d.]+) % +([\d.]+) +([\d.]+) /gm)];
    expect(rows.map(([, precision]) => precision)).toEqual(['FP16', 'INT8', 'mixed']);
    for (const [, , accuracy, , , kib] of rows) {
      expect(Number(accuracy)).toBeGreaterThan(98);
      expect(Number(kib)).toBeLessThan(30);
    }
    expect(text).toMatch(/INT8 takes the ranges of \w+, of mse [\d.]+, max [\d.]+/);
    expect(text).toMatch(/^ +INT8 keeps in FP32/m);
    expect(text).toMatch(
      /mixed keeps in FP16 besides, to reach 42 dB\n +\w+ +quantised alone, the outputs are at/,
    );
    expect(text).toMatch(/^ +conv2 +Conv +[\d.]+ +[\d.]+ +[\d.]+$/m);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    // eslint-disable-next-line no-control-regex -- escape sequences must not be there
    expect(text).not.toMatch(/\u001b/);
    expect((await readdir(folder)).sort()).toEqual(
      ['fp16', 'int8', 'mixed'].flatMap((name) =>
        ['html', 'onnx', 'svg'].map((ending) => `digits-${name}.${ending}`),
      ),
    );
    expect(await readFile(join(folder, 'digits-int8.svg'), 'utf8')).toContain('conv2 (Conv)');
    const { graph } = await loadModel(join(folder, 'digits-mixed.onnx'));
    expect(graph.node.some(({ opType }) => opType === 'QuantizeLinear')).toBe(true);
  });

  it('names the networks that there are', async () => {
    const { code, talk } = await runExample('--network', 'resnet');
    expect(code).toBe(2);
    expect(talk).toContain('There is no network "resnet"; there are: digits, separable.');
  });
});
