// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { observeTensors, type ObserveOptions } from '../observe/observe-tensors';
import { RangeHistogram } from './histogram';

/** What to look at, and on which data. */
export interface CollectHistogramsOptions<Feeds> extends ObserveOptions<Feeds> {
  /** Leaves infinities and NaN out instead of refusing them: masks of attention hold some. Default false. */
  readonly skipInfinite?: boolean;
  /** Notes the extremes and no histogram, which is enough for the method `max`. Default false. */
  readonly extremesOnly?: boolean;
}

/**
 * Runs a model on data and counts the values of tensors inside. Memory holds one run and a histogram of 64 KiB for each
 * tensor, however much data there is.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION without data, or where a tensor is not finite on it: the message
 * names the tensor and the run; what `observeTensors` throws
 */
export async function collectHistograms<Feeds>(
  model: OnnxModel,
  options: CollectHistogramsOptions<Feeds>,
): Promise<Map<string, RangeHistogram>> {
  const { tensors, skipInfinite = false, extremesOnly = false } = options;
  const histograms = new Map(tensors.map((name) => [name, new RangeHistogram(extremesOnly)]));
  await observeTensors(model, options, (tensor, values, _, run) => {
    const histogram = histograms.get(tensor)!;
    if (histogram.add(values)) return;
    if (!skipInfinite) throw notFinite(tensor, values, run);
    histogram.add(Array.from(values).filter(Number.isFinite));
  });
  return histograms;
}

function notFinite(tensor: string, values: ArrayLike<number>, run: number): TensorRTError {
  const position = Array.from(values).findIndex((value) => !Number.isFinite(value));
  const value = String(values[position]);
  return new TensorRTError(
    'ERR_TRT_QUANT_CALIBRATION',
    `Tensor "${tensor}" holds ${value} at position ${position} in run ${run} of the calibration data: it has no range.`,
    {
      hint: 'Check the data of this run; a mask of infinities cannot be quantised.',
      details: { tensor, run, position, value },
    },
  );
}
