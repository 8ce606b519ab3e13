// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { digestModel, modelName } from '../../../../lib/bench/subject/model-digest';
import { Engine } from '../../../../lib/index';

const bytes = Buffer.alloc(700_000, 'model');
const sha256 = createHash('sha256').update(bytes).digest('hex');
const parts = { family: 'tensorrt-11', version: '11.1', manifest: null, bytes: bytes.length } as const;

it('is the same for a file, its bytes and an engine in that file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'digest-'));
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes);
  const expected = { sha256, bytes: bytes.length };
  expect(await digestModel(path)).toEqual(expected);
  expect(await digestModel(bytes)).toEqual(expected);
  const engine = new Engine({ ...parts, source: { path } });
  expect(await digestModel(engine)).toEqual(expected);
  expect([modelName(path), modelName(bytes), modelName(engine)]).toEqual([path, '(bytes)', path]);
  await rm(folder, { recursive: true });
});

it('is null for an engine in memory, whose size is known', async () => {
  const engine = new Engine({ ...parts, source: { bytes } });
  expect(await digestModel(engine)).toEqual({ sha256: null, bytes: bytes.length });
  expect(modelName(engine)).toBe('(engine)');
});

it('names a file that cannot be read', async () => {
  await expect(digestModel('/nowhere/model.onnx')).rejects.toMatchObject({
    code: 'ERR_TRT_LOAD_FILE',
    message: expect.stringContaining('/nowhere/model.onnx cannot be read: ENOENT'),
  });
});
