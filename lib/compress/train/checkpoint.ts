// SPDX-License-Identifier: Apache-2.0
// The state of a training in a file: a line of JSON that says what is where, then the numbers. It appears as a whole or
// not at all.

import { readFile } from 'node:fs/promises';
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
  const head = Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`);
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
  const bytes = await readFile(path).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unusable(path, `it cannot be read (${code ?? message})`);
  });
  if (bytes === undefined) return undefined;
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw unusable(path, 'it is no checkpoint');
  const end = bytes.indexOf('\n', MAGIC.length);
  const header = parseHeader(bytes.toString('utf8', MAGIC.length, end), path);
  if (header.fingerprint !== fingerprint)
    throw unusable(path, 'it is of a training with another model, other data or other options');
  const { fingerprint: _, arrays: list, ...scalars } = header;
  const arrays = emptyArrays();
  let offset = end + 1;
  for (const [kind, name, length] of list) {
    const next = offset + 4 * length;
    if (next > bytes.length) throw unusable(path, 'its end is missing');
    // The numbers are not aligned in the file.
    arrays[kind].set(name, new Float32Array(Uint8Array.from(bytes.subarray(offset, next)).buffer));
    offset = next;
  }
  return { ...scalars, arrays };
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
    return JSON.parse(text) as Header;
  } catch {
    throw unusable(path, 'its header is damaged');
  }
}

function unusable(path: string, reason: string): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', `The checkpoint "${path}" cannot be used: ${reason}.`, {
    hint: 'Delete it to start from the beginning, or name another file.',
    details: { path, reason },
  });
}
