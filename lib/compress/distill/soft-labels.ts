// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { loadModel, OnnxModel } from '../../onnx/graph/onnx-model';
import { integer, path, type OptionCheck } from '../../option-checks';
import { COMMON_CHECKS, checkTable, numberBetween } from '../option-tables';
import type { ModelSource } from '../runner';
import { requireTrainer, TRAINING_CHECKS } from '../train/check-train-options';
import { scoresOf } from '../train/losses';
import type { Trainer, TrainingTensor } from '../train/trainer';
import type { TrainingData } from '../train/training-data';
import { prepareToTrain } from '../train/training-plan';
import { runTeacher } from './teacher-outputs';

/** How a teacher is asked. */
export interface SoftLabelOptions {
  /** Runs the teacher: `sessionTrainer()`. */
  readonly trainer: Trainer;
  /** What scores are divided by before the softmax. Default 4. */
  readonly temperature?: number;
  /** Output of the teacher. Default: the first one; of a softmax, what it takes. */
  readonly output?: string;
  /** Samples of a run. Default 32. */
  readonly batchSize?: number;
  /** Stops between two runs of the model. */
  readonly signal?: AbortSignal;
}

/** What a teacher says of samples. */
export interface SoftLabels {
  /** softmax(scores / temperature), FP32. */
  readonly probabilities: TrainingTensor & { readonly data: Float32Array };
  /** Temperature that the scores were divided by. */
  readonly temperature: number;
}

/** What is done where nobody says otherwise. */
export const DEFAULT_TEMPERATURE = 4;

const SOFT_LABELS: Readonly<Record<keyof SoftLabelOptions, OptionCheck>> = {
  trainer: TRAINING_CHECKS.trainer,
  temperature: numberBetween(0.01, 1000),
  output: path,
  batchSize: integer(1, 1_000_000),
  signal: COMMON_CHECKS.signal,
};

/**
 * Computes a teacher's soft labels: the probabilities of classes at a temperature, for trainers here and elsewhere.
 *
 * @param inputs - By input of the teacher; the first axis counts samples.
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for data that does not fit, ERR_TRT_RUN_ABORTED, what running the model throws
 * @example
 * const { probabilities } = await softLabels('teacher.onnx', inputs, { trainer: sessionTrainer() });
 */
export async function softLabels(
  teacher: ModelSource | OnnxModel,
  inputs: TrainingData['inputs'],
  options: SoftLabelOptions,
): Promise<SoftLabels> {
  checkTable('softLabels', options, SOFT_LABELS);
  requireTrainer(options);
  const { trainer, temperature = DEFAULT_TEMPERATURE, batchSize = 32, signal } = options;
  const model = prepareToTrain(teacher instanceof OnnxModel ? teacher : await loadModel(teacher));
  const tensor = scoresOf(model, options.output);
  const found = await runTeacher(model, { trainer, tensors: [tensor], inputs, batchSize, signal });
  const { data, dims } = found.get(tensor)!;
  return {
    probabilities: { data: softmax(data as Float32Array, dims.at(-1)!, temperature), dims },
    temperature,
  };
}

function softmax(scores: Float32Array, classes: number, temperature: number): Float32Array {
  const result = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += classes) {
    let largest = -Infinity;
    for (let i = start; i < start + classes; i++) largest = Math.max(largest, scores[i]!);
    let sum = 0;
    for (let i = start; i < start + classes; i++) sum += Math.exp((scores[i]! - largest) / temperature);
    for (let i = start; i < start + classes; i++)
      result[i] = Math.exp((scores[i]! - largest) / temperature) / sum;
  }
  return result;
}

/** Smallest probability that is told from zero. */
const LEAST = 1e-20;

/**
 * Scores that have these probabilities at a temperature.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for numbers that are no probabilities
 */
export function scoresOfLabels({ probabilities, temperature }: SoftLabels): TrainingTensor {
  const data = Float32Array.from(probabilities.data, (value) => {
    if (!(value >= 0 && value <= 1.001))
      throw new TensorRTError(
        'ERR_TRT_ARG_VALUE',
        `Soft labels are probabilities from 0 to 1; ${value} came.`,
      );
    return temperature * Math.log(Math.max(value, LEAST));
  });
  return { data, dims: probabilities.dims };
}
