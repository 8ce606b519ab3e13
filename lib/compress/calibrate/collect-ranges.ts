// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { AmplitudeOptions, CalibrationMethod } from './amplitude';
import { chooseRanges, type TensorRanges } from './choose-ranges';
import { collectHistograms, type CollectHistogramsOptions } from './collect-histograms';

export type { TensorRange, TensorRanges } from './choose-ranges';

/** What to look at, on which data, and how ranges are chosen. */
export interface CollectRangesOptions<Feeds> extends CollectHistogramsOptions<Feeds>, AmplitudeOptions {
  /** Default `'mse'`. */
  readonly method?: CalibrationMethod;
}

/**
 * Runs a model on data and chooses the range of each tensor: `collectHistograms`, then `chooseRanges`.
 *
 * @throws {TensorRTError} what `collectHistograms` throws
 */
export async function collectRanges<Feeds>(
  model: OnnxModel,
  options: CollectRangesOptions<Feeds>,
): Promise<TensorRanges> {
  const { method = 'mse' } = options;
  const histograms = await collectHistograms(model, { extremesOnly: method === 'max', ...options });
  return chooseRanges(histograms, method, options);
}
