// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { TensorRTError } from '../../errors';
import { SCHEMA_VERSION, type BenchDocument, type BenchResult } from '../result';

/**
 * Reads a document that `bench` wrote.
 *
 * @param path - A file of `bench --json` or `bench -o result.json`.
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` for a file that cannot be read, `ERR_TRT_BENCH_RESULT` for one that is no
 *   result of this schema version.
 */
export async function readBenchDocument(path: string): Promise<BenchDocument> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new TensorRTError('ERR_TRT_LOAD_FILE', `The result ${path} cannot be read: ${messageOf(error)}`, {
      details: { path },
      cause: error,
    });
  });
  return parseBenchDocument(text, path);
}

/**
 * The document in a text.
 *
 * @param name - What messages call it.
 * @throws {TensorRTError} `ERR_TRT_BENCH_RESULT`
 */
export function parseBenchDocument(text: string, name = 'the text'): BenchDocument {
  const value = parseJson(text, name);
  if (!isRecord(value)) throw noResult(name, `it holds ${Array.isArray(value) ? 'a list' : typeof value}`);
  if (isRecord(value.error))
    throw noResult(name, `it is the report of an error: ${String(value.error.message)}`);
  if (value.kind !== 'measurement' && value.kind !== 'suite')
    throw noResult(name, `its kind is ${JSON.stringify(value.kind) ?? 'not given'}`);
  if (value.schemaVersion !== SCHEMA_VERSION) throw wrongVersion(name, value.schemaVersion);
  const results = value.kind === 'suite' ? value.measurements : [value];
  if (!Array.isArray(results)) throw noResult(name, 'its measurements are no list');
  results.forEach((result, index) => checkResult(result, name, index));
  return value as unknown as BenchDocument;
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw noResult(name, `it is no JSON (${messageOf(error)})`);
  }
}

/** What readers of a result rely on. The published schema says all of it; this is what a cut or edited file lacks. */
const NEEDED: readonly (readonly [keyof BenchResult, (value: unknown) => boolean])[] = [
  ['model', isText],
  ['label', isText],
  ['backend', isText],
  ['device', isText],
  ['case', isRecord],
  ['inferences', isNumber],
  ['measuredMs', isNumber],
  ['settings', isRecord],
  ['throughput', isRecord],
  ['latencyMs', isRecord],
  ['process', isRecord],
  ['windows', Array.isArray],
  ['warnings', Array.isArray],
  ['blocks', Array.isArray],
  ['environment', isRecord],
];

function checkResult(result: unknown, name: string, index: number): void {
  if (!isRecord(result)) throw noResult(name, `measurement ${index + 1} is no object`);
  const wrong = NEEDED.find(([field, isRight]) => !isRight(result[field]));
  if (wrong) throw noResult(name, `measurement ${index + 1} has no usable "${wrong[0]}"`);
  const { blocks } = result as unknown as BenchResult;
  const broken = blocks.findIndex(({ histogram }) => !isHistogram(histogram));
  if (broken >= 0)
    throw noResult(name, `block ${broken + 1} of measurement ${index + 1} has no usable histogram`);
}

function isHistogram(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length % 2 === 0 &&
    value.every((part) => Number.isSafeInteger(part) && part >= 0)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

function wrongVersion(name: string, found: unknown): TensorRTError {
  const came = typeof found === 'number' ? `version ${found}` : 'none';
  return new TensorRTError(
    'ERR_TRT_BENCH_RESULT',
    `Expected a bench result of schema version ${SCHEMA_VERSION} in ${name}, but it has ${came}.`,
    { details: { name, expected: SCHEMA_VERSION, found } },
  );
}

function noResult(name: string, why: string): TensorRTError {
  return new TensorRTError('ERR_TRT_BENCH_RESULT', `Expected a bench result in ${name}, but ${why}.`, {
    details: { name },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
