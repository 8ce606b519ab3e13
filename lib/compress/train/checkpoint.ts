// SPDX-License-Identifier: Apache-2.0
// The state of a training in a file: a line of JSON that says what is where, then the numbers. It appears as a whole or
// not at all.

import { open, type FileHandle } from 'node:fs/promises';
import { TensorRTError } from '../../errors';
import { inSequence, writeTogether } from '../../onnx/graph/staged-file';
import type { TrainingProgress, ValidationMeasure } from './train-options';

/** Everything that the next step depends on, beside the data and the options. */
export interface TrainingState {
  /** Steps that are done. */
  step: number;
  /** Sum of the losses of the steps of this epoch. */
  lossSum: number;
  /** Epochs without a better measure. */
  stale: number;
  /** What the model did before the first step. */
  before: ValidationMeasure | undefined;
  /** Of the best epoch so far; 0 is before the first step. */
  best: { epoch: number; measure: ValidationMeasure } | undefined;
  readonly history: EpochRecord[];
  /** Parameters, what the optimiser remembers (`name/slot`), statistics, and the best values. */
  readonly arrays: Record<ArrayKind, Map<string, Float32Array>>;
}

/** One epoch of a training. */
export type EpochRecord = Pick<TrainingProgress, 'epoch' | 'loss' | 'learningRate' | 'validation'>;

/** Groups of arrays. */
export type ArrayKind = 'parameters' | 'slots' | 'statistics' | 'bestParameters' | 'bestStatistics';

const MAGIC = 'tensorrt-node training 1\n';

interface Header extends Omit<TrainingState, 'arrays'> {
  /** Of data, options and model: another training cannot go on from here. */
  readonly fingerprint: string;
  readonly arrays: readonly (readonly [ArrayKind, string, number])[];
}

/** @throws {TensorRTError} ERR_TRT_ONNX_WRITE if it cannot be written */
export async function writeCheckpoint(
  path: string,
  state: TrainingState,
  fingerprint: string,
): Promise<void> {
  const { arrays, ...scalars } = state;
  const kinds = Object.entries(arrays) as [ArrayKind, Map<string, Float32Array>][];
  const list = kinds.flatMap(([kind, map]) => [...map].map(([name, values]) => ({ kind, name, values })));
  const header: Header = {
    ...scalars,
    fingerprint,
    arrays: list.map(({ kind, name, values }) => [kind, name, values.length]),
  };
  const head = Buffer.from(`${MAGIC}${JSON.stringify(header, writeNumber)}\n`);
  const bodies = list.map(
    ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  await writeTogether([{ path, parts: inSequence([head, ...bodies]) }]);
}

/**
 * Reads a checkpoint; undefined where there is no file.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a file that is damaged, or of another training
 */
export async function readCheckpoint(path: string, fingerprint: string): Promise<TrainingState | undefined> {
  const file = await open(path).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unusable(path, `it cannot be read (${code ?? message})`);
  });
  if (file === undefined) return undefined;
  try {
    return await readState(file, path, fingerprint);
  } finally {
    await file.close();
  }
}

/** An array at a time, into its own memory: files may be larger than what is read at once. */
async function readState(file: FileHandle, path: string, fingerprint: string): Promise<TrainingState> {
  const { text, end } = await readHead(file, path);
  const header = parseHeader(text, path);
  if (header.fingerprint !== fingerprint)
    throw unusable(path, 'it is of a training with another model, other data or other options');
  const { fingerprint: _, arrays: list, ...scalars } = header;
  const arrays = emptyArrays();
  let offset = end;
  for (const [kind, name, length] of list) {
    const values = new Float32Array(length);
    await fill(file, new Uint8Array(values.buffer), { offset, path });
    arrays[kind].set(name, values);
    offset += values.byteLength;
  }
  return { ...scalars, arrays };
}

const PIECE_BYTES = 2 ** 20;
/** Of one call; systems read no more than 2 GiB. */
const MOST_AT_ONCE = 2 ** 30;

/** The line of JSON, and where it ends in the file. */
async function readHead(file: FileHandle, path: string): Promise<{ text: string; end: number }> {
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const { buffer, bytesRead } = await file
      .read(Buffer.alloc(PIECE_BYTES), 0, PIECE_BYTES, at)
      .catch((error: unknown) => {
        throw unusable(path, `it cannot be read (${(error as NodeJS.ErrnoException).code})`);
      });
    pieces.push(buffer.subarray(0, bytesRead));
    at += bytesRead;
    const start = Math.min(MAGIC.length, at);
    const all = Buffer.concat(pieces);
    if (
      all.toString('latin1', 0, start) !== MAGIC.slice(0, start) ||
      (bytesRead === 0 && start < MAGIC.length)
    )
      throw unusable(path, 'it is no checkpoint');
    const end = all.indexOf('\n', MAGIC.length);
    if (end >= 0) return { text: all.toString('utf8', MAGIC.length, end), end: end + 1 };
    if (bytesRead === 0) throw unusable(path, 'its header is damaged');
  }
}

async function fill(
  file: FileHandle,
  bytes: Uint8Array,
  { offset, path }: { offset: number; path: string },
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const most = Math.min(MOST_AT_ONCE, bytes.length - at);
    const { bytesRead } = await file.read(bytes, at, most, offset + at);
    if (bytesRead === 0) throw unusable(path, 'its end is missing');
    at += bytesRead;
  }
}

/** No arrays yet. */
export function emptyArrays(): TrainingState['arrays'] {
  return {
    parameters: new Map(),
    slots: new Map(),
    statistics: new Map(),
    bestParameters: new Map(),
    bestStatistics: new Map(),
  };
}

function parseHeader(text: string, path: string): Header {
  try {
    const header = JSON.parse(text, readNumber) as Header | null;
    if (Array.isArray(header?.arrays)) return header;
  } catch {
    // Said below.
  }
  throw unusable(path, 'its header is damaged');
}

/** JSON has no NaN, and a measure may be one. */
const NO_NUMBERS = new Set(['NaN', 'Infinity', '-Infinity']);

function writeNumber(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function readNumber(key: string, value: unknown): unknown {
  return key === 'loss' && typeof value === 'string' && NO_NUMBERS.has(value) ? Number(value) : value;
}

function unusable(path: string, reason: string): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', `The checkpoint "${path}" cannot be used: ${reason}.`, {
    hint: 'Delete it to start from the beginning, or name another file.',
    details: { path, reason },
  });
}
