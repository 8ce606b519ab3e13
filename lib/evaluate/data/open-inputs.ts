// SPDX-License-Identifier: Apache-2.0
import { extname } from 'node:path';
import type { Feeds, TensorInfo } from '../../index';
import { arrayFeeds } from './array-batches';
import { readArrays } from './array-files';
import { dataError } from './data-error';
import { readJsonLines } from './json-lines';
import type { LabelledBatch, Sample } from './labelled-batch';
import { isFolder } from './open-data';
import type { Decode } from './read-samples';
import { sampleBatches } from './sample-batches';
import { listUnlabelledFolder, readSampleFolder } from './sample-folder';

/** Inputs in files, without labels: what is calibrated on. */
export interface InputFiles {
  /** `.npy`, `.npz`, `.jsonl`, or a folder of samples, as for {@link openData}; labels are left out. */
  readonly path: string;
  /** Inputs of the model. */
  readonly inputs: readonly TensorInfo[];
  /** Samples of a batch, where the model leaves it open. Default: up to 32, so few that eight batches result. */
  readonly batch?: number;
  /** Samples that are taken, spread evenly over arrays and folders; the first lines of JSON. Default: all. */
  readonly samples?: number;
  /** Makes the inputs of a sample from a file that the package cannot read. */
  readonly decode?: Decode;
}

/**
 * Opens inputs that can be gone through again and again: each call reads them anew. Memory holds the arrays of a file, or
 * one batch of a folder.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA`, `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_NPY_INVALID`; batches throw the first too
 */
export async function openInputs(files: InputFiles): Promise<() => AsyncIterable<Feeds>> {
  const { path, inputs, decode, samples: most = Infinity } = files;
  if (await isFolder(path)) {
    const { files: all } = await listUnlabelledFolder(path);
    const some = spread(all, most);
    const request = { inputs, batch: files.batch ?? batchOf(some.length) };
    return () => feedsOf(sampleBatches(readSampleFolder({ files: some }, inputs, decode), request, path));
  }
  switch (extname(path).toLowerCase()) {
    case '.npy':
    case '.npz':
      return openArrays(files, most);
    case '.jsonl':
    case '.ndjson': {
      const lines = () => firstOf(readJsonLines(path, inputs, { decode, isLabelled: false }), most);
      const request = { inputs, batch: files.batch ?? FEWEST_BATCHES };
      return () => feedsOf(sampleBatches(lines(), request, path));
    }
    default:
      throw dataError(`${path} is no data that can be read: expected .npy, .npz, .jsonl or a folder.`, {
        path,
      });
  }
}

/** From so many runs on, calibration keeps some back to measure on. */
const FEWEST_BATCHES = 8;
const LARGEST_BATCH = 32;

function batchOf(samples: number): number {
  return Math.max(1, Math.min(LARGEST_BATCH, Math.floor(samples / FEWEST_BATCHES)));
}

async function openArrays(files: InputFiles, most: number): Promise<() => AsyncIterable<Feeds>> {
  const { path, inputs } = files;
  const { arrays } = await readArrays(path, inputs, false);
  const count = Object.values(arrays)[0]?.dims[0] ?? 0;
  const batch = files.batch ?? batchOf(Math.min(count, most));
  const sources = Object.fromEntries(inputs.map(({ name }) => [name, path]));
  const request = { inputs, batch: Math.min(batch, most) };
  // Batches are views: those that are left out cost nothing.
  const some = spread([...arrayFeeds({ arrays, sources }, request)], Math.ceil(most / batch));
  return () => feedsOf(some);
}

async function* feedsOf(batches: Iterable<WithFeeds> | AsyncIterable<WithFeeds>): AsyncGenerator<Feeds> {
  for await (const { feeds } of batches) yield feeds;
}

type WithFeeds = Pick<LabelledBatch, 'feeds'>;

/** Sets are often sorted by class: the first ones would be all of one. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, index) => all[Math.floor((index * all.length) / most)]!);
}

async function* firstOf(samples: AsyncIterable<Sample>, most: number): AsyncGenerator<Sample> {
  let count = 0;
  for await (const sample of samples) {
    yield sample;
    if (++count >= most) return;
  }
}
