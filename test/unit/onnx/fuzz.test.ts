// SPDX-License-Identifier: Apache-2.0
// A sample of what `node scripts/fuzz.mjs` runs in full. A failure names the case; run it alone with
// `node scripts/fuzz.mjs --seed 1 --first <case> --cases 1`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCase } from '../../fuzz/cases';
import { runReaderCases } from '../../fuzz/reader-cases';
import { readerSeeds } from '../../fuzz/seeds';

const seeds = readerSeeds(resolve(__dirname, '../../..'));

describe('readers on damaged files', () => {
  it('give a result or an error of their own for 1,000 files', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
    const run = { seeds, runSeed: 1, firstCase: 0, cases: 1000, scratchFile: join(folder, 'case.onnx') };
    const { failures, outcomes } = await runReaderCases(run).finally(() => rm(folder, { recursive: true }));
    expect(failures).toEqual([]);
    // The damage must neither spare all files nor kill each at its first byte, or nothing was tried.
    expect(outcomes['model ok']).toBeGreaterThan(50);
    expect(outcomes['model ERR_TRT_ONNX_INVALID']).toBeGreaterThan(100);
    expect(outcomes['model ERR_TRT_ONNX_TRUNCATED']).toBeGreaterThan(100);
  });

  it('are given the same files for the same seed', () => {
    expect(makeCase(seeds, 7, 3)).toEqual(makeCase(seeds, 7, 3));
    expect(makeCase(seeds, 7, 3).bytes).not.toEqual(makeCase(seeds, 8, 3).bytes);
  });
});
