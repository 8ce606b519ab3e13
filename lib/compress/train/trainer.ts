// SPDX-License-Identifier: Apache-2.0
// What runs a model that is trained is an argument, as for calibration: writing gradients needs no addon.

import type { TensorData } from '../../tensor/element-arrays';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { openSource } from '../../onnx/graph/with-source';
import type { ModelSource, RunnerOutputs } from '../runner';

/** A tensor with its shape. */
export interface TrainingTensor {
  /** Elements in C order. */
  readonly data: TensorData;
  /** Its shape. */
  readonly dims: readonly number[];
}

/** A loaded model that is run many times, with other parameters each time. */
export interface TrainerSession {
  /** Runs once. Feeds are read before the promise resolves; outputs belong to the caller. */
  run(feeds: Readonly<Record<string, TrainingTensor>>): Promise<RunnerOutputs>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/** Loads a model to run it many times. The root package has one: `sessionTrainer()`. */
export type Trainer = (model: ModelSource) => Promise<TrainerSession>;

/** Loads a model that is in memory. */
export async function openTrainerSession(model: OnnxModel, trainer: Trainer): Promise<TrainerSession> {
  const opened = await openSource(model);
  try {
    return await trainer(opened.source);
  } finally {
    await opened.close();
  }
}
