// SPDX-License-Identifier: Apache-2.0
import type { Feeds } from '../../index';
import { profileLayers } from '../../compress/mixed/layer-errors';
import type { ModelSource, Runner, RunnerOutputs } from '../../compress/runner';
import { loadModel } from '../../onnx/graph/onnx-model';
import { numbersOf } from '../numbers-of';
import { alignNames } from './align-names';
import type { LayerError } from './layer-error';

/** Which models are compared, and on what. */
export interface LayerProfileRequest {
  readonly model: ModelSource;
  readonly reference: ModelSource;
  readonly feeds: readonly Feeds[];
  readonly signal?: AbortSignal;
}

/**
 * The error of each layer with weights against the same layer of the reference, both run on the CPU.
 *
 * @returns the layers in the order of the graph
 * @throws {TensorRTError} what loading and running the models throws
 */
export async function profileModels(request: LayerProfileRequest): Promise<LayerError[]> {
  const { feeds, signal } = request;
  const { sessionRunner } = await import('../../index.js');
  const source = await loadModel(request.reference);
  const layers = await profileLayers({
    source,
    quantized: alignNames(source, await loadModel(request.model)),
    feeds: {
      count: feeds.length,
      async *[Symbol.asyncIterator]() {
        yield* feeds;
      },
    },
    runner: withNumbers(sessionRunner({ device: 'cpu' })),
    ...(signal === undefined ? {} : { signal }),
  });
  return layers.map(({ node, op, tensor, sqnrDb, cosine, largestError }) => ({
    node,
    op,
    tensor,
    sqnrDb: Number.isFinite(sqnrDb) ? sqnrDb : null,
    cosine,
    largestError,
  }));
}

/** Layers of a model in FP16 hand out bits: they are compared as the numbers that they stand for. */
function withNumbers(runner: Runner<Feeds>): Runner<Feeds> {
  return async function* run(model, feeds) {
    for await (const outputs of runner(model, feeds)) {
      const decoded = Object.entries(outputs).map(([name, tensor]) => [
        name,
        { dims: tensor.dims, data: numbersOf(tensor, name) },
      ]);
      yield Object.fromEntries(decoded) as RunnerOutputs;
    }
  };
}
