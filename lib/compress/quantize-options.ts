// SPDX-License-Identifier: Apache-2.0
import type { NodeExclusion } from '../onnx/graph/node-exclusion';
import type { CalibrationMethod } from './calibrate/amplitude';
import type { TensorRanges } from './calibrate/choose-ranges';
import type { CalibrationData } from './calibrate/feed-source';
import type { QuantizationDecisions } from './quantization-decisions';
import type { ModelSource, Runner } from './runner';

/** What weights, and activations where they are quantised, are stored and computed in. */
export type QuantizedType = 'int8' | 'fp8' | 'int4';

/** How values are rounded to steps: weights only, activations are always rounded to the nearest. */
export type WeightRounding = 'nearest' | 'mse' | 'gptq' | 'awq';

/** How much worse than its source a quantised model may be; each bound that is given is kept. */
export interface AccuracyBound {
  /** Share of samples, 0 to 1, whose best class may differ from the source's: 0.005 is half a percent. */
  readonly maxDrop?: number;
  /** Least cosine between the outputs of both. */
  readonly minCosine?: number;
  /** Least signal-to-quantisation-noise ratio of the outputs in dB. */
  readonly minSqnrDb?: number;
  /**
   * Scores a model by itself, e.g. its accuracy on labelled data, 0 to 1, more is better. With it `maxDrop` is the drop
   * of this score below the source's.
   */
  readonly score?: (model: ModelSource) => Promise<number>;
}

/** How to quantise a model. */
export interface QuantizeOptions<Feeds> {
  /** Default `'int8'`. `'fp8'` (E4M3) needs GPUs from Ada on; `'int4'` is for weights alone. */
  readonly type?: QuantizedType;
  /** Leaves activations in floating point: a smaller file, the same arithmetic. Default false; true for `'int4'`. */
  readonly weightOnly?: boolean;
  /** Inputs to calibrate on, each the feeds of one run of any batch size: some dozens of typical samples. */
  readonly calibration?: CalibrationData<Feeds>;
  /** Runs models on the calibration data. */
  readonly runner?: Runner<Feeds>;
  /** Ranges of activations from elsewhere, e.g. a calibration cache of TensorRT; nothing is run for ranges then. */
  readonly ranges?: TensorRanges;
  /** What an earlier quantisation of the same model with the same options decided; no data is needed then. */
  readonly decisions?: QuantizationDecisions;
  /**
   * How ranges are chosen. `'auto'` (default) quantises with each method and keeps the one whose outputs are nearest to
   * the source's; `'mixed'` goes on from there and chooses tensor by tensor.
   */
  readonly method?: CalibrationMethod | 'auto' | 'mixed';
  /** Share of values in percent that `'percentile'` covers. Default 99.99. */
  readonly percentile?: number;
  /**
   * Rescales channels so that their ranges are alike, which changes nothing in floating point. `'auto'` (default) tries
   * several strengths and keeps one only where the measured error of the outputs falls; `'off'` does not. Models of more
   * than 1 GiB are left as they are, and a warning says so.
   */
  readonly equalize?: 'auto' | 'off';
  /** Corrects the mean error of each output channel in its bias; kept only where the measured error falls. Default false. */
  readonly biasCorrection?: boolean;
  /** Default `'nearest'`; the others are kept only where the measured error falls. */
  readonly rounding?: WeightRounding;
  /** Values along the reduction axis that share a scale, for `'int4'`. Default 64. */
  readonly blockSize?: number;
  /** Tables of embeddings in INT8 too, which are stored smaller. Default false. */
  readonly embeddings?: boolean;
  /** The products inside attention too. Default false: it costs accuracy. */
  readonly attention?: boolean;
  /**
   * Layers with fewer than 16 channels, for which INT8 is hardly faster. `'auto'` (default) quantises them too if the
   * outputs lose at most two decibels by it: fewer borders between types, and a smaller file.
   */
  readonly smallLayers?: 'auto' | 'float' | 'quantize';
  /** The skip inputs of residual additions of convolutional networks. Default true. */
  readonly residual?: boolean;
  /** What is not quantised is computed in this. Default `'fp32'`. */
  readonly rest?: 'fp32' | 'fp16' | 'bf16';
  /** Nodes that stay in floating point. */
  readonly exclude?: NodeExclusion;
  /** Keeps as few layers as needed in higher precision so that the bound holds. */
  readonly bound?: AccuracyBound;
  /** Called as the work goes on. */
  readonly onProgress?: (step: string) => void;
  /** Stops between two runs of the model. */
  readonly signal?: AbortSignal;
}
