// SPDX-License-Identifier: Apache-2.0

/** How the learning rate changes over the steps. */
export interface ScheduleOptions {
  /** Default `'cosine'`: falls to zero in half a cosine. `'step'` multiplies by `stepFactor` every `stepEpochs`. */
  readonly schedule?: 'constant' | 'cosine' | 'step';
  /** Share of all steps over which the rate rises from zero. Default 0.05 for `'cosine'`, else 0. */
  readonly warmUp?: number;
  /** Epochs between two changes of `'step'`. Default: a third of all. */
  readonly stepEpochs?: number;
  /** What `'step'` multiplies by. Default 0.1. */
  readonly stepFactor?: number;
}

/** How long a training is. */
export interface TrainingLength {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/**
 * Share of the learning rate at a step, counted from 0:
 *
 * - while warming up, (step + 1) / warm-up steps;
 * - `'cosine'`: (1 + cos(pi t)) / 2, t the share of the other steps that are over. Loshchilov and Hutter, 2017;
 * - `'step'`: factor^floor(epoch / epochs between changes).
 */
export function learningRateShare(
  step: number,
  { schedule = 'cosine', warmUp, stepEpochs, stepFactor = 0.1 }: ScheduleOptions,
  { epochs, stepsPerEpoch }: TrainingLength,
): number {
  const steps = epochs * stepsPerEpoch;
  const warmSteps = Math.floor(steps * (warmUp ?? (schedule === 'cosine' ? 0.05 : 0)));
  if (step < warmSteps) return (step + 1) / warmSteps;
  if (schedule === 'constant') return 1;
  if (schedule === 'cosine')
    return (1 + Math.cos((Math.PI * (step - warmSteps)) / Math.max(1, steps - warmSteps))) / 2;
  const every = stepEpochs ?? Math.max(1, Math.ceil(epochs / 3));
  return stepFactor ** Math.floor(step / (every * stepsPerEpoch));
}
