// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { oneOf, path, type OptionCheck } from '../option-checks';
import { loadModel, OnnxModel } from '../onnx/graph/onnx-model';
import { checkTable } from './option-tables';
import type { ModelSource } from './runner';
import { requireTrainer, TRAINING_CHECKS } from './train/check-train-options';
import { scoresOf } from './train/losses';
import { runTraining } from './train/run-training';
import type { TrainingOptions } from './train/train-options';
import type { TrainingReport } from './train/train-report';
import type { TrainingData } from './train/training-data';
import { prepareToTrain } from './train/training-plan';

/** How `finetune` trains. */
export interface FinetuneOptions extends TrainingOptions {
  /** `'cross-entropy'` (default) with `labels`, or the squared distance from `targets`. */
  readonly loss?: 'cross-entropy' | 'mse';
  /** Output that the loss is of. Default: the first one; of a softmax, what it takes. */
  readonly output?: string;
}

/** A model whose weights were trained. */
export interface Finetuned {
  /** The new model. */
  readonly model: OnnxModel;
  /** What was done, and what was measured. */
  readonly report: TrainingReport;
}

const FINETUNE: Readonly<Record<keyof FinetuneOptions, OptionCheck>> = {
  ...TRAINING_CHECKS,
  loss: oneOf('cross-entropy', 'mse'),
  output: path,
};

/**
 * Trains the weights of a model further on labelled data, by back-propagation: the gradients are ONNX nodes, which the
 * trainer's runtime computes. The graph stays as it is, and so does the source.
 *
 * 1. Of a pruned model, zeros stay zero with `keepZeros`; of a clustered one, shared values stay shared with `keepShared`.
 * 2. Of a quantised model, weights are trained in FP32 behind their rounding and are rounded again in the end.
 * 3. Batch normalisations take the statistics of their batches, and remember them, unless they are `'frozen'`.
 *
 * The same seed, data and number of threads give the same weights, bit for bit, also over an interruption.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model, in FP32 or quantised.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED for an operator without a gradient behind a weight, with its node;
 * ERR_TRT_COMPRESS_DIVERGED when the loss is no number any more; ERR_TRT_ARG_VALUE for data or options that do not fit;
 * ERR_TRT_RUN_ABORTED if the signal fires; what loading the model and running it throw
 * @example
 * const { model, report } = await finetune('pruned.onnx', { inputs, labels }, { trainer: sessionTrainer(), keepZeros: true });
 * await model.save('tuned.onnx');
 */
export async function finetune(
  source: ModelSource | OnnxModel,
  data: TrainingData,
  options: FinetuneOptions,
): Promise<Finetuned> {
  checkTable('finetune', options, FINETUNE);
  requireTrainer(options);
  const original = source instanceof OnnxModel ? source : await loadModel(source);
  const { loss = 'cross-entropy', output } = options;
  if (loss === 'cross-entropy' && data.labels === undefined) throw missing('labels', loss);
  if (loss === 'mse' && data.targets === undefined) throw missing('targets', loss);
  const model = prepareToTrain(original);
  const plan =
    loss === 'mse'
      ? { output: output ?? model.graph.output[0]!.name, squared: 1 }
      : { output: scoresOf(model, output), hard: 1 };
  return runTraining({ model, loss: plan, data }, options);
}

function missing(what: string, loss: string): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', `The data has no ${what}; loss '${loss}' is of them.`);
}
