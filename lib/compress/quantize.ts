// SPDX-License-Identifier: Apache-2.0
import { checkExclusion } from '../onnx/graph/node-exclusion';
import { loadModel, OnnxModel } from '../onnx/graph/onnx-model';
import { readFloats } from '../onnx/graph/tensor-values';
import { refuseQuantized } from '../onnx/passes/refuse-quantized';
import { simplifyModel } from '../onnx/passes/simplify-model';
import { checkedFeeds } from './calibrate/checked-feeds';
import { openFeeds } from './calibrate/feed-source';
import { splitFeeds } from './calibrate/split-feeds';
import { checkOptions } from './check-options';
import { stoppable } from './observe/stop-work';
import { OutputJudge } from './output-judge';
import { layerOptions } from './pipeline/quantization-work';
import { quantizeWithData } from './pipeline/quantize-with-data';
import { quantizeWithoutData } from './pipeline/quantize-without-data';
import type { QuantizeOptions } from './quantize-options';
import type { QuantizationReport } from './quantize-report';
import { planQuantization } from './quantize/plan-quantization';
import { checkFinite } from './quantize/quantize-weights';
import { refuseHalf } from './refuse-half';
import type { ModelSource, Runner } from './runner';

/** A quantised model. */
export interface Quantized {
  /** The new model. */
  readonly model: OnnxModel;
  /** What was done, and what was measured. */
  readonly report: QuantizationReport;
}

/**
 * Quantises an FP32 model for TensorRT 10, 11 and TensorRT-RTX alike: INT8 or FP8 by QuantizeLinear and
 * DequantizeLinear, or INT4 weights. Inputs and outputs stay as they are; the source is not changed.
 *
 * 1. The graph is simplified: constants folded, normalisations folded into weights.
 * 2. Channels whose ranges differ are rescaled, as strongly as the measured outputs ask for, or not at all.
 * 3. Ranges of activations are chosen by measuring the outputs with each method.
 * 4. Where asked for, weights are rounded and biases corrected; a correction stays where the outputs get nearer.
 * 5. Where a bound is given, as few layers as needed stay in floating point.
 * 6. The rest is cast, and what was written is checked.
 *
 * Memory holds the model, one run and a histogram of 64 KiB for each activation. Every fourth run of the data is kept
 * back to measure on, from eight runs on.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model.
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION for missing or unusable data, ERR_TRT_QUANT_WEIGHTS,
 * ERR_TRT_QUANT_UNSUPPORTED, ERR_TRT_BUILD_PRECISION for a model in FP16 or BF16, ERR_TRT_QUANT_EXCLUDE, ERR_TRT_QUANT_BOUND, ERR_TRT_QUANT_CHECK, ERR_TRT_ARG_VALUE for
 * options that contradict each other, ERR_TRT_RUN_ABORTED if the signal fires, and what loading the model throws
 * @example
 * const { model, report } = await quantize('model.onnx', { calibration: batches, runner: sessionRunner() });
 * await model.save('model-int8.onnx');
 */
export async function quantize<Feeds>(
  source: ModelSource | OnnxModel,
  options: QuantizeOptions<Feeds> = {},
): Promise<Quantized> {
  checkOptions(options);
  const original = source instanceof OnnxModel ? source : await loadModel(source);
  refuseQuantized(original.graph);
  refuseHalf(original, options.type ?? 'int8');
  const prepared = original.clone();
  simplifyModel(prepared, { splitSharedWeights: true });
  if (options.exclude !== undefined) checkExclusion(options.exclude, original.graph);
  if (options.calibration === undefined || options.decisions !== undefined)
    return quantizeWithoutData(prepared, original, options);
  checkWeights(prepared, options);
  const opened = await openFeeds(options.calibration);
  try {
    const feeds = stoppable(checkedFeeds(opened), options.signal);
    const { fit, judge: judged, shared } = splitFeeds(feeds);
    const runner = options.runner as Runner<Feeds>;
    const judge = await OutputJudge.create(original, judged, runner);
    return await quantizeWithData(prepared, {
      options,
      source: original,
      data: { all: feeds, fit, shared, runner, judge },
    });
  } finally {
    await opened.close();
  }
}

/** Said of the weight itself: the data would only show what becomes of it. */
function checkWeights<Feeds>({ graph }: OnnxModel, options: QuantizeOptions<Feeds>): void {
  for (const { weight } of planQuantization(graph, layerOptions(options)).sites)
    checkFinite(weight.name ?? '', readFloats(weight));
}
