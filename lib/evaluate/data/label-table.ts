// SPDX-License-Identifier: Apache-2.0
import { dataError } from './data-error';

/** A line of a table of labels. */
export interface LabelLine {
  readonly file: string;
  readonly label: number;
}

/**
 * Reads which class each file has: CSV lines `file,label` (a first line without a number is a heading), or JSON, as
 * `{ "file": label }` or as a list of `{ "file", "label" }`.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` naming the line
 */
export function parseLabelTable(text: string, name: string): LabelLine[] {
  return /^\s*[[{]/.test(text) ? parseJson(text, name) : parseCsv(text, name);
}

function parseCsv(text: string, name: string): LabelLine[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    // A name may hold commas; the label is behind the last one.
    const comma = line.lastIndexOf(',');
    const label = line.slice(comma + 1).trim();
    const file = unquote(line.slice(0, Math.max(0, comma)).trim());
    if (file !== '' && label !== '' && Number.isFinite(Number(label)))
      return [{ file, label: Number(label) }];
    if (index === 0 && comma > 0) return [];
    throw dataError(`${name}:${index + 1}: expected file,label with a number, got ${JSON.stringify(line)}.`, {
      path: name,
      line: index + 1,
    });
  });
}

function unquote(text: string): string {
  return /^"[\s\S]*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}

function parseJson(text: string, name: string): LabelLine[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw dataError(`${name} is no JSON: ${(cause as Error).message}`, { path: name }, { cause });
  }
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? value.map((one: LabelLine | null) => [one?.file, one?.label])
    : Object.entries(value as object);
  return entries.map(([file, label]) => {
    if (typeof file === 'string' && typeof label === 'number') return { file, label };
    throw dataError(
      `${name}: expected a number as the label of ${JSON.stringify(file)}, got ${JSON.stringify(label)}.`,
      {
        path: name,
        file,
      },
    );
  });
}
