// SPDX-License-Identifier: Apache-2.0
import type { NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { OptimizerOptions } from './optimizers';
import type { ScheduleOptions } from './schedules';
import type { Trainer } from './trainer';
import type { TrainingData } from './training-data';

/** Where a training is. */
export interface TrainingProgress {
  /** From 1 on. */
  readonly epoch: number;
  /** Passes through the data that are planned. */
  readonly epochs: number;
  /** Steps that are done, of all epochs. */
  readonly step: number;
  /** Updates that are planned. */
  readonly steps: number;
  /** Of the last step; at the end of an epoch its mean. */
  readonly loss: number;
  /** Of the last update. */
  readonly learningRate: number;
  /** At the end of an epoch, where there is validation. */
  readonly validation?: ValidationMeasure;
}

/** What a model does on data that it is not trained on. */
export interface ValidationMeasure {
  /** Mean loss of a sample. */
  readonly loss: number;
  /** Share of labelled samples whose class has the largest score. */
  readonly accuracy?: number;
  /** Share of samples for which student and teacher have the same class. */
  readonly agreement?: number;
  /** Parts of the loss without their weights: `hard`, `soft`, `squared`, `feature0`, … */
  readonly parts: Readonly<Record<string, number>>;
}

/** How weights are trained: what `finetune` and `distill` share. */
export interface TrainingOptions extends OptimizerOptions, ScheduleOptions {
  /** Runs the model that computes gradients: `sessionTrainer()`. */
  readonly trainer: Trainer;
  /** How often all samples are seen. Default 20. */
  readonly epochs?: number;
  /** Samples of a step. Default 32. What is left over at the end of an epoch waits for the next one. */
  readonly batchSize?: number;
  /** Of the order of samples, and of all else that is random. Default 0. */
  readonly seed?: number;
  /** Longest gradient; longer ones are made that short. Default: none. */
  readonly clipNorm?: number;
  /** Data to measure on, or the share of the samples that is held back for it. Default 0; 0.1 with `patience`. */
  readonly validation?: number | TrainingData;
  /** Epochs without a better measure after which training ends. Default: none, all epochs. */
  readonly patience?: number;
  /**
   * `'batch'` (default): batch normalisations take mean and variance of each batch, and what they remember goes along.
   * `'frozen'`: those they have.
   */
  readonly batchNormalization?: 'batch' | 'frozen';
  /** Weights that are zero stay zero: a pruned model stays pruned. Default false. */
  readonly keepZeros?: boolean;
  /**
   * Weights of a tensor that are equal stay equal: a clustered model keeps its shared values, each of which follows the mean
   * of its weights' gradients. Default false.
   */
  readonly keepShared?: boolean;
  /** Nodes whose weights stay as they are. */
  readonly exclude?: NodeExclusion;
  /**
   * File that the state of the training goes to; where it is there, training goes on from it. Model, data and options have to
   * be the same then, but for `learningRate`, `clipNorm`, `warmUp`, and what says when to stop or report.
   */
  readonly checkpoint?: string;
  /** Steps between two writings of the checkpoint. Default: each epoch. It is written on interruption too. */
  readonly checkpointSteps?: number;
  /** After so many seconds training ends with the weights it has. */
  readonly timeLimit?: number;
  /** Withdraws the work between two steps. */
  readonly signal?: AbortSignal;
  /** Called after every step and every epoch. */
  readonly onProgress?: (progress: TrainingProgress) => void;
}
