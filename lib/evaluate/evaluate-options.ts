// SPDX-License-Identifier: Apache-2.0
import type { SessionOptions } from '../index';
import type { ModelToEvaluate } from './evaluated-model';
import type { EvaluationTask } from './evaluation';
import type { ClassificationOptions } from './tasks/classification';
import type { ReadDetections } from './tasks/detection';

/** What changes an evaluation. */
export interface EvaluateOptions extends ClassificationOptions {
  /** Default: by the labels. Whole numbers are classes, boxes are for a detection, other numbers for a regression. */
  readonly task?: EvaluationTask;
  /** The output to evaluate. Default: the only one. */
  readonly output?: string;
  /** Samples of a call, where the model leaves it open and the data comes from files. Default 64. */
  readonly batch?: number;
  /** Another model, run on the same data: how near the outputs are to its. Not for a detection. */
  readonly reference?: ModelToEvaluate;
  /** How a path or bytes become a session. Default: `createSession`'s defaults. */
  readonly session?: SessionOptions;
  /** The same for the reference. Default: `session`. */
  readonly referenceSession?: SessionOptions;
  /** Batches that run at once. Default: the `contexts` of `session`, else 1. */
  readonly concurrency?: number;
  /** A detection: makes boxes from the outputs. Default: {@link readDetections}. */
  readonly detections?: ReadDetections;
  /** Names of the classes, for the report. Default: the names of the folders. */
  readonly classNames?: readonly string[];
  /**
   * Also measure the error of each layer against the reference, on the CPU, over the first batches. Both have to be ONNX
   * models by path or bytes; where it cannot be done the document has a warning. Default false.
   */
  readonly profileLayers?: boolean;
  /** How the report calls the model and the reference. Default: their paths. */
  readonly names?: { readonly model?: string; readonly reference?: string };
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
}

const KNOWN: Readonly<Record<keyof EvaluateOptions, true>> = {
  task: true,
  output: true,
  batch: true,
  reference: true,
  session: true,
  referenceSession: true,
  concurrency: true,
  detections: true,
  classNames: true,
  profileLayers: true,
  names: true,
  signal: true,
  onProgress: true,
  topK: true,
  threshold: true,
};

/** Names of all options; a misspelled one is refused. */
export const EVALUATE_OPTION_NAMES: readonly string[] = Object.keys(KNOWN);

/** How far an evaluation is. */
export interface EvaluationProgress {
  /** Samples that were run. */
  readonly samples: number;
  /** Batches that were run. */
  readonly batches: number;
}

export const DEFAULT_BATCH = 64;
