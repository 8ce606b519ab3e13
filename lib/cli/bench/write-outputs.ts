// SPDX-License-Identifier: Apache-2.0
// The one place that knows which ending of a file name means which format.

import { constants } from 'node:fs';
import { access, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { Comparison, ConditionOutcome } from '../../bench/compare/comparison';
import type { BenchDocument } from '../../bench/result';
import { TensorRTError } from '../../errors';
import { stageBytes } from '../../runtime/atomic-file';
import { errnoOf, isDiskFull } from '../../runtime/file-errors';
import { usageError } from '../args/usage-error';
import { formatJson } from '../json';

/** Forms of a result. */
export type OutputFormat = 'json' | 'html' | 'csv' | 'markdown' | 'junit';

/** A file that a result goes to. */
export interface OutputFile {
  readonly path: string;
  readonly format: OutputFormat;
}

/** A result: measurements, a comparison, or both. */
export interface BenchOutput {
  /** What was measured; of a comparison what is judged. */
  readonly document?: BenchDocument | undefined;
  readonly comparison?: Comparison | undefined;
  /** Conditions that were checked. */
  readonly outcomes?: readonly ConditionOutcome[];
  /** Whether an unstable measurement counts as failed. */
  readonly requireStable?: boolean;
}

const FORMATS: Readonly<Record<string, OutputFormat>> = {
  '.json': 'json',
  '.html': 'html',
  '.csv': 'csv',
  '.md': 'markdown',
  '.xml': 'junit',
};

/**
 * Reads the name of a file whose ending decides about its format.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseOutputFile(text: string, option: string): OutputFile {
  const format = FORMATS[extname(text).toLowerCase()];
  if (format === undefined) {
    throw usageError(
      `${option} expects a file that ends with ${Object.keys(FORMATS).join(', ')}, but got '${text}'.`,
      `Write for example ${option} report.html; .xml is JUnit.`,
    );
  }
  return { path: text, format };
}

/**
 * The same for a comparison, which has no rows of numbers to be a table.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseComparisonFile(text: string, option: string): OutputFile {
  const file = parseOutputFile(text, option);
  if (file.format === 'csv')
    throw usageError(
      `A comparison has no form as .csv, but ${option} is '${text}'.`,
      `Write ${option} comparison.json`,
    );
  return file;
}

/**
 * Reads the name of the file for a trace.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseTraceFile(text: string, option: string): string {
  if (extname(text).toLowerCase() !== '.json')
    throw usageError(
      `${option} expects a file that ends with .json, but got '${text}'.`,
      `Write ${option} trace.json; Perfetto and chrome://tracing read it.`,
    );
  return text;
}

/**
 * Fails where a file will not be written, before anything is measured.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`, `ERR_TRT_ARG_USAGE` for a file that is named twice
 */
export async function checkOutputFolders(paths: readonly string[]): Promise<void> {
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined)
    throw usageError(`${twice} is written twice.`, 'Give each result a file of its own.');
  for (const path of paths) {
    await checkWritable(path).catch((cause: unknown) => {
      throw cannotWrite(path, cause);
    });
  }
}

async function checkWritable(path: string): Promise<void> {
  const target = await targetOf(path);
  await access(dirname(target), constants.W_OK);
  const found = await statIfThere(target);
  if (found === undefined) return;
  if (found.isDirectory()) throw new Error('it is a folder');
  // A new file takes its name, which the rights of the old one would not prevent.
  if ((found.mode & 0o222) === 0) throw new Error('it is there and read-only');
  await access(target, constants.W_OK);
}

/** The file that a link leads to: the link stays. */
async function targetOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function statIfThere(path: string) {
  return stat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/**
 * Writes a result to each file, in its format. Those that cannot be written do not keep the others from it.
 *
 * @returns why files were not written
 */
export async function writeOutputs(
  files: readonly OutputFile[],
  output: BenchOutput,
): Promise<TensorRTError[]> {
  const failures: TensorRTError[] = [];
  for (const { path, format } of files) {
    const failure = await writeText(path, () => formatOutput(format, output));
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

/** Writes a text that is made when it is needed, as a whole or not at all; tells why it could not. */
export async function writeText(
  path: string,
  makeText: () => string | Promise<string>,
): Promise<TensorRTError | undefined> {
  try {
    await replaceFile(path, await makeText());
    return undefined;
  } catch (cause) {
    return cannotWrite(path, cause);
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const target = await targetOf(path);
  const found = await statIfThere(target);
  // A pipe or a device has no content to keep, and must not be replaced by a file.
  if (found !== undefined && !found.isFile() && !found.isDirectory()) return writeFile(target, text);
  const staged = await stageBytes(target, text);
  try {
    await staged.commit();
  } finally {
    await staged.discard();
  }
}

function cannotWrite(path: string, cause: unknown): TensorRTError {
  const isFull = isDiskFull(cause);
  const why = isFull ? `the disk is full (${errnoOf(cause)})` : (cause as Error).message;
  return new TensorRTError('ERR_TRT_LOAD_FILE', `cannot write ${path}: ${why}`, {
    hint: isFull
      ? 'Make room, or give a file on another disk.'
      : 'Give a file in a folder that exists and can be written.',
    details: { path },
    cause,
  });
}

/** Formats are loaded when a file needs them. */
async function formatOutput(format: OutputFormat, output: BenchOutput): Promise<string> {
  const { document, outcomes } = output;
  const comparison = output.comparison && {
    ...(outcomes === undefined || outcomes.length === 0 ? {} : { conditions: outcomes }),
    ...output.comparison,
  };
  if (comparison !== undefined) return formatComparisonOutput(format, comparison, document);
  switch (format) {
    case 'json':
      return formatJson(document);
    case 'markdown': {
      const { formatMarkdown } = await import('../../bench/formats/markdown.js');
      return formatMarkdown(needed(document, format));
    }
    case 'html': {
      const { formatHtml } = await import('../../bench/formats/html/format-html.js');
      return formatHtml(needed(document, format));
    }
    case 'csv': {
      const { formatCsv } = await import('../../bench/formats/csv.js');
      return formatCsv(needed(document, format));
    }
    case 'junit': {
      const { formatJunit } = await import('../../bench/formats/junit.js');
      return formatJunit(needed(document, format), { requireStable: output.requireStable === true });
    }
  }
}

async function formatComparisonOutput(
  format: OutputFormat,
  comparison: Comparison,
  document: BenchDocument | undefined,
): Promise<string> {
  switch (format) {
    case 'markdown': {
      const { formatComparisonMarkdown } = await import('../../bench/formats/comparison-markdown.js');
      return formatComparisonMarkdown(comparison, comparison.conditions);
    }
    case 'html': {
      const { formatComparisonHtml } = await import('../../bench/formats/html/format-html.js');
      return formatComparisonHtml(comparison, document);
    }
    case 'junit': {
      const { formatComparisonJunit } = await import('../../bench/formats/comparison-junit.js');
      return formatComparisonJunit(comparison);
    }
    case 'json':
    case 'csv':
      return formatJson(comparison);
  }
}

/** A measurement that ended before anything was there has nothing to draw. */
function needed(document: BenchDocument | undefined, format: OutputFormat): BenchDocument {
  if (document !== undefined) return document;
  throw new Error(`there is no measurement for a report as ${format}`);
}
