// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { createSession } from '../../../lib/session/create-session';
import { readPlanHeader } from '../../../lib/runtime/plan-header';
import { rtxPlan, tensorRtPlan } from '../../plan-samples';
import { rejection, temporaryFolder } from '../../temporary-folder';

describe('readPlanHeader', () => {
  it('reads product, version and size of a TensorRT-RTX engine', async () => {
    expect(await readPlanHeader(rtxPlan())).toEqual({
      product: 'TensorRT-RTX',
      family: 'tensorrt-rtx',
      version: '1.7.1.116',
      totalBytes: 200,
      actualBytes: 200,
    });
  });

  it.each([
    [[10, 16, 1, 4], 'tensorrt-10', '10.16.1.4'],
    [[11, 4, 0, 9], 'tensorrt-11', '11.4.0.9'],
    [[8, 6, 1, 6], null, '8.6.1.6'],
  ] as const)('reads version %j of a TensorRT plan as family %s', async (bytes, family, version) => {
    const header = await readPlanHeader(tensorRtPlan([...bytes]));
    expect(header).toMatchObject({ product: 'TensorRT', family, version, totalBytes: null });
  });

  it('knows no version of a plan in the older form', async () => {
    const plan = tensorRtPlan();
    plan.writeUInt32LE(239, 4);
    expect(await readPlanHeader(plan)).toMatchObject({ family: null, version: null });
  });

  it('refuses what is neither a path nor bytes', async () => {
    for (const source of [5, null, {}]) {
      expect(await rejection(readPlanHeader(source as never))).toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
    }
  });

  it('does not wait for a pipe, nor does createSession()', async () => {
    const path = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [path]);
    const error = await rejection(readPlanHeader(path));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_PLAN_INVALID' });
    const refused = await rejection(createSession(path, { device: 'cpu' }));
    expect(refused).toMatchObject({ code: 'ERR_TRT_LOAD_FILE' });
    expect(refused.message).toContain('no regular file');
  });

  it('reads a file by its head alone', async () => {
    const path = join(temporaryFolder(), 'm.engine');
    writeFileSync(path, rtxPlan([1, 6, 1, 120], 5000));
    expect(await readPlanHeader(path)).toMatchObject({ version: '1.6.1.120', actualBytes: 5000 });
  });

  it.each([
    ['empty', Buffer.alloc(0), 'empty'],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\n'),
      'a Git LFS pointer',
    ],
    ['a PNG', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'a PNG image'],
    ['HTML', Buffer.from('<!DOCTYPE html><html>404</html>'), 'an HTML page'],
    ['a ZIP', Buffer.from('PK\x03\x04....'), 'a ZIP archive'],
    ['text', Buffer.from('hello, engine'), 'a text file'],
    ['JSON', Buffer.from('{"formatVersion": 1}'), 'a JSON document'],
    ['zeros', Buffer.alloc(100), 'a file of zeros'],
    ['ONNX', Buffer.from([0x08, 0x08, 0x12, 0x04, 0x74, 0x65, 0x73, 0x74]), 'an ONNX model'],
    ['a library', Buffer.from('\x7fELF\x02\x01'), 'an ELF program or library'],
    ['noise', Buffer.from([0xde, 0xad, 0xbe, 0xef, 0x01]), 'binary data of an unknown kind'],
  ])('says that the file is %s', async (_what, bytes, kind) => {
    const error = await rejection(readPlanHeader(bytes));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_PLAN_INVALID' });
    expect(error.message).toContain(kind);
  });

  it('finds an engine that is shorter than its header says', async () => {
    const plan = rtxPlan();
    for (const bytes of [199, 64, 63, 28, 5, 4]) {
      expect(await rejection(readPlanHeader(plan.subarray(0, bytes)))).toMatchObject({
        code: 'ERR_TRT_LOAD_PLAN_TRUNCATED',
      });
    }
    expect(await rejection(readPlanHeader(tensorRtPlan().subarray(0, 27)))).toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_TRUNCATED',
    });
  });

  it('finds bytes behind the end of an engine', async () => {
    const error = await rejection(readPlanHeader(Buffer.concat([rtxPlan(), Buffer.from('x')])));
    expect(error).toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_INVALID',
      details: { bytes: 201, expectedBytes: 200 },
    });
  });

  it('tells a missing file, a folder and a path through a file apart', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'inner'));
    expect(await rejection(readPlanHeader(join(folder, 'none')))).toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
      details: { errno: 'ENOENT' },
    });
    expect(await rejection(readPlanHeader(join(folder, 'file', 'x')))).toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
    });
    expect((await rejection(readPlanHeader(join(folder, 'inner')))).message).toContain('a folder');
  });

  it('survives any bytes', async () => {
    let state = 1;
    const random = () => (state = (state * 48271) % 2147483647);
    for (let round = 0; round < 500; round++) {
      const plan = round % 2 ? rtxPlan() : tensorRtPlan();
      for (let flips = 0; flips < 5; flips++) plan[random() % 64] = random() & 255;
      const cut = plan.subarray(0, random() % 201);
      const outcome = await readPlanHeader(cut).catch((error: unknown) => error as { code: string });
      if ('code' in outcome) expect(outcome.code).toMatch(/^ERR_TRT_LOAD_PLAN_(INVALID|TRUNCATED)$/);
    }
  });
});
