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
  readonly model: string;
  readonly device: string | null;
  /** Its own accuracy on the same data. Classification. */
  readonly accuracy?: number;
  /** Its own root mean squared error on the same data. Regression. */
  readonly rmse?: number;
}

/** What every evaluation says, and what it says beside a reference. */
export interface EvaluationFacts extends Partial<ReferenceMeasures> {
  readonly schemaVersion: typeof EVALUATION_SCHEMA_VERSION;
  readonly kind: 'evaluation';
  /** Path of the model, or what it was. */
  readonly model: string;
  /** What the data was read from. */
  readonly data: string;
  readonly device: string | null;
  readonly backend: string | null;
  /** When it ended, ISO 8601. */
  readonly date: string;
  readonly elapsedMs: number;
  readonly samples: number;
  readonly batches: number;
  /** The output that was evaluated; null for a detection. */
  readonly output: string | null;
  /** Names of the classes, where the data has them. */
  readonly classNames?: readonly string[];
  readonly reference?: ReferenceFacts;
  /** Error of each layer against the reference, in the order of the graph. */
  readonly layers?: readonly LayerError[];
  readonly warnings: readonly string[];
}

/** How well a model tells classes. */
export interface ClassificationEvaluation extends EvaluationFacts, ClassificationMeasures {
  readonly task: 'classification';
}

/** How well a model predicts numbers. */
export interface RegressionEvaluation extends EvaluationFacts, RegressionMeasures {
  readonly task: 'regression';
}

/** How well a model finds things. `classes` are average precisions. */
export interface DetectionEvaluation extends EvaluationFacts, DetectionMeasures {
  readonly task: 'detection';
}

/** What `evaluate` found, ready for JSON. */
export type Evaluation = ClassificationEvaluation | RegressionEvaluation | DetectionEvaluation;
