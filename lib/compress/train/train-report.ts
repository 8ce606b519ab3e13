// SPDX-License-Identifier: Apache-2.0
import type { EpochRecord } from './checkpoint';
import type { KeptParameter } from './find-parameters';
import type { ValidationMeasure } from './train-options';
import type { TrainingEnd, TrainingResult } from './train-loop';
import type { TrainingPlan } from './training-plan';

/** A weight that training changed. */
export interface TrainedParameter {
  /** Node that reads it first. */
  readonly node: string;
  /** Name of the weights. */
  readonly parameter: string;
  /** Length of the change by length of the weight before; 0 where nothing came of it. */
  readonly change: number;
}

/** What a training did. */
export interface TrainingReport {
  /** Weights that were trained. */
  readonly changed: readonly TrainedParameter[];
  /** Weights that stayed, each with the reason. */
  readonly kept: readonly KeptParameter[];
  /** Numbers in weights that are trained; training changes none of the two. */
  readonly parameters: { readonly before: number; readonly after: number };
  /** What the reader should know. */
  readonly warnings: readonly string[];
  /** What each pass through the data came to. */
  readonly epochs: readonly EpochRecord[];
  /** Updates of the weights. */
  readonly steps: number;
  /** Why it ended. */
  readonly end: TrainingEnd;
  /** Epoch whose weights the model has, 0 for those from before; the last one where nothing was held back to measure on. */
  readonly bestEpoch?: number;
  /** What the model did on the validation data before the first step. */
  readonly before?: ValidationMeasure;
  /** What it did in that epoch. */
  readonly validation?: ValidationMeasure;
}

/** Puts together what is to tell. */
export function reportTraining(
  plan: TrainingPlan,
  result: TrainingResult,
  warnings: readonly string[],
): TrainingReport {
  const readers = new Map<string, string>();
  for (const { name, input, output } of plan.target.graph.node)
    for (const one of input) if (!readers.has(one)) readers.set(one, name ?? output[0]!);
  const storedAs = new Map(plan.rounded.map(({ master, stored }) => [master, stored]));
  const trained = [...plan.parameters].filter(
    ([name]) => plan.training.gradients.has(name) && !plan.ofLoss.has(name),
  );
  const count = trained.reduce((sum, [, { values }]) => sum + values.length, 0);
  const { before, best } = result;
  return {
    changed: trained.map(([name, { values }]) => {
      const parameter = storedAs.get(name) ?? name;
      const change = relativeChange(values, result.parameters.get(name)!);
      return { node: readers.get(parameter) ?? parameter, parameter, change };
    }),
    kept: plan.kept,
    parameters: { before: count, after: count },
    warnings,
    epochs: result.history,
    steps: result.steps,
    end: result.end,
    ...(result.bestEpoch === undefined ? {} : { bestEpoch: result.bestEpoch }),
    ...(before === undefined ? {} : { before }),
    ...(best === undefined ? {} : { validation: best }),
  };
}

function relativeChange(before: Float32Array, after: Float32Array): number {
  let [moved, size] = [0, 0];
  for (let i = 0; i < before.length; i++) {
    moved += (after[i]! - before[i]!) ** 2;
    size += before[i]! ** 2;
  }
  if (moved === 0) return 0;
  return size === 0 ? 1 : Math.sqrt(moved / size);
}
