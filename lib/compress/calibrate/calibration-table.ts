// SPDX-License-Identifier: Apache-2.0
// Calibration is kept in a file, so that a build of the same model on the same data need not run it again.

import { readFile } from 'node:fs/promises';
import { TensorRTError } from '../../errors';
import { inSequence, writeTogether } from '../../onnx/graph/staged-file';
import type { OutputScore } from '../output-judge';
import type { QuantizationDecisions } from '../quantization-decisions';
import type { TensorRange } from './choose-ranges';

/** Version of the file's form; readers refuse another one. */
const FORMAT_VERSION = 1;

/** A calibration and what it belongs to. */
export interface CalibrationTable {
  /** SHA-256 of the model, in hex. */
  readonly modelDigest: string;
  /** SHA-256 of the data, in hex: `digestFeeds`. */
  readonly dataDigest: string;
  /** The options that it depends on, in one text. */
  readonly options: string;
  readonly decisions: QuantizationDecisions;
  /** How near the outputs were to the source's. */
  readonly score?: OutputScore;
  /** What makes the ranges doubtful. */
  readonly warnings: readonly string[];
}

/** What a table has to belong to. */
export type CalibrationKey = Partial<Pick<CalibrationTable, 'modelDigest' | 'dataDigest' | 'options'>>;

/**
 * Writes a table as JSON, at once or not at all.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_WRITE
 */
export async function writeCalibrationTable(path: string, table: CalibrationTable): Promise<void> {
  const text = `${JSON.stringify({ formatVersion: FORMAT_VERSION, ...table }, null, 1)}\n`;
  await writeTogether([{ path, parts: inSequence([Buffer.from(text)]) }]);
}

/**
 * Reads a table.
 *
 * @param key - What it has to belong to; what is left out is not checked.
 * @returns undefined if there is no file
 * @throws {TensorRTError} ERR_TRT_QUANT_CACHE for a file that is no table or whose ranges are none, for a table of another
 * version, model, data or options, and for a file that cannot be read
 */
export async function readCalibrationTable(
  path: string,
  key: CalibrationKey = {},
): Promise<CalibrationTable | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const { formatVersion, ...table } = checkForm(path, parse(path, text));
  if (formatVersion !== FORMAT_VERSION)
    throw unusable(path, `it has the format version ${String(formatVersion)}, not ${FORMAT_VERSION}`);
  for (const [name, expected] of Object.entries(key) as [keyof CalibrationKey, string | undefined][]) {
    if (expected === undefined || table[name] === expected) continue;
    const reason = `it is of ${SUBJECTS[name]}: ${table[name]}, not ${expected}`;
    throw unusable(path, reason, { [name]: { expected, received: table[name] } });
  }
  return table;
}

const SUBJECTS = {
  modelDigest: 'another model',
  dataDigest: 'another data set',
  options: 'other options',
} as const;

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unusable(path, `it cannot be read: ${message}`, {}, error);
  });
}

function parse(path: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unusable(path, `it is no JSON: ${String(error)}`, {}, error);
  }
  if (isRecord(value)) return value;
  throw unusable(path, 'it holds no object');
}

function checkForm(
  path: string,
  value: Record<string, unknown>,
): CalibrationTable & { formatVersion: unknown } {
  for (const name of Object.keys(SUBJECTS)) {
    if (typeof value[name] !== 'string') throw unusable(path, `"${name}" is no text`);
  }
  const { decisions, warnings } = value;
  if (!isRecord(decisions) || !isRecord(decisions.ranges)) throw unusable(path, '"decisions" has no ranges');
  const { ranges } = decisions;
  checkDecisions(path, decisions);
  for (const [tensor, range] of Object.entries(ranges)) {
    if (!isRange(range)) throw unusable(path, `the range of "${tensor}" is none`, { tensor });
  }
  if (!Array.isArray(warnings) || warnings.some((one) => typeof one !== 'string'))
    throw unusable(path, '"warnings" is no list of texts');
  return value as unknown as CalibrationTable & { formatVersion: unknown };
}

function checkDecisions(path: string, decisions: Record<string, unknown>): void {
  const {
    exponent,
    multiplications,
    smallLayers,
    channelMaxima,
    method,
    keptForBound,
    largest = {},
  } = decisions;
  if (exponent !== null && !Number.isFinite(exponent)) throw unusable(path, '"exponent" is no number');
  if (typeof multiplications !== 'boolean')
    throw unusable(path, '"multiplications" is neither true nor false');
  if (typeof smallLayers !== 'boolean') throw unusable(path, '"smallLayers" is neither true nor false');
  const isMaxima = isRecord(channelMaxima) && Object.values(channelMaxima).every(isListOfNumbers);
  if (!isMaxima) throw unusable(path, '"channelMaxima" is no table of numbers');
  if (typeof method !== 'string') throw unusable(path, '"method" is no text');
  if (!isRecord(largest) || !isListOfNumbers(Object.values(largest)))
    throw unusable(path, '"largest" is no table of numbers');
  if (!Array.isArray(keptForBound) || keptForBound.some((one) => typeof one !== 'string'))
    throw unusable(path, '"keptForBound" is no list of texts');
}

function isListOfNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every(Number.isFinite);
}

function isRange(value: unknown): value is TensorRange {
  if (!isRecord(value)) return false;
  const { min, max, amplitude } = value;
  const numbers = [min, max, amplitude];
  return numbers.every(Number.isFinite) && (amplitude as number) >= 0 && (min as number) <= (max as number);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unusable(
  path: string,
  reason: string,
  details: Record<string, unknown> = {},
  cause?: unknown,
): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_QUANT_CACHE',
    `The calibration table "${path}" cannot be used: ${reason}.`,
    {
      details: { path, ...details },
      cause,
    },
  );
}
