// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { areBoxes, isTensor, type CheckedBatch } from '../data/check-batch';
import { dataError, dimsText } from '../data/data-error';
import type { ModelOutputs } from '../evaluated-model';
import { RegressionSums, type RegressionMeasures } from '../metrics/regression';
import { numbersOf } from '../numbers-of';
import type { Scorer } from './scored-batch';

/** Numbers against numbers: all of a sample's targets count the same. */
export class RegressionScorer implements Scorer<RegressionMeasures> {
  private readonly sums = new RegressionSums();

  constructor(private readonly output: string) {}

  add(batch: CheckedBatch, outputs: ModelOutputs): void {
    const { labels, samples, padding = 0 } = batch;
    if (areBoxes(labels))
      throw dataError(`${batch.nameOf(0)} is labelled with boxes, which are for task 'detection'.`);
    const tensor = isTensor(labels) ? labels : undefined;
    const targets =
      tensor === undefined ? (labels as ArrayLike<number | bigint>) : numbersOf(tensor, 'labels');
    const predicted = numbersOf(outputs[this.output]!, this.output);
    const width = targets.length / samples;
    if (predicted.length !== width * (samples + padding))
      throw dataError(
        `The batch of ${batch.nameOf(0)} has ${targets.length} targets, and output '${this.output}' the shape ${dimsText(outputs[this.output]!.dims)}.`,
        { targets: targets.length, output: this.output, dims: outputs[this.output]!.dims },
      );
    for (let i = 0; i < targets.length; i++) {
      const target = Number(targets[i]!);
      const sample = () => batch.nameOf(Math.floor(i / width));
      if (!Number.isFinite(target)) throw dataError(`${sample()}: the target ${target} is not finite.`);
      if (Number.isNaN(predicted[i]!)) throw notANumber(this.output, sample());
      this.sums.add(target, predicted[i]!);
    }
  }

  finish(): RegressionMeasures {
    return this.sums.measures;
  }
}

function notANumber(output: string, sample: string): TensorRTError {
  return new TensorRTError('ERR_TRT_EVAL_OUTPUT', `Output '${output}' is NaN for ${sample}.`, {
    hint: 'A model in FP16 that overflows gives NaN: keep the layers that do in FP32.',
    details: { output },
  });
}
