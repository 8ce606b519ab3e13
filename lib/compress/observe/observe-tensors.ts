// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { exposeTensors } from '../../onnx/extract/expose-tensors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { asNumbers } from '../../tensor/similarity';
import { runModel } from '../run-model';
import type { FeedSource, Runner } from '../runner';
import { planPasses } from './observation-passes';
import { throwIfAborted } from './stop-work';

/** What to look at, and on which data. */
export interface ObserveOptions<Feeds> {
  /** Tensors of the main graph: inputs, inner ones, outputs. */
  readonly tensors: readonly string[];
  readonly feeds: FeedSource<Feeds>;
  readonly runner: Runner<Feeds>;
  /** Bytes of inner tensors that one run may hand out; more tensors take more passes. Default 256 MiB. */
  readonly passBytes?: number;
  /** Stops between two runs. */
  readonly signal?: AbortSignal;
}

/**
 * Called with the values of a tensor in one run, in C order, and their dims. The values are valid until it returns.
 *
 * @param run - Position in the data, from 0 on.
 */
export type TensorVisitor = (
  tensor: string,
  values: ArrayLike<number>,
  dims: readonly number[],
  run: number,
) => void;

/**
 * Runs a model on data and shows the values of tensors inside it. Memory holds the outputs of a run or two; tensors that
 * are too large to be handed out together are looked at in several passes through the data, as few as possible. A tensor
 * is seen once for each run, in order.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION without data; ERR_TRT_RUN_ABORTED; ERR_TRT_ARG_VALUE for tensors that
 * the main graph does not have or that the runner leaves out; what the runner throws
 */
export async function observeTensors<Feeds>(
  model: OnnxModel,
  options: ObserveOptions<Feeds>,
  visit: TensorVisitor,
): Promise<void> {
  if (options.feeds.count === 0)
    throw new TensorRTError('ERR_TRT_QUANT_CALIBRATION', 'There is no data to run the model on.');
  throwIfAborted(options.signal);
  for (const tensors of await planPasses(model, options))
    await observePass(model, { ...options, tensors }, visit);
}

async function observePass<Feeds>(
  model: OnnxModel,
  { tensors, feeds, runner, signal }: ObserveOptions<Feeds>,
  visit: TensorVisitor,
): Promise<void> {
  throwIfAborted(signal);
  const exposed = exposeTensors(model, tensors);
  let run = 0;
  for await (const results of runModel(exposed.model, feeds, runner)) {
    throwIfAborted(signal);
    for (const [tensor, output] of exposed.outputs) {
      const result = results[output];
      if (result === undefined) throw missingOutput(tensor);
      visit(tensor, asNumbers(result.data), result.dims, run);
    }
    run++;
  }
}

function missingOutput(tensor: string): TensorRTError {
  const message = `The runner did not return the tensor "${tensor}", which was asked for.`;
  return new TensorRTError('ERR_TRT_ARG_VALUE', message, {
    hint: 'A runner has to yield all outputs of the model that it is given.',
    details: { tensor },
  });
}
