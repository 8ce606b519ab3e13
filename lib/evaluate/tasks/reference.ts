// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { CheckedBatch } from '../data/check-batch';
import { dimsText } from '../data/data-error';
import type { ModelOutputs } from '../evaluated-model';
import { ReferenceSums, type ReferenceMeasures } from '../metrics/reference-sums';
import { outputRows } from './scored-batch';

/** Holds the outputs of a model against those of a reference, row by row. */
export class ReferenceScorer {
  private sums: ReferenceSums | undefined;

  constructor(private readonly output: string) {}

  /**
   * Adds a batch.
   *
   * @throws {TensorRTError} `ERR_TRT_EVAL_OUTPUT` where the two models give different shapes
   */
  add(batch: CheckedBatch, outputs: ModelOutputs, expected: ModelOutputs): void {
    const { output } = this;
    const [ours, theirs] = [outputs[output]!.dims, expected[output]!.dims];
    if (dimsText(ours) !== dimsText(theirs))
      throw new TensorRTError(
        'ERR_TRT_EVAL_OUTPUT',
        `Output '${output}' has the shape ${dimsText(ours)}, and ${dimsText(theirs)} in the reference.`,
        { details: { output, dims: ours, reference: theirs }, hint: 'Compare models of the same outputs.' },
      );
    const actual = outputRows(batch, outputs, output);
    const wanted = outputRows(batch, expected, output);
    this.sums ??= new ReferenceSums(actual.width);
    for (let row = 0; row < actual.rows; row++)
      this.sums.add(wanted.values, actual.values, row * actual.width);
  }

  finish(): ReferenceMeasures {
    return this.sums!.measures;
  }
}
