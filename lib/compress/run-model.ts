// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../onnx/graph/onnx-model';
import { openSource } from '../onnx/graph/with-source';
import { nameNodes } from '../onnx/passes/name-nodes';
import { asCpuModel } from './quantize/cpu-arithmetic';
import type { Runner, RunnerOutputs } from './runner';

/**
 * Runs a model that is in memory, as it is now: later changes are not seen. A quantised one is run as `asCpuModel`
 * writes it; a large one is written to a temporary folder, which is there from the first run to the last.
 *
 * @returns the outputs of each run, in order
 */
export function runModel<Feeds>(
  model: OnnxModel,
  feeds: AsyncIterable<Feeds>,
  runner: Runner<Feeds>,
): AsyncIterable<RunnerOutputs> {
  const copy = model.clone();
  // ONNX Runtime refuses two nodes of one name, TensorRT does not.
  nameNodes(copy.graph);
  return runCopy(asCpuModel(copy), feeds, runner);
}

async function* runCopy<Feeds>(
  model: OnnxModel,
  feeds: AsyncIterable<Feeds>,
  runner: Runner<Feeds>,
): AsyncIterable<RunnerOutputs> {
  const opened = await openSource(model);
  try {
    yield* runner(opened.source, feeds);
  } finally {
    await opened.close();
  }
}
