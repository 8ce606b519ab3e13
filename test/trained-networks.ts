// SPDX-License-Identifier: Apache-2.0
// The trained networks of benchmarks/precision with their data, and how often a model is right.

import { join } from 'node:path';
import { NetworkFolder } from './network-folder';

export { BATCH, ON_ONE_THREAD } from './network-folder';

const FOLDER = new NetworkFolder(
  join(__dirname, '../benchmarks/precision/networks'),
  (data) => `${data}-labels`,
);

/** Names of the networks, which data each takes and how often it is right. */
export const TRAINED_NETWORKS = FOLDER.networks;

/** Path of a network. */
export function networkPath(name: string): string {
  return FOLDER.path(name);
}

/** Inputs that are neither trained nor tested on, a run of eight at a time: all 200 unless told. */
export function calibrationFeeds(data: string, runs?: number) {
  return FOLDER.calibrationFeeds(data, runs);
}

/** Share of the test samples that a model of a network's form is right about. */
export async function accuracyOf(model: string | Uint8Array, data: string): Promise<number> {
  return FOLDER.accuracyOf(model, data);
}
