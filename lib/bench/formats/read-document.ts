// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { TensorRTError } from '../../errors';
import { SCHEMA_VERSION, type BenchDocument } from '../result';
import { findProblem } from './document-shape';
import { isRecord } from './shape';

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
  if (value.kind === undefined && isRecord(value.error))
    throw noResult(name, `it is the report of an error: ${String(value.error.message)}`);
  if (value.kind !== 'measurement' && value.kind !== 'suite')
    throw noResult(name, `its kind is ${JSON.stringify(value.kind) ?? 'not given'}`);
  if (value.schemaVersion !== SCHEMA_VERSION) throw wrongVersion(name, value.schemaVersion);
  const problem = findProblem(value.kind, value);
  if (problem !== undefined) throw noResult(name, problem);
  return value as unknown as BenchDocument;
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw noResult(name, `it is no JSON (${messageOf(error)})`);
  }
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
