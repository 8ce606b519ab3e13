// SPDX-License-Identifier: Apache-2.0
// Labels that do not fit the scores would be trained on in silence: operators broadcast, and a class that there is not
// counts as no label.

import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { inferShapes } from '../../onnx/infer/infer-shapes';
import type { TrainingData } from './training-data';

/**
 * Holds labels against the scores of a model: the same axes but the last one, which counts classes. Sizes that the graph
 * leaves open are not checked.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE
 */
export function checkLabels(model: OnnxModel, output: string, sets: readonly TrainingData[]): void {
  const scores = inferShapes(model).typeOf(output)?.dims;
  if (scores === undefined) return;
  const places = scores.slice(0, -1);
  const classes = scores.at(-1);
  for (const { labels } of sets) {
    if (labels === undefined) continue;
    const fits =
      labels.dims.length === places.length &&
      places.every((size, axis) => axis === 0 || typeof size !== 'number' || size === labels.dims[axis]);
    const shown = (dims: readonly (number | string | undefined)[]): string =>
      `[${dims.map((dim) => dim ?? '?').join(', ')}]`;
    if (!fits)
      throw new TensorRTError(
        'ERR_TRT_ARG_VALUE',
        `Labels of ${shown(labels.dims)} do not fit the scores "${output}" of ${shown(scores)}: labels of ${shown(places)} are expected.`,
        { details: { output, scores, labels: labels.dims } },
      );
    if (typeof classes === 'number') checkClasses(labels.data as ArrayLike<number>, classes);
  }
}

function checkClasses(labels: ArrayLike<number>, classes: number): void {
  for (let i = 0; i < labels.length; i++) {
    if (Number(labels[i]) < classes) continue;
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Label ${labels[i]} came; the model has ${classes} classes, 0 to ${classes - 1}.`,
      { hint: 'Count classes from 0, and give -1 to samples without one.' },
    );
  }
}
