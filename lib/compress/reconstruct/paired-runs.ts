// SPDX-License-Identifier: Apache-2.0
import { exposeTensors } from '../../onnx/extract/expose-tensors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { removeDeadNodes } from '../../onnx/passes/remove-dead-nodes';
import { asNumbers } from '../../tensor/similarity';
import type { RunValues } from '../layers/layer-samples';
import { throwIfAborted } from '../observe/stop-work';
import { runModel } from '../run-model';
import type { FeedSource, Runner, RunnerOutputs } from '../runner';

/** Two models, what to look at in each, and on which data. */
export interface PairedRuns<Feeds> {
  readonly source: OnnxModel;
  /** The model that is being compressed, as it is now. */
  readonly compressed: OnnxModel;
  readonly sourceTensors: readonly string[];
  readonly compressedTensors: readonly string[];
  readonly feeds: FeedSource<Feeds>;
  readonly runner: Runner<Feeds>;
  readonly signal?: AbortSignal | undefined;
}

/** Tensors of one run by name. */
export type RunTensors = ReadonlyMap<string, RunValues>;

/**
 * Runs two models side by side and shows tensors inside both; only what these depend on is computed. The next run waits
 * for what the visitor returns; the values are valid until then.
 *
 * @throws {TensorRTError} ERR_TRT_RUN_ABORTED; what the runner throws
 */
export async function visitPairs<Feeds>(
  { source, compressed, sourceTensors, compressedTensors, feeds, runner, signal }: PairedRuns<Feeds>,
  visit: (source: RunTensors, compressed: RunTensors) => Promise<void>,
): Promise<void> {
  throwIfAborted(signal);
  const left = exposeOnly(source, sourceTensors);
  const right = exposeOnly(compressed, compressedTensors);
  const others = runModel(right.model, feeds, runner)[Symbol.asyncIterator]();
  try {
    for await (const expected of runModel(left.model, feeds, runner)) {
      throwIfAborted(signal);
      const actual = await others.next();
      if (actual.done === true) return;
      await visit(tensorsOf(expected, left.outputs), tensorsOf(actual.value, right.outputs));
    }
  } finally {
    await others.return?.();
  }
}

/** Without the other outputs, and what they alone need. */
function exposeOnly(model: OnnxModel, tensors: readonly string[]): ReturnType<typeof exposeTensors> {
  const exposed = exposeTensors(model, tensors);
  const wanted = new Set(exposed.outputs.values());
  const { graph } = exposed.model;
  graph.output = graph.output.filter(({ name }) => wanted.has(name));
  removeDeadNodes(graph);
  return exposed;
}

function tensorsOf(results: RunnerOutputs, outputs: ReadonlyMap<string, string>): RunTensors {
  return new Map(
    [...outputs].map(([tensor, output]) => {
      const { data, dims } = results[output]!;
      return [tensor, { values: asNumbers(data), dims }] as const;
    }),
  );
}
