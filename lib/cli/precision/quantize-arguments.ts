// SPDX-License-Identifier: Apache-2.0
import type { AccuracyBound, QuantizeOptions } from '../../compress/quantize-options';
import type { Feeds } from '../../runtime/feeds';
import { flag, option, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { measureOptionTable } from '../compress/measure-arguments';
import { parseDevice } from '../session-talk';
import { parseChoice, parseInteger, parseText } from '../values/basic';
import { parseNumberBetween, parseShare } from '../values/number';
import { exclusionOptionTable, toExclusion } from './exclusion-arguments';

/** Where calibration data is. */
export const calibrationOptionTable = {
  calibration: option(
    '<data>',
    'typical inputs: .npy, .npz with an array for each input, .jsonl, or a folder of samples',
    parseText,
  ),
  batch: option(
    '<n>',
    'samples of a run of calibration, where the model leaves it open; unless told up to 32, so that there are eight runs',
    parseInteger(1, 65536),
  ),
  samples: option('<n>', 'most samples to calibrate on; 512 unless told', parseInteger(1)),
  decode: option(
    '<file>',
    'a module whose default export reads a sample: (path) => ({ data, dims })',
    parseText,
  ),
} satisfies OptionTable;

/** Where models run for calibration. */
export const calibrationDevice = option(
  '<device>',
  'where the model runs for calibration: cpu (default), cuda:N or auto',
  parseDevice,
);

/** How to quantise: what `quantize` and `build` share. */
export const quantizationOptionTable = {
  weightOnly: flag(
    'leave activations in floating point: a smaller file, the same arithmetic; int4 always does',
  ),
  method: option(
    '<method>',
    'auto (default) measures each of max, percentile, entropy and mse; mixed chooses tensor by tensor',
    parseChoice('auto', 'max', 'percentile', 'entropy', 'mse', 'mixed'),
  ),
  percentile: option(
    '<percent>',
    'share of values that percentile covers; 99.99 unless told',
    parseNumberBetween(50, 100),
  ),
  equalize: option(
    '<how>',
    'auto (default) rescales channels where the measured error falls; off',
    parseChoice('auto', 'off'),
  ),
  biasCorrection: flag('correct biases by the mean error of their channels, where the measured error falls'),
  rounding: option(
    '<how>',
    'nearest (default), mse, gptq or awq: how weights are rounded',
    parseChoice('nearest', 'mse', 'gptq', 'awq'),
  ),
  blockSize: option('<n>', 'weights that share a scale in int4; 64 unless told', parseInteger(16, 1024)),
  embeddings: flag('tables of embeddings in int8 too'),
  attention: flag('the products inside attention too'),
  smallLayers: option(
    '<how>',
    'layers with fewer than 16 channels: auto (default) quantises them where the outputs hardly lose by it; float, quantize',
    parseChoice('auto', 'float', 'quantize'),
  ),
  floatResidual: flag('leave residual additions in floating point'),
  rest: option(
    '<precision>',
    'fp32 (default), fp16 or bf16: what is not quantised',
    parseChoice('fp32', 'fp16', 'bf16'),
  ),
  ...exclusionOptionTable,
  maxDrop: option(
    '<share>',
    'keep layers in floating point until the best class differs for at most this share of samples: 0.5%',
    parseShare,
  ),
  minCosine: option('<cosine>', 'the same until the outputs have this cosine', parseNumberBetween(-1, 1)),
  minSqnr: option(
    '<dB>',
    'the same until the outputs have this signal-to-noise ratio',
    parseNumberBetween(-200, 200),
  ),
} satisfies OptionTable;

/** Options of `quantize`. */
export const quantizeOptionTable = {
  output: option('<file>', 'where the model goes; <model>-<type>.onnx unless told', parseText, 'o'),
  type: option('<type>', 'int8 (default), fp8 or int4', parseChoice('int8', 'fp8', 'int4')),
  ...calibrationOptionTable,
  device: calibrationDevice,
  labels: option(
    '<file>',
    'labels of the calibration data (.npy): --max-drop is a drop of accuracy then',
    parseText,
  ),
  ...quantizationOptionTable,
  ...measureOptionTable,
  calibrationCache: option('<file>', "write the ranges as TensorRT 10's calibration cache too", parseText),
} satisfies OptionTable;

/** Parsed options of `quantize`. */
export type QuantizeArguments = OptionValues<typeof quantizeOptionTable>;

/**
 * The options of `quantize()` that do not depend on the model. Only what was written is set: the defaults are the library's.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for options that contradict each other
 */
export function toQuantizeOptions(given: QuantizeArguments): QuantizeOptions<Feeds> {
  if (given.labels !== undefined && given.maxDrop === undefined)
    throw usageError('--labels is for --max-drop, which is missing.', 'Add --max-drop 0.5%.');
  return { ...(given.type === undefined ? {} : { type: given.type }), ...toQuantization(given) };
}

/** The same for what `build` has of them. */
export function toQuantization(given: OptionValues<typeof quantizationOptionTable>): QuantizeOptions<Feeds> {
  const options: QuantizeOptions<Feeds> = {
    method: given.method,
    percentile: given.percentile,
    equalize: given.equalize,
    rounding: given.rounding,
    blockSize: given.blockSize,
    rest: given.rest,
    smallLayers: given.smallLayers,
    exclude: toExclusion(given),
    bound: toBound(given),
    ...(given.weightOnly ? { weightOnly: true } : {}),
    ...(given.biasCorrection ? { biasCorrection: true } : {}),
    ...(given.embeddings ? { embeddings: true } : {}),
    ...(given.attention ? { attention: true } : {}),
    ...(given.floatResidual ? { residual: false } : {}),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function toBound({
  maxDrop,
  minCosine,
  minSqnr,
}: OptionValues<typeof quantizationOptionTable>): AccuracyBound | undefined {
  const bound = {
    ...(maxDrop === undefined ? {} : { maxDrop }),
    ...(minCosine === undefined ? {} : { minCosine }),
    ...(minSqnr === undefined ? {} : { minSqnrDb: minSqnr }),
  };
  return Object.keys(bound).length === 0 ? undefined : bound;
}
