// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  readCalibrationTable,
  writeCalibrationTable,
  type CalibrationTable,
} from '../../../../lib/compress/calibrate/calibration-table';
import { rejection, temporaryFolder } from '../../../temporary-folder';

const TABLE: CalibrationTable = {
  modelDigest: 'aa',
  dataDigest: 'bb',
  options: 'int8 mse',
  decisions: {
    exponent: 0.5,
    multiplications: true,
    smallLayers: false,
    channelMaxima: { x: [1, 0.25] },
    ranges: JSON.parse(
      '{"__proto__": {"min": -1, "max": 2.5, "amplitude": 2.25}}',
    ) as CalibrationTable['decisions']['ranges'],
    method: 'mse',
    keptForBound: ['head'],
  },
  score: { sqnrDb: 40, cosine: 0.999, top1Agreement: 1, answers: 32 },
  warnings: ['always zero on the data: "x"'],
};

describe('a calibration table', () => {
  it('is read as it was written, also over an older one', async () => {
    const path = join(temporaryFolder(), 'model.calibration.json');
    expect(await readCalibrationTable(path)).toBeUndefined();
    await writeCalibrationTable(path, { ...TABLE, options: 'int8 max' });
    await writeCalibrationTable(path, TABLE);
    expect(
      await readCalibrationTable(path, { modelDigest: 'aa', dataDigest: 'bb', options: 'int8 mse' }),
    ).toEqual(TABLE);
  });

  it('of another model, other data or other options is refused', async () => {
    const path = join(temporaryFolder(), 't.json');
    await writeCalibrationTable(path, TABLE);
    for (const [key, word] of [
      [{ modelDigest: 'x' }, 'another model: aa, not x'],
      [{ dataDigest: 'x' }, 'another data set: bb, not x'],
      [{ options: 'x' }, 'other options: int8 mse, not x'],
    ] as const) {
      const error = await rejection(readCalibrationTable(path, key));
      expect(error).toMatchObject({ code: 'ERR_TRT_QUANT_CACHE', details: { path } });
      expect(error.message).toContain(word);
    }
  });

  it('that is broken is refused, and says where', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 't.json');
    await writeCalibrationTable(path, TABLE);
    const good = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const range = { min: 0, max: 1, amplitude: 1 };
    const decisions = good['decisions'] as Record<string, unknown>;
    const decided = (change: Record<string, unknown>) => ({ decisions: { ...decisions, ...change } });
    for (const [change, word] of [
      [{ formatVersion: 2 }, 'format version 2'],
      [{ options: 1 }, '"options" is no text'],
      [{ decisions: [] }, '"decisions" has no ranges'],
      [decided({ ranges: [] }), '"decisions" has no ranges'],
      [decided({ ranges: { r: { ...range, amplitude: -1 } } }), 'the range of "r" is none'],
      [decided({ ranges: { r: { ...range, min: null } } }), 'the range of "r" is none'],
      [decided({ ranges: { r: { ...range, min: 2 } } }), 'the range of "r" is none'],
      [decided({ exponent: 'a' }), '"exponent"'],
      [decided({ channelMaxima: { x: ['1'] } }), '"channelMaxima"'],
      [decided({ multiplications: 1 }), '"multiplications"'],
      [decided({ smallLayers: 'no' }), '"smallLayers"'],
      [decided({ method: 1 }), '"method"'],
      [decided({ keptForBound: [1] }), '"keptForBound"'],
      [{ warnings: [1] }, '"warnings"'],
    ] as const) {
      writeFileSync(path, JSON.stringify({ ...good, ...change }));
      expect((await rejection(readCalibrationTable(path))).message).toContain(word);
    }
    for (const text of ['', '{"formatVersion": 1,', '[]', 'null']) {
      writeFileSync(path, text);
      expect(await rejection(readCalibrationTable(path))).toMatchObject({ code: 'ERR_TRT_QUANT_CACHE' });
    }
    mkdirSync(join(folder, 'd'));
    expect((await rejection(readCalibrationTable(join(folder, 'd')))).message).toContain('cannot be read');
  });
});
