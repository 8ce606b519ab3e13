// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { TensorRTError } from '../errors';
import { invalid } from './option-values';

/** Moments at which calls are made, as a service recorded them. */
export interface RecordedSchedule {
  /** The file, or `given` for an array. */
  readonly source: string;
  /** Milliseconds from the start, not falling. */
  readonly offsetsMs: readonly number[];
}

/**
 * Reads a schedule: an array, a file with a JSON array, or a file with one number a line (empty lines and lines that
 * begin with `#` do not count).
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for a schedule without length or that goes back in time, with the place;
 *   `ERR_TRT_LOAD_FILE` for a file that cannot be read.
 */
export async function readSchedule(schedule: readonly number[] | string): Promise<RecordedSchedule> {
  if (Array.isArray(schedule)) return { source: 'given', offsetsMs: checkOffsets(schedule, 'load.schedule') };
  if (typeof schedule !== 'string')
    throw invalid('load.schedule', schedule, 'an array of milliseconds or the path of a file', {
      isType: true,
    });
  const text = await readText(schedule);
  return { source: schedule, offsetsMs: checkOffsets(parse(text, schedule), schedule) };
}

/**
 * Length after which a schedule begins again: to its last call, and the mean distance of its calls beyond it. Without
 * that distance the last call of a round and the first of the next would be made at once. A schedule of one call is
 * repeated after the time that this call has from the start: nothing else is known.
 */
export function lengthOf({ offsetsMs }: RecordedSchedule): number {
  const [first = 0] = offsetsMs;
  const last = offsetsMs.at(-1) ?? 0;
  return offsetsMs.length < 2 ? last : last + (last - first) / (offsetsMs.length - 1);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new TensorRTError('ERR_TRT_LOAD_FILE', `The schedule ${path} cannot be read: ${code}.`, {
      details: { path, code },
      cause: error,
    });
  }
}

function parse(text: string, path: string): unknown[] {
  if (/^\s*\[/.test(text)) {
    try {
      return JSON.parse(text) as unknown[];
    } catch (error) {
      throw invalid('load.schedule', path, `a JSON array of numbers (${(error as Error).message})`);
    }
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => (Number.isNaN(Number(line)) ? line : Number(line)));
}

function checkOffsets(offsets: readonly unknown[], where: string): readonly number[] {
  let before = 0;
  offsets.forEach((offset, index) => {
    const isRight = typeof offset === 'number' && Number.isFinite(offset) && offset >= before;
    if (!isRight)
      throw invalid(`${where}[${index}]`, offset, `a number of milliseconds not below ${before}`, {
        hint: 'A schedule has the moments of the calls from its start, in order.',
      });
    before = offset;
  });
  if (offsets.length === 0 || before === 0)
    throw invalid(where, offsets.length === 0 ? 'empty' : 'all zero', 'a schedule with a length above 0 ms', {
      hint: 'It is repeated until the measurement ends: without a length that would be infinitely fast.',
    });
  return offsets as readonly number[];
}
