// SPDX-License-Identifier: Apache-2.0
// What runs a model for calibration is an argument: rewriting a model needs no addon and no runtime.

import type { ModelSource } from '../onnx/graph/onnx-model';
import type { TensorData } from '../tensor/element-arrays';

export type { ModelSource };

/** Outputs of one run by name. */
export type RunnerOutputs = Readonly<
  Record<string, { readonly data: TensorData; readonly dims: readonly number[] }>
>;

/**
 * Runs a model on each of the feeds, in order, and yields the outputs of each run; they are not kept. One session per
 * call is enough:
 *
 * @example
 * async function* runOnCpu(model: ModelSource, feeds: AsyncIterable<Feeds>) {
 *   const session = await createSession(model, { device: 'cpu' });
 *   try {
 *     for await (const one of feeds) yield await session.run(one);
 *   } finally {
 *     await session.close();
 *   }
 * }
 */
export type Runner<Feeds> = (model: ModelSource, feeds: AsyncIterable<Feeds>) => AsyncIterable<RunnerOutputs>;

/** Data that can be gone through as often as it takes, a run's feeds at a time. */
export interface FeedSource<Feeds> extends AsyncIterable<Feeds> {
  /** How many runs there are. */
  readonly count: number;
}
