// SPDX-License-Identifier: Apache-2.0
import { checkBound } from './mixed/measured-bound';
import { checkCalibration, checkQuantizeOptions, contradiction } from './option-tables';
import type { QuantizeOptions } from './quantize-options';

/**
 * Refuses what is no value of an option, what contradicts itself and what lacks data, before anything is read.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE; ERR_TRT_QUANT_CALIBRATION where data is missing
 */
export function checkOptions<Feeds>(options: QuantizeOptions<Feeds>): void {
  checkQuantizeOptions(options);
  checkDecisions(options);
  if (options.bound !== undefined) checkBound(options.bound, 1);
  const { type = 'int8', calibration, runner, ranges, decisions, bound, rounding, biasCorrection } = options;
  const weightOnly = options.weightOnly ?? type === 'int4';
  if (type === 'int4' && !weightOnly)
    throw contradiction('quantize', 'INT4 is for weights alone; weightOnly is false');
  checkCalibration('quantize', { calibration, runner }, false);
  const isByData = rounding === 'gptq' || rounding === 'awq';
  if (rounding === 'awq' && !weightOnly)
    throw contradiction(
      'quantize',
      'rounding "awq" is for weights alone',
      'Pass weightOnly, or use rounding "gptq".',
    );
  if (decisions !== undefined && (isByData || biasCorrection === true))
    throw contradiction(
      'quantize',
      'decisions hold neither rounded weights nor corrected biases',
      'Leave rounding and biasCorrection out, or quantise with the data again.',
    );
  if (calibration !== undefined) return;
  const needs =
    (!weightOnly && ranges === undefined && decisions === undefined && `activations in ${type}`) ||
    (bound !== undefined && decisions === undefined && 'a bound') ||
    (isByData && `rounding "${rounding}"`) ||
    (biasCorrection === true && 'biasCorrection');
  checkCalibration('quantize', { calibration, runner }, needs);
}

/** They come from files too. */
function checkDecisions<Feeds>({ decisions }: QuantizeOptions<Feeds>): void {
  const parts: readonly unknown[] = [decisions?.ranges, decisions?.channelMaxima, decisions?.keptForBound];
  if (decisions !== undefined && parts.some((part) => typeof part !== 'object' || part === null))
    throw contradiction('quantize', 'decisions lack ranges, channelMaxima or keptForBound');
}
