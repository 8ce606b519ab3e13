// SPDX-License-Identifier: Apache-2.0
import type { NodeExclusion } from '../onnx/graph/node-exclusion';
import type { CalibrationData } from './calibrate/feed-source';
import type { Runner } from './runner';

/** How to bring a model to a half-wide type. */
export interface CastToOptions<Feeds> {
  /** The type to compute in. */
  readonly to: 'fp16' | 'bf16';
  /** Inputs and outputs keep their types. Default true; with false, those of FLOAT become half-wide too. */
  readonly keepIo?: boolean;
  /** Nodes that stay FP32. */
  readonly exclude?: NodeExclusion;
  /**
   * Some typical inputs: tensors that come near the end of FP16's range on them stay FP32, and the report tells how far
   * the outputs are from the source's. The first four runs are used.
   */
  readonly calibration?: CalibrationData<Feeds>;
  /** Runs models on the calibration data. */
  readonly runner?: Runner<Feeds>;
  /** Stops between two runs of the model. */
  readonly signal?: AbortSignal;
}
