// SPDX-License-Identifier: Apache-2.0
// How a loss changes, to first order, when channels are zero: for each sample the sum of gradient times value over what
// reads a channel. Gradients are ONNX nodes, which the trainer's runtime computes.

import { TensorRTError } from '../../errors';
import { integer, oneOf, path, type OptionCheck } from '../../option-checks';
import { throwIfAborted } from '../observe/stop-work';
import { COMMON_CHECKS, checkTable } from '../option-tables';
import { requireTrainer, TRAINING_CHECKS } from '../train/check-train-options';
import { numberOf } from '../train/measure-model';
import { fixedBatch } from '../train/run-training';
import { openTrainerSession, type Trainer } from '../train/trainer';
import { openTrainingData, sampleBatches, type TrainingData } from '../train/training-data';
import { drawAnswers } from './draw-answers';
import { FirstOrderChanges } from './first-order-changes';
import type { ChannelSensitivity } from './rank-units';
import { feedsOf, makeSensitivityModel } from './sensitivity-model';

/** Which loss channels are judged by, and how. */
export interface LossSensitivityOptions {
  /** Runs the model that computes gradients: `sessionTrainer()`. */
  readonly trainer: Trainer;
  /** `'cross-entropy'` (default) of classes, or the squared distance from values. */
  readonly loss?: 'cross-entropy' | 'mse';
  /** Output that the loss is of. Default: the first one; of a softmax, what it takes. */
  readonly output?: string;
  /** Samples of a run. Default 32. */
  readonly batchSize?: number;
  /** Of the answers that are drawn where the data has none. Default 0. */
  readonly seed?: number;
  /** Stops between two runs of the model. */
  readonly signal?: AbortSignal;
}

const CHECKS: Readonly<Record<keyof LossSensitivityOptions, OptionCheck>> = {
  trainer: TRAINING_CHECKS.trainer,
  loss: oneOf('cross-entropy', 'mse'),
  output: path,
  batchSize: integer(1, 1_000_000),
  seed: TRAINING_CHECKS.seed,
  signal: COMMON_CHECKS.signal,
};

const DEFAULT_BATCH = 32;

/**
 * What criterion `'taylor'` of `pruneChannels` goes by: for each channel, neuron or head the mean over the samples of
 * (sum of gradient times value)^2, the square of what its removal changes in the loss to first order.
 *
 * 1. With `labels` (or `targets`, for `loss: 'mse'`) the loss is of them; samples of label -1 do not count.
 * 2. Without, answers are drawn from what the model itself says: classes with its probabilities, or its values with noise of
 *    deviation one. The mean is then how far the outputs move, to second order (the Fisher information).
 *
 * @param data - Inputs of the model, some hundreds of samples, with labels or without.
 * @see Molchanov and others: Importance Estimation for Neural Network Pruning, 2019
 * @see Theis and others: Faster gaze prediction with dense networks and Fisher pruning, 2018
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE, ERR_TRT_ARG_TYPE for data or options that do not fit. The function that is
 * returned: ERR_TRT_COMPRESS_UNSUPPORTED for an operator without a gradient, ERR_TRT_COMPRESS_DIVERGED for a loss that is
 * no number, ERR_TRT_RUN_ABORTED
 * @example
 * const sensitivity = lossSensitivity({ inputs, labels }, { trainer: sessionTrainer() });
 * const { model } = await pruneChannels('model.onnx', { ratio: 0.3, sensitivity });
 */
export function lossSensitivity(data: TrainingData, options: LossSensitivityOptions): ChannelSensitivity {
  checkTable('lossSensitivity', options, CHECKS);
  requireTrainer(options);
  openTrainingData(data);
  return async (model, groups) => {
    const { trainer, signal, output, seed = 0, loss = 'cross-entropy' } = options;
    const fixed = fixedBatch(model)?.samples;
    const batchSize = fixed ?? options.batchSize ?? DEFAULT_BATCH;
    const isAnswered = (loss === 'mse' ? data.targets : data.labels) !== undefined;
    const answered = isAnswered
      ? data
      : await drawAnswers(model, data, { trainer, signal, output, seed, loss, batchSize });
    const source = openTrainingData(answered);
    const made = makeSensitivityModel(model, groups, { loss, output });
    const changes = new FirstOrderChanges(groups);
    const session = await openTrainerSession(made.model, trainer);
    try {
      for (const { batch, count } of sampleBatches(source.count, batchSize, fixed !== undefined)) {
        throwIfAborted(signal);
        const outputs = await session.run(feedsOf(made.model, source.read(batch)));
        checkLoss(numberOf(outputs, made.loss));
        const parts = made.gates.map((name) => outputs[name]!);
        changes.add(parts, { run: batch.length, count, labels: source.labelsOf(batch) });
      }
    } finally {
      await session.close();
    }
    return changes.means();
  };
}

function checkLoss(loss: number): void {
  if (Number.isFinite(loss)) return;
  throw new TensorRTError(
    'ERR_TRT_COMPRESS_DIVERGED',
    `The loss that channels are judged by is ${loss}: look for NaN in the data and in the weights.`,
    { details: { loss: String(loss) } },
  );
}
