// SPDX-License-Identifier: Apache-2.0
import type { WeightFacts } from './weight-facts';

/** How large and how good a model is. */
export interface ModelFacts<Evaluation = unknown> extends WeightFacts {
  /** Bytes of its files: of the .onnx file and of those with weights. */
  readonly bytes: number;
  /** Bytes of its files in an archive (DEFLATE, level 6). */
  readonly zippedBytes: number;
  /** Elements of its weights. */
  readonly parameters: number;
  /** Of one run. */
  readonly multiplyAdds: number;
  /** Nodes whose multiply-adds are not known, by name: shapes that nobody can tell, recurrent ones. */
  readonly uncounted: readonly string[];
  /** What the caller's `score` gave. */
  readonly score?: number;
  /** What the caller's `evaluate` gave. */
  readonly evaluation?: Evaluation;
  /** Milliseconds of one run. */
  readonly latencyMs?: number;
  /** Bytes of the engine that is built from it. */
  readonly engineBytes?: number;
}
