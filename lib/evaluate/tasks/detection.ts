// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { areBoxes, type CheckedBatch } from '../data/check-batch';
import { dataError } from '../data/data-error';
import type { ModelOutputs } from '../evaluated-model';
import { DetectionSums, type Detection, type DetectionMeasures } from '../metrics/detection';
import { numbersOf } from '../numbers-of';
import type { Scorer } from './scored-batch';

/** Makes the boxes of sample `index` of a batch from the model's outputs. */
export type ReadDetections = (outputs: ModelOutputs, index: number) => readonly Detection[];

/** Boxes found against boxes that are there. */
export class DetectionScorer implements Scorer<DetectionMeasures> {
  private readonly sums = new DetectionSums();

  constructor(private readonly read: ReadDetections = readDetections) {}

  add(batch: CheckedBatch, outputs: ModelOutputs): void {
    const { labels } = batch;
    if (!areBoxes(labels))
      throw dataError(`${batch.nameOf(0)} is not labelled with boxes, which task 'detection' needs.`);
    labels.forEach((truth, index) => this.sums.add(truth, this.read(outputs, index)));
  }

  finish(): DetectionMeasures {
    return this.sums.measures;
  }
}

/**
 * Reads the outputs as most exports have them: `boxes [N, M, 4]`, `scores [N, M]` and `labels` or `classes [N, M]`, or one
 * output `[N, M, 6]` of left, top, right, bottom, score, class. Detections with a score of 0 or less are padding.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_OUTPUT` for other outputs
 */
export function readDetections(outputs: ModelOutputs, index: number): Detection[] {
  const names = Object.keys(outputs);
  const classes = outputs['labels'] ?? outputs['classes'];
  const { boxes, scores } = outputs;
  if (boxes !== undefined && scores !== undefined && classes !== undefined) {
    const row = (tensor: ModelOutputs[string], name: string, width: number) => {
      const length =
        tensor.dims.length > (width > 1 ? 2 : 1) ? (tensor.dims[1] ?? 0) * width : tensor.data.length;
      return { numbers: numbersOf(tensor, name), from: index * length, length };
    };
    const [b, s, c] = [row(boxes, 'boxes', 4), row(scores, 'scores', 1), row(classes, 'classes', 1)];
    return collect(s.length, (i) => [
      ...([0, 1, 2, 3] as const).map((k) => b.numbers[b.from + 4 * i + k]!),
      s.numbers[s.from + i]!,
      c.numbers[c.from + i]!,
    ]);
  }
  const only = outputs[names[0]!];
  if (names.length === 1 && only?.dims.at(-1) === 6) {
    const count = only.dims.at(-2) ?? 0;
    const numbers = numbersOf(only, names[0]!);
    return collect(count, (i) => Array.from({ length: 6 }, (_, k) => numbers[(index * count + i) * 6 + k]!));
  }
  throw new TensorRTError(
    'ERR_TRT_EVAL_OUTPUT',
    `The outputs ${names.join(', ')} are no detections: expected boxes, scores and classes, or one output [N, M, 6].`,
    { details: { outputs: names }, hint: 'Pass `detections`, a function that makes boxes from the outputs.' },
  );
}

function collect(count: number, at: (index: number) => readonly number[]): Detection[] {
  const found: Detection[] = [];
  for (let i = 0; i < count; i++) {
    const [left, top, right, bottom, score, label] = at(i) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    if (score > 0) found.push({ box: [left, top, right, bottom], score, label });
  }
  return found;
}
