// SPDX-License-Identifier: Apache-2.0
import type { LayerError } from './layers/layer-error';
import type { DetectionMeasures } from './metrics/detection';
import type { ReferenceMeasures } from './metrics/reference-sums';
import type { RegressionMeasures } from './metrics/regression';
import type { ClassificationMeasures } from './tasks/classification';

/** Version of the documents of `evaluate` and `validate`. */
export const EVALUATION_SCHEMA_VERSION = 1;

/** What a model is evaluated for. */
export type EvaluationTask = 'classification' | 'regression' | 'detection';

/** The model that this one is held against. */
export interface ReferenceFacts {
  /** Path of the model, or what it was. */
  readonly model: string;
  /** Where it ran; null if it does not tell. */
  readonly device: string | null;
  /** Its own accuracy on the same data. Classification. */
  readonly accuracy?: number;
  /** Its own root mean squared error on the same data. Regression. */
  readonly rmse?: number;
}

/** What every evaluation says, and what it says beside a reference. */
export interface EvaluationFacts extends Partial<ReferenceMeasures> {
  /** Version of this format. */
  readonly schemaVersion: typeof EVALUATION_SCHEMA_VERSION;
  /** Tells it from a validation. */
  readonly kind: 'evaluation';
  /** Path of the model, or what it was. */
  readonly model: string;
  /** What the data was read from. */
  readonly data: string;
  /** Where the model ran; null if it does not tell. */
  readonly device: string | null;
  /** What ran the model; null if it does not tell. */
  readonly backend: string | null;
  /** When it ended, ISO 8601. */
  readonly date: string;
  /** How long it took, reading the data included. */
  readonly elapsedMs: number;
  /** Samples that were evaluated. */
  readonly samples: number;
  /** Batches that they came in. */
  readonly batches: number;
  /** The output that was evaluated; null for a detection. */
  readonly output: string | null;
  /** Names of the classes, where the data has them. */
  readonly classNames?: readonly string[];
  /** The model beside it, where there was one. */
  readonly reference?: ReferenceFacts;
  /** Error of each layer against the reference, in the order of the graph. */
  readonly layers?: readonly LayerError[];
  /** What the reader should know. */
  readonly warnings: readonly string[];
}

/** How well a model tells classes. */
export interface ClassificationEvaluation extends EvaluationFacts, ClassificationMeasures {
  /** Classes were told. */
  readonly task: 'classification';
}

/** How well a model predicts numbers. */
export interface RegressionEvaluation extends EvaluationFacts, RegressionMeasures {
  /** Numbers were predicted. */
  readonly task: 'regression';
}

/** How well a model finds things. `classes` are average precisions. */
export interface DetectionEvaluation extends EvaluationFacts, DetectionMeasures {
  /** Boxes were found. */
  readonly task: 'detection';
}

/** What `evaluate` found, ready for JSON. */
export type Evaluation = ClassificationEvaluation | RegressionEvaluation | DetectionEvaluation;
