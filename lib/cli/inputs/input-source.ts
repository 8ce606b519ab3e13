// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../args/usage-error';
import { parseDims } from '../values/named-lists';

/** Bounds of random numbers: floats lie in [low, high), whole numbers from low to high. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
}

/** Elements that are made. */
export interface GeneratedSource {
  readonly kind: 'random' | 'zeros' | 'ones';
  readonly dims?: readonly number[];
  /** Of random numbers; the type decides where there is none. */
  readonly range?: NumberRange;
}

/** Elements that are read: a .npy file, an array of a .npz file, or a folder of .npy files. */
export interface FileSource {
  readonly kind: 'file';
  readonly path: string;
  /** Name of an array of a .npz file; that of the input unless told. */
  readonly array?: string;
}

/** Where the elements of an input come from. */
export type InputSource = FileSource | GeneratedSource;

/** What one `--input` says; a null name is for all inputs that are not named. */
export interface InputArgument {
  readonly name: string | null;
  readonly source: InputSource;
}

/**
 * Reads `x=@x.npy`, `x=@data.npz:arr_0`, `x=random`, `x=random:1x3x224x224:0..255`, or the part after `=` alone, for all
 * inputs. Names with `=` are quoted.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseInputArgument(text: string, option: string): InputArgument {
  if (isSource(text)) return { name: null, source: parseSource(text, option) };
  const match = /^(?:'([^']+)'|"([^"]+)"|([^=]+))=(.+)$/s.exec(text);
  if (match === null) {
    throw usageError(
      `${option} expects name=source, but got '${text}'.`,
      `Write ${option} x=@x.npy, ${option} x=random, ${option} x=zeros:1x3x224x224, or ${option} random for all inputs.`,
    );
  }
  return { name: (match[1] ?? match[2] ?? match[3])!, source: parseSource(match[4]!, option) };
}

/** The text of a source, as results tell it. */
export function describeSource(source: InputSource): string {
  if (source.kind === 'file') return `@${source.path}${source.array === undefined ? '' : `:${source.array}`}`;
  return source.range === undefined
    ? source.kind
    : `${source.kind}:${source.range.low}..${source.range.high}`;
}

function isSource(text: string): boolean {
  return /^(random|zeros|ones)(:|$)|^@./s.test(text);
}

function parseSource(text: string, option: string): InputSource {
  if (text.startsWith('@') && text.length > 1) return parseFile(text.slice(1));
  const [kind, ...details] = text.split(':');
  if (kind !== 'random' && kind !== 'zeros' && kind !== 'ones') throw noSource(text, option);
  let source: GeneratedSource = { kind };
  for (const detail of details) {
    const range = parseRange(detail, option);
    if (range !== undefined && (kind !== 'random' || source.range !== undefined))
      throw noSource(text, option);
    if (range === undefined && source.dims !== undefined) throw noSource(text, option);
    source = range === undefined ? { ...source, dims: parseDims(detail, option) } : { ...source, range };
  }
  return source;
}

function parseFile(text: string): FileSource {
  const match = /^(.+\.npz):(.+)$/is.exec(text);
  return match === null ? { kind: 'file', path: text } : { kind: 'file', path: match[1]!, array: match[2]! };
}

const NUMBER = '[+-]?(?:\\d+(?:\\.\\d+)?|\\.\\d+)(?:e[+-]?\\d+)?';
const RANGE = new RegExp(`^(${NUMBER})\\.\\.(${NUMBER})$`, 'i');

function parseRange(text: string, option: string): NumberRange | undefined {
  const match = RANGE.exec(text);
  if (match === null) return undefined;
  const low = Number(match[1]);
  const high = Number(match[2]);
  if (low > high) {
    throw usageError(`${option}: the range ${text} ends below its begin.`, `Write ${match[2]}..${match[1]}.`);
  }
  return { low, high };
}

function noSource(text: string, option: string): Error {
  return usageError(
    `${option}: '${text}' is no source of data.`,
    'Write @file.npy, @file.npz, @folder, random, zeros or ones; the last three may have a shape, and random a range: random:1x3x224x224:0..255.',
  );
}
