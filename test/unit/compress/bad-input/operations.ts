// SPDX-License-Identifier: Apache-2.0
import { cluster } from '../../../../lib/compress/cluster';
import { factorize } from '../../../../lib/compress/factorize';
import { prune } from '../../../../lib/compress/prune';
import { pruneChannels } from '../../../../lib/compress/prune-channels';
import type { Runner } from '../../../../lib/compress/runner';
import type { OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import type { CaseFeeds } from './graph-case';
import type { Operation } from './planted-weights';

/** What all operations give. */
export interface Compressed {
  readonly model: OnnxModel;
  readonly report: {
    readonly changed: readonly unknown[];
    readonly kept: readonly { readonly node: string; readonly reason: string }[];
    readonly warnings: readonly string[];
  };
}

/** Data, and what runs models on it. */
export interface OperationData {
  readonly calibration?: Iterable<CaseFeeds>;
  readonly runner?: Runner<CaseFeeds>;
}

/** Each operation, told to take away what was planted. */
export const OPERATIONS: Readonly<
  Record<Operation, (source: Uint8Array | string, data?: OperationData) => Promise<Compressed>>
> = {
  prune: (source, data) => prune(source, { ...data, sparsity: 0.5 }),
  cluster: (source, data) => cluster(source, { ...data, clusters: 16 }),
  factorize: (source, data) => factorize(source, { ...data, rank: 2 }),
  channels: (source, data) => pruneChannels(source, { ...data, ratio: 0.5, scope: 'group', multipleOf: 1 }),
};

/** Their names. */
export const OPERATION_NAMES = Object.keys(OPERATIONS) as Operation[];
