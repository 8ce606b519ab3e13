// SPDX-License-Identifier: Apache-2.0
// The one place that knows which ending of a file name means which format.

import { constants } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { Comparison, ConditionOutcome } from '../../bench/compare/comparison';
import type { BenchDocument } from '../../bench/result';
import { TensorRTError } from '../../errors';
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
 * Fails where a file will not be written, before anything is measured.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`, `ERR_TRT_ARG_USAGE` for a file that is named twice
 */
export async function checkOutputFolders(paths: readonly string[]): Promise<void> {
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined)
    throw usageError(`${twice} is written twice.`, 'Give each result a file of its own.');
  for (const path of paths) {
    await access(dirname(path), constants.W_OK).catch((cause: unknown) => {
      throw cannotWrite(path, cause);
    });
  }
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

/** Writes a text that is made when it is needed; tells why it could not. */
export async function writeText(
  path: string,
  makeText: () => string | Promise<string>,
): Promise<TensorRTError | undefined> {
  try {
    await writeFile(path, await makeText());
    return undefined;
  } catch (cause) {
    return cannotWrite(path, cause);
  }
}

function cannotWrite(path: string, cause: unknown): TensorRTError {
  return new TensorRTError('ERR_TRT_LOAD_FILE', `cannot write ${path}: ${(cause as Error).message}`, {
    hint: 'Give a file in a folder that exists and can be written.',
    details: { path },
    cause,
  });
}

/** Formats are loaded when a file needs them. */
async function formatOutput(format: OutputFormat, output: BenchOutput): Promise<string> {
  const { document, comparison, outcomes = [] } = output;
  switch (format) {
    case 'json':
      return formatJson(comparison ?? document);
    case 'markdown':
      return formatMarkdownOutput(output);
    case 'html': {
      const { formatHtml } = await import('../../bench/formats/html/format-html.js');
      return formatHtml(needed(document, format), comparison === undefined ? {} : { comparison });
    }
    case 'csv': {
      const { formatCsv } = await import('../../bench/formats/csv.js');
      return formatCsv(needed(document, format));
    }
    case 'junit': {
      const { formatJunit } = await import('../../bench/formats/junit.js');
      const checks = outcomes.map(({ condition, case: label, holds, reason }) => ({
        name: `${label} · ${condition.text}`,
        failure: holds ? reason : null,
      }));
      return formatJunit(needed(document, format), { checks, requireStable: output.requireStable === true });
    }
  }
}

async function formatMarkdownOutput({ document, comparison, outcomes }: BenchOutput): Promise<string> {
  if (comparison !== undefined) {
    const { formatComparisonMarkdown } = await import('../../bench/formats/comparison-markdown.js');
    return formatComparisonMarkdown(comparison, outcomes);
  }
  const { formatMarkdown } = await import('../../bench/formats/markdown.js');
  return formatMarkdown(needed(document, 'markdown'));
}

/** A comparison that ended before its second side was measured has nothing to draw. */
function needed(document: BenchDocument | undefined, format: OutputFormat): BenchDocument {
  if (document !== undefined) return document;
  throw new Error(`there is no measurement for a report as ${format}`);
}
