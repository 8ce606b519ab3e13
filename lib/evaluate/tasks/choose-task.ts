// SPDX-License-Identifier: Apache-2.0
import type { BatchLabels } from '../data/labelled-batch';
import { areBoxes, isTensor } from '../data/check-batch';
import type { EvaluateOptions } from '../evaluate-options';
import type { EvaluationTask } from '../evaluation';
import { ClassificationScorer, type ClassificationMeasures } from './classification';
import { DetectionScorer } from './detection';
import { RegressionScorer } from './regression';
import type { DetectionMeasures } from '../metrics/detection';
import type { RegressionMeasures } from '../metrics/regression';
import type { Scorer } from './scored-batch';

/** The task that labels are for: boxes, whole numbers, other numbers. An array of floats says that it is no classes. */
export function taskOf(labels: BatchLabels): EvaluationTask {
  if (areBoxes(labels)) return 'detection';
  const values = isTensor(labels) ? labels.data : labels;
  if (values instanceof Float32Array || values instanceof Float64Array) return 'regression';
  if (isTensor(labels) && (labels.type === 'float16' || labels.type === 'bfloat16')) return 'regression';
  return Array.prototype.every.call(values, (value) => Number.isInteger(Number(value)))
    ? 'classification'
    : 'regression';
}

/** Measures with the task that they are of. */
export type TaskMeasures =
  | ({ readonly task: 'classification' } & ClassificationMeasures)
  | ({ readonly task: 'regression' } & RegressionMeasures)
  | ({ readonly task: 'detection' } & DetectionMeasures);

/** The scorer of a task. */
export function createScorer(
  task: EvaluationTask,
  output: string | null,
  options: EvaluateOptions,
): Scorer<TaskMeasures> {
  switch (task) {
    case 'classification':
      return withTask(task, new ClassificationScorer(output!, options));
    case 'regression':
      return withTask(task, new RegressionScorer(output!));
    case 'detection':
      return withTask(task, new DetectionScorer(options.detections));
  }
}

function withTask<T extends EvaluationTask, M>(task: T, scorer: Scorer<M>): Scorer<{ readonly task: T } & M> {
  return {
    add: (batch, outputs) => scorer.add(batch, outputs),
    finish: () => ({ task, ...scorer.finish() }),
  };
}
