// SPDX-License-Identifier: Apache-2.0
// Calibration takes longer than anything else of a quantised build: what it decided is kept in a file and used again for
// the same model, data and options.

import { join, resolve } from 'node:path';

import {
  readCalibrationTable,
  writeCalibrationTable,
  type CalibrationTable,
} from '../compress/calibrate/calibration-table';
import { mkdir } from 'node:fs/promises';
import { digestText } from '../runtime/digest';
import type { BuildSettings } from './build-options';

/** What a calibration belongs to. */
export type CalibrationKey = Pick<CalibrationTable, 'modelDigest' | 'dataDigest' | 'options'>;

/**
 * Where the calibration of a build is kept: in the folder `calibration` of the engine cache, or beside the engine; null
 * where the build leaves no files.
 */
export function calibrationPath(settings: BuildSettings, key: CalibrationKey): string | null {
  const name = digestText(JSON.stringify([key.modelDigest, key.dataDigest, key.options]));
  if (settings.cacheDir !== undefined) return join(resolve(settings.cacheDir), 'calibration', `${name}.json`);
  if (settings.outputPath !== undefined) return `${resolve(settings.outputPath)}.calibration.json`;
  return null;
}

/**
 * What an earlier build decided; undefined if there is none, or if the file belongs to another model, other data or other
 * options: it is replaced then.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CACHE for a file that is broken
 */
export async function findCalibration(
  path: string,
  key: CalibrationKey,
): Promise<CalibrationTable | undefined> {
  const table = await readCalibrationTable(path);
  const isOfThis =
    table?.modelDigest === key.modelDigest &&
    table.dataDigest === key.dataDigest &&
    table.options === key.options;
  return isOfThis ? table : undefined;
}

/** Keeps what was decided. */
export async function keepCalibration(path: string, table: CalibrationTable): Promise<void> {
  await mkdir(resolve(path, '..'), { recursive: true });
  await writeCalibrationTable(path, table);
}
