// SPDX-License-Identifier: Apache-2.0
// What runs a model for calibration is an argument: rewriting a model needs no addon and no runtime.

import type { TensorData } from '../tensor/element-arrays';

/** Outputs of one run by name; only the values are read. */
export type RunnerOutputs = Readonly<Record<string, { readonly data: TensorData }>>;

/**
 * Runs a model on each of the feeds, in order, and yields the outputs of each run; they are not kept. One session per
 * call is enough:
 *
 * @example
 * async function* runOnCpu(model: Uint8Array, feeds: Iterable<Feeds>) {
 *   const session = await createSession(model, { device: 'cpu' });
 *   try {
 *     for (const one of feeds) yield await session.run(one);
 *   } finally {
 *     await session.close();
 *   }
 * }
 */
export type Runner<Feeds> = (model: Uint8Array, feeds: readonly Feeds[]) => AsyncIterable<RunnerOutputs>;
