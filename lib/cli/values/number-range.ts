// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../args/usage-error';

/** What numbers of a list may be. */
export interface NumberLimits {
  /** The smallest one; numbers must be above it where `isWhole` is not set. */
  readonly least: number;
  readonly most: number;
  readonly isWhole?: boolean;
  /** For messages: `--concurrency 1,2,4`. */
  readonly example: string;
}

const MOST_VALUES = 200;
const NUMBER = '\\d+(?:\\.\\d+)?';
const RANGE = new RegExp(`^(${NUMBER}):(${NUMBER})(?::(x?)(${NUMBER}))?$`);

/**
 * Makes a reader of numbers: one, a list `1,2,4`, a range `1:16:2` (the end is part of it, the step is 1 unless told, as
 * perf_analyzer has it), or a range by factor `1:64:x2`. Numbers that occur twice count once.
 */
export function parseNumbers(limits: NumberLimits): (text: string, option: string) => readonly number[] {
  return (text, option) => {
    const values = text.split(',').flatMap((part) => parsePart(part.trim(), option, limits));
    const wrong = values.find((value) => !isAllowed(value, limits));
    if (wrong !== undefined) throw notAllowed(String(wrong), option, limits);
    if (values.length > MOST_VALUES) throw tooMany(text, option, values.length);
    return [...new Set(values)];
  };
}

function parsePart(text: string, option: string, limits: NumberLimits): number[] {
  if (new RegExp(`^${NUMBER}$`).test(text)) return [Number(text)];
  const match = RANGE.exec(text);
  if (match === null) throw notAllowed(text, option, limits);
  const [first, last, step] = [Number(match[1]), Number(match[2]), Number(match[4] ?? 1)];
  const isFactor = match[3] === 'x';
  if (first > last || step <= (isFactor ? 1 : 0) || (isFactor && first === 0)) {
    throw usageError(
      `${option}: the range ${text} has no end.`,
      `Write begin:end:step with begin <= end, or begin:end:x2 to double: ${limits.example}`,
    );
  }
  if (!isAllowed(isFactor || limits.isWhole !== true ? last : Math.floor(last), limits))
    throw notAllowed(text, option, limits, `which reaches ${last}`);
  const steps = isFactor ? Math.log(last / first) / Math.log(step) : (last - first) / step;
  const length = Math.floor(steps + 1e-9) + 1;
  if (length > MOST_VALUES) throw tooMany(text, option, length);
  const values: number[] = [];
  for (let index = 0; values.length <= MOST_VALUES; index += 1) {
    const value = isFactor ? first * step ** index : first + step * index;
    // A last step that misses the end by rounding alone belongs to the range.
    if (value > last * (1 + 1e-9)) break;
    values.push(limits.isWhole === true ? Math.round(value) : Number(value.toPrecision(12)));
  }
  return values;
}

function tooMany(text: string, option: string, length: number): Error {
  return usageError(
    `${option} ${text} are ${length.toLocaleString('en-US')} values; ${MOST_VALUES} is the most.`,
    'Give a larger step, begin:end:step, or double with begin:end:x2.',
  );
}

function isAllowed(value: number, { least, most, isWhole }: NumberLimits): boolean {
  if (isWhole === true) return Number.isInteger(value) && value >= least && value <= most;
  return value > least && value <= most;
}

function notAllowed(
  text: string,
  option: string,
  { least, most, isWhole, example }: NumberLimits,
  why?: string,
): Error {
  const kind = isWhole === true ? `whole numbers from ${least}` : `numbers above ${least}`;
  return usageError(
    `${option} expects ${kind} to ${most}, a list or a range, but got '${text}'${why === undefined ? '' : `, ${why}`}.`,
    `Write for example ${example}`,
  );
}
