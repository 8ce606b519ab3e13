// SPDX-License-Identifier: Apache-2.0
// The search for the highest rate, from the command line on. The speed of the model is made up.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleResult } from '../../../bench-documents';
import { fakeBench } from '../fake-bench';
import { runFake } from '../fake-cli';

const { latencyMs } = sampleResult();

/** A model whose p99 is 20 ms however few calls there are, up to a rate at which it breaks. */
function slowModel(breaksAt = Infinity) {
  return fakeBench(({ load }) => {
    const { ratePerSecond } = load as { ratePerSecond?: number };
    if (ratePerSecond !== undefined && ratePerSecond > breaksAt) throw new Error('lost');
    const rate = ratePerSecond ?? 50;
    const throughput = { inferencesPerSecond: rate, samplesPerSecond: rate, requestedPerSecond: rate };
    return {
      latencyMs: { ...latencyMs, count: 2000, min: 18, p50: 19, p99: 20 },
      throughput,
      inferences: rate * 10,
      measuredMs: 10_000,
    };
  });
}

describe('a limit that nothing keeps', () => {
  it('is refused after one short look', async () => {
    const world = slowModel();
    const { stdout } = await runFake('bench m.onnx --latency-limit p99=10ms --rate 100 --json', world);
    expect(world.requests).toHaveLength(1);
    expect(world.requests[0]).toMatchObject({ load: { concurrency: 1 }, durationMs: 500 });
    expect(JSON.parse(stdout).search).toMatchObject({
      highestRatePerSecond: null,
      reason: 'p99 is 20 ms even for calls that wait for nothing',
      tried: [],
    });
  });

  it('is refused in words, and in files of every kind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'refused-'));
    const files = ['json', 'html', 'csv', 'md', 'xml'].flatMap((kind) => ['-o', join(folder, `r.${kind}`)]);
    const line = ['bench', 'm.onnx', '--shapes', 'x:1x3', '--latency-limit', 'p99=10ms', ...files];
    const { stdout, stderr } = await runFake(line, slowModel());
    await rm(folder, { recursive: true });
    expect(stderr).toBe('');
    expect(stdout).toContain('no rate');
  });
});

describe('a search in which a measurement fails', () => {
  it('keeps the rates before it and says which one failed', async () => {
    const { code, stdout } = await runFake(
      'bench m.onnx --latency-limit p99=30ms --rate 100 --json',
      slowModel(300),
    );
    expect(code).toBe(1);
    const suite = JSON.parse(stdout);
    expect(suite.measurements).toHaveLength(2);
    expect(suite.search.highestRatePerSecond).toBe(200);
    expect(suite.failed).toEqual([
      { label: '400/s', case: { ratePerSecond: 400 }, error: expect.objectContaining({ message: 'lost' }) },
    ]);
  });
});
