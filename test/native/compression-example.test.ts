// SPDX-License-Identifier: Apache-2.0
// The example as a user starts it, with some of its steps and a short search: the others are as slow as they are tested
// elsewhere. What steps reach is checked by benchmarks/compression.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCompact } from '../../lib/compress';
import { checkOnnxModel, loadModel } from '../../lib/onnx';
import { runExample } from './example-program';

const ROOT = join(__dirname, '../..');
const PROGRAM = 'examples/compression/compress.mjs';
const STEPS = ['distilled', 'shared', 'int8', 'fp16'];
const FAST = ['--duration', '20', '--epochs', '1', '--trials', '3'];

interface Row {
  readonly name: string;
  readonly accuracy: number;
  readonly kib: number;
  readonly zipped: number;
  readonly weights: number;
  readonly multiplyAdds: number;
  readonly note: string;
}

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'trtn-compression-'));
});
afterAll(() => rm(out, { recursive: true }));

/** Rows of the tables: name, accuracy, KiB, zipped, thousands of weights and multiply-adds, time, layers, letter. */
function rowsOf(lines: readonly string[]): Row[] {
  const row = /^ {3}(\S.*?) +([\d.]+) % +(\d+) +(\d+) +([\d,]+) +([\d,]+) +(\d+) % +(\d+)(?: {2}([a-z]))?$/;
  return lines.flatMap((line) => {
    const match = row.exec(line);
    if (match === null) return [];
    const [accuracy, kib, zipped, weights, multiplyAdds] = match
      .slice(2, 7)
      .map((text) => Number(text.replaceAll(',', ''))) as [number, number, number, number, number];
    return [{ name: match[1]!, accuracy, kib, zipped, weights, multiplyAdds, note: match[9] ?? '' }];
  });
}

describe('the compression example', { timeout: 120_000 }, () => {
  it('shows steps side by side, what TensorRT makes of them, and a search with its picture', async () => {
    const steps = STEPS.flatMap((step) => ['--step', step]);
    const lines = await runExample(PROGRAM, '--out', out, ...FAST, ...steps);
    const [source, distilled, shared, int8, fp16, again, found] = rowsOf(lines) as [Row, ...Row[]];
    expect(source).toMatchObject({ name: 'FP32', note: '' });
    expect(again).toEqual(source);
    for (const row of [distilled, shared, int8, fp16, found])
      expect(row!.accuracy, row!.name).toBeGreaterThan(source.accuracy - 3);
    expect(distilled!.weights).toBeLessThan(0.8 * source.weights);
    expect(distilled!.multiplyAdds).toBeLessThan(0.8 * source.multiplyAdds);
    expect(shared!.kib).toBeGreaterThan(0.95 * source.kib);
    expect(shared!.zipped).toBeLessThan(0.3 * source.zipped);
    expect(int8!.kib).toBeLessThan(0.3 * source.kib);
    expect(fp16!.kib).toBeLessThan(0.55 * source.kib);
    const noteOf = (row: Row) => lines.slice(lines.findIndex((line) => line.startsWith(`   ${row.note}  `)));
    expect(noteOf(shared!)[0]).toContain('TensorRT gains nothing from shared values');
    expect(noteOf(distilled!)[0]).toMatch(
      /The model has [\d.]+ % of the weights and [\d.]+ % of the multiply-adds/,
    );
    expect(lines.join('\n')).toMatch(/^ {3}3 models made and measured/m);
    expect(lines.join('\n')).toMatch(/^ +\S.*%.*%.*taken$/m);
  });

  it('writes models that are valid, shared values for transfer, and the picture', async () => {
    expect((await readdir(out)).sort()).toEqual(
      [
        ...['fp32', ...STEPS].map((step) => `mlp-${step}.onnx`),
        'mlp-shared.onnx.gz',
        'mlp-searched.onnx',
        'mlp-search.svg',
      ].sort(),
    );
    for (const step of [...STEPS, 'searched']) {
      const problems = checkOnnxModel(await loadModel(join(out, `mlp-${step}.onnx`)));
      expect(
        problems.filter(({ severity }) => severity === 'error'),
        step,
      ).toEqual([]);
    }
    const model = await loadModel(join(out, 'mlp-shared.onnx'));
    const compact = join(out, 'mlp-shared.onnx.gz');
    expect((await stat(compact)).size).toBeLessThan(model.toBytes().length / 5);
    expect(Buffer.compare((await loadCompact(compact)).toBytes(), model.toBytes())).toBe(0);
    expect(await readFile(join(out, 'mlp-search.svg'), 'utf8')).toMatch(/^<svg[^]+\(taken\)[^]+<\/svg>\n$/);
  });

  it.each([
    ['network', 'resnet', 'There is no network "resnet"; there are: cnn, mlp, transformer.'],
    [
      'step',
      'zip',
      'There is no step "zip"; there are: zeros, 2:4, narrow, distilled, shared, low-rank, int8, fp16.',
    ],
  ])('names each %s that there is', (option, value, message) => {
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, `--${option}`, value], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect([status, stderr.trim()]).toEqual([2, message]);
  });
});
