// SPDX-License-Identifier: Apache-2.0
// Soft labels as Parquet, read back by another package than the one that wrote them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { writeSoftLabels, type SoftLabels } from '../../../lib/compress';
import { loadParquet } from '../../../lib/compress/distill/parquet-module';
import { createUniform } from '../../../lib/random';
import { temporaryFolder } from '../../temporary-folder';

function labelsOf(dims: readonly number[]): SoftLabels {
  const uniform = createUniform(5);
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { probabilities: { data: Float32Array.from({ length: count }, uniform), dims }, temperature: 2.5 };
}

test.each([
  ['classes', [2500, 10]],
  ['classes of positions', [12, 7, 3]],
])('a row for each sample: %s', async (_, dims) => {
  const labels = labelsOf(dims);
  const path = join(temporaryFolder(), 'soft.parquet');
  await writeSoftLabels(path, labels);
  const bytes = readFileSync(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const { key_value_metadata: facts } = parquetMetadata(file);
  expect(facts).toEqual([
    { key: 'temperature', value: '2.5' },
    { key: 'dims', value: JSON.stringify(dims) },
  ]);
  const rows = await parquetReadObjects({ file });
  expect(rows).toHaveLength(dims[0]!);
  const values = rows.flatMap((row) => row['probabilities'] as number[]);
  expect(Float32Array.from(values)).toEqual(labels.probabilities.data);
});

test('without the package the error names it', async () => {
  const missing = (): Promise<unknown> => Promise.reject(new Error("Cannot find package 'hyparquet-writer'"));
  await expect(loadParquet(missing)).rejects.toMatchObject({
    code: 'ERR_TRT_LOAD_PARQUET_NOT_FOUND',
    message: expect.stringContaining('hyparquet-writer'),
    hint: expect.stringContaining('npm install hyparquet-writer'),
  });
});
