// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { TensorInfo } from '../../index';
import { arrayBatches, type BatchRequest } from './array-batches';
import { readArrayFiles } from './array-files';
import { dataError } from './data-error';
import { readJsonLines } from './json-lines';
import type { LabelledBatch, LabelledBatches } from './labelled-batch';
import type { Decode } from './read-samples';
import { sampleBatches } from './sample-batches';
import { listSampleFolder, readSampleFolder } from './sample-folder';

/** A labelled set in files. */
export interface DataFiles {
  /** `.npy`, `.npz`, `.jsonl`, or a folder of samples. */
  readonly path: string;
  /** `.npy` with the labels; for a folder also `.csv` or `.json`. Where the data itself has none. */
  readonly labels?: string;
  /** Reads the samples of a folder, or the files that JSON lines name: PNG and JPEG need it. */
  readonly decode?: Decode;
}

/** Batches of a set that is open. */
export interface OpenData {
  /** Reads the files as it is iterated. */
  readonly batches: AsyncIterable<LabelledBatch>;
  /** How messages call the set. */
  readonly source: string;
  /** Names of the classes, where the data has them. */
  readonly classNames?: readonly string[];
}

/** True for files, false for batches. */
export function isDataFiles(data: DataFiles | LabelledBatches): data is DataFiles {
  return 'path' in data && typeof data.path === 'string';
}

/**
 * Opens a labelled set for a model with these inputs.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA`, `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_NPY_INVALID`; batches that are read
 *   later throw them too
 */
export async function openData(
  data: DataFiles | LabelledBatches,
  inputs: readonly TensorInfo[],
  batch: number,
): Promise<OpenData> {
  if (!isDataFiles(data)) return { batches: asAsync(data), source: 'the data' };
  const request: BatchRequest = { inputs, batch };
  const { path, labels, decode } = data;
  if (await isFolder(path)) {
    const folder = await listSampleFolder(path, labels);
    const batches = sampleBatches(readSampleFolder(folder, inputs, decode), request, path);
    return { batches, source: path, classNames: folder.classNames };
  }
  switch (extname(path).toLowerCase()) {
    case '.npy':
    case '.npz': {
      const arrays = await readArrayFiles(path, labels, inputs);
      return { batches: asAsync(arrayBatches(arrays, request)), source: path };
    }
    case '.jsonl':
    case '.ndjson':
      return { batches: sampleBatches(readJsonLines(path, inputs, { decode }), request, path), source: path };
    default:
      throw dataError(`${path} is no data that can be read: expected .npy, .npz, .jsonl or a folder.`, {
        path,
      });
  }
}

/** @throws {TensorRTError} `ERR_TRT_EVAL_DATA` where nothing is there */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    (cause: unknown) => {
      throw dataError(`${path} cannot be read: ${(cause as Error).message}`, { path }, { cause });
    },
  );
}

async function* asAsync(batches: LabelledBatches): AsyncGenerator<LabelledBatch> {
  yield* batches;
}
