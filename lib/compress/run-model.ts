// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../onnx/graph/onnx-model';
import type { Runner, RunnerOutputs } from './runner';

/**
 * Runs a model that is in memory, as it is now: the bytes are made before the first run, later changes are not seen.
 *
 * @returns the outputs of each run, in order
 */
export function runModel<Feeds>(
  model: OnnxModel,
  feeds: AsyncIterable<Feeds>,
  runner: Runner<Feeds>,
): AsyncIterable<RunnerOutputs> {
  return runner(model.toBytes(), feeds);
}
