// SPDX-License-Identifier: Apache-2.0
// The trained networks of benchmarks/compression with their data: wider than those of benchmarks/precision, and with
// parts of the data to validate and to train on.

import { join } from 'node:path';
import { NetworkFolder } from './network-folder';

export { BATCH, ON_ONE_THREAD } from './network-folder';

/** Look at `validation` when something is chosen, at `test` to report. */
export type DataPart = 'train' | 'calibration' | 'validation' | 'test';

const FOLDER = new NetworkFolder(
  join(__dirname, '../benchmarks/compression/networks'),
  (data, part) => `${data}-${part}-labels`,
);

/** Names of the networks, which data each takes and how often it is right. */
export const COMPRESSION_NETWORKS = FOLDER.networks;

/** Path of a network. */
export function networkPath(name: string): string {
  return FOLDER.path(name);
}

/** Inputs that are neither trained nor tested on, a run of eight at a time: all 200 unless told. */
export function calibrationFeeds(data: string, runs?: number) {
  return FOLDER.calibrationFeeds(data, runs);
}

/** All samples of a part with their labels, e.g. to train on. */
export function samplesOf(data: string, part: DataPart) {
  return FOLDER.samples(data, part);
}

/** Share of the samples of a part that a model of a network's form is right about. */
export async function accuracyOf(model: string | Uint8Array, data: string, part: DataPart = 'test') {
  return FOLDER.accuracyOf(model, data, part);
}
