// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseBenchDocument, readBenchDocument } from '../../../../lib/bench/formats/read-document';
import {
  sampleFailed,
  sampleGpuResult,
  samplePrecisions,
  sampleRateSearch,
  sampleResult,
  sampleSweep,
} from '../../../bench-documents';
import { temporaryFolder } from '../../../temporary-folder';

const refusal = (value: unknown) => {
  try {
    parseBenchDocument(typeof value === 'string' ? value : JSON.stringify(value), 'a.json');
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it was taken');
};

const [block] = sampleResult().blocks;

const documents = {
  gpu: sampleGpuResult(),
  failed: sampleFailed(),
  precisions: samplePrecisions(),
  search: sampleRateSearch(),
};

describe('readBenchDocument', () => {
  it('reads what was written', async () => {
    const path = join(temporaryFolder(), 'result.json');
    for (const document of [sampleResult(), sampleSweep()]) {
      writeFileSync(path, JSON.stringify(document));
      expect(await readBenchDocument(path)).toEqual(JSON.parse(JSON.stringify(document)));
    }
  });

  it('names a file that is not there', async () => {
    await expect(readBenchDocument('/nowhere/a.json')).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
      message: expect.stringContaining('/nowhere/a.json') as string,
    });
  });
});

describe('parseBenchDocument', () => {
  it('refuses another schema version and names both', () => {
    const error = refusal({ ...sampleResult(), schemaVersion: 2 });
    expect(error.code).toBe('ERR_TRT_BENCH_RESULT');
    expect(error.message).toMatch(/version 1 in a\.json, but it has version 2/);
    expect(refusal({ ...sampleResult(), schemaVersion: undefined }).message).toContain('has none');
  });

  it('refuses what is no result, and says what it is', () => {
    expect(refusal('{ "a": ').message).toContain('it is no JSON');
    expect(refusal('[]').message).toContain('it holds a list');
    expect(refusal({ error: { message: 'no such model' } }).message).toContain('no such model');
    expect(refusal({ name: 'x' }).message).toContain('its kind is not given');
  });

  it.each<[string, object]>([
    ['latencyMs is missing, not an object', { latencyMs: undefined }],
    ['latencyMs.p50 is "x", not a number', { latencyMs: { ...sampleResult().latencyMs, p50: 'x' } }],
    ['environment.platform is missing, not a text', { environment: {} }],
    ['gpu is null, not an object', { gpu: null }],
    ['blocks[0] is null, not an object', { blocks: [null] }],
    ['settings.load is missing, not an object', { settings: {} }],
    ['warnings[0] is 1, not an object', { warnings: [1] }],
    ['cpuEnergy is missing, not an object', { cpuEnergy: undefined }],
    ['end is "soon", not one of complete, interrupted, failed', { end: 'soon' }],
    ['inferences is -1, not a whole number from 0', { inferences: -1 }],
    ['blocks[0].histogram has a bucket without a count', { blocks: [{ ...block, histogram: [1] }] }],
    [
      'blocks[0].histogram[0] is 4000000000, beyond the last bucket',
      { blocks: [{ ...block, histogram: [4e9, 1] }] },
    ],
  ])('refuses a result that was cut or edited: %s', (message, changes) => {
    const error = refusal({ ...sampleResult(), ...changes });
    expect(error.code).toBe('ERR_TRT_BENCH_RESULT');
    expect(error.message).toBe(`Expected a bench result in a.json, but ${message}.`);
  });

  it('refuses such a suite, and says which measurement it is', () => {
    expect(refusal({ ...sampleSweep(), measurements: 3 }).message).toContain('measurements is 3, not a list');
    const broken = { ...sampleResult(), throughput: {} };
    expect(refusal({ ...sampleSweep(), measurements: [sampleResult(), broken] }).message).toContain(
      'measurements[1].throughput.inferencesPerSecond is missing',
    );
  });

  it('takes what later versions may add', () => {
    expect(parseBenchDocument(JSON.stringify({ ...sampleResult(), mood: 'good' }))).toMatchObject({
      mood: 'good',
    });
  });

  it.each(Object.entries(documents))('takes %s', (_name, document) => {
    expect(() => parseBenchDocument(JSON.stringify(document))).not.toThrow();
  });
});
