// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { createUniform } from '../../random';
import { createNormal } from '../distill/initialize-weights';
import { runTeacher } from '../distill/teacher-outputs';
import { scoresOf } from '../train/losses';
import type { Trainer, TrainingTensor } from '../train/trainer';
import type { TrainingData } from '../train/training-data';
import { prepareToTrain } from '../train/training-plan';

interface AnswerRequest {
  readonly trainer: Trainer;
  readonly signal: AbortSignal | undefined;
  readonly loss: 'cross-entropy' | 'mse';
  readonly output: string | undefined;
  readonly seed: number;
  readonly batchSize: number;
}

/**
 * Data with answers drawn from what a model says of it: its classes by their probabilities, or its values with noise of
 * deviation one. What a model itself says is where its loss is least: there every gradient is zero.
 */
export async function drawAnswers(
  model: OnnxModel,
  { inputs }: TrainingData,
  { loss, output, seed, trainer, batchSize, signal }: AnswerRequest,
): Promise<TrainingData> {
  const prepared = prepareToTrain(model);
  const tensor = loss === 'mse' ? (output ?? prepared.graph.output[0]!.name) : scoresOf(prepared, output);
  const found = await runTeacher(prepared, { trainer, tensors: [tensor], inputs, batchSize, signal });
  const { data, dims } = found.get(tensor)!;
  const values = data as Float32Array;
  if (loss === 'cross-entropy') return { inputs, labels: drawClasses({ data: values, dims }, seed) };
  const normal = createNormal(seed);
  return { inputs, targets: { data: values.map((value) => value + normal()), dims } };
}

function drawClasses(
  { data, dims }: { readonly data: Float32Array; readonly dims: readonly number[] },
  seed: number,
): TrainingTensor {
  const uniform = createUniform(seed);
  const classes = dims.at(-1)!;
  const labels = Int32Array.from({ length: data.length / classes }, (_, row) =>
    drawClass(data.subarray(row * classes, (row + 1) * classes), uniform()),
  );
  return { data: labels, dims: dims.slice(0, -1) };
}

/** The class at which the sum of the probabilities passes `share`. */
function drawClass(scores: Float32Array, share: number): number {
  const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  let left = share * powers.reduce((sum, power) => sum + power, 0);
  for (const [index, power] of powers.entries()) {
    left -= power;
    if (left < 0) return index;
  }
  return powers.length - 1;
}
