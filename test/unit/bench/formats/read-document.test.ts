// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseBenchDocument, readBenchDocument } from '../../../../lib/bench/formats/read-document';
import { sampleResult, sampleSweep } from '../../../bench-documents';
import { temporaryFolder } from '../../../temporary-folder';

const refusal = (value: unknown) => {
  try {
    parseBenchDocument(typeof value === 'string' ? value : JSON.stringify(value), 'a.json');
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it was taken');
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

  it('refuses a result that was cut or edited', () => {
    expect(refusal({ ...sampleResult(), latencyMs: undefined }).message).toContain('no usable "latencyMs"');
    const [block] = sampleResult().blocks;
    const odd = { ...sampleResult(), blocks: [{ ...block, histogram: [1] }] };
    expect(refusal(odd).message).toContain('block 1 of measurement 1');
    expect(refusal({ ...sampleSweep(), measurements: 3 }).message).toContain('no list');
    expect(refusal({ ...sampleSweep(), measurements: [null] }).message).toContain(
      'measurement 1 is no object',
    );
  });
});
