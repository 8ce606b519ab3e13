// SPDX-License-Identifier: Apache-2.0
import type { RunnerOutputs } from '../runner';
import type { ValidationMeasure } from './train-options';
import type { TrainingTensor } from './trainer';
import type { SampleSource } from './training-data';
import { TEACHER_INPUT } from './losses';
import type { TrainingPlan } from './training-plan';

/** Loss and accuracy on samples that are not trained on. */
export async function measureModel(
  { evaluation }: Pick<TrainingPlan, 'evaluation'>,
  { source, samples }: { readonly source: SampleSource; readonly samples: Uint32Array },
  {
    run,
    batchSize,
  }: {
    readonly run: (data: Readonly<Record<string, TrainingTensor>>) => Promise<RunnerOutputs>;
    readonly batchSize: number;
  },
): Promise<ValidationMeasure> {
  const sums = new Map<string, number>();
  const [labelled, taught] = [newCounts(), newCounts()];
  for (let at = 0; at < samples.length; at += batchSize) {
    const batch = samples.subarray(at, at + batchSize);
    const data = source.read(batch);
    const outputs = await run(data);
    const valueOf = (part: string): Float32Array =>
      outputs[evaluation.parts.get(part)!]!.data as Float32Array;
    for (const part of evaluation.parts.keys())
      if (part !== 'output') sums.set(part, (sums.get(part) ?? 0) + valueOf(part)[0]! * batch.length);
    const labels = source.labelsOf(batch);
    const scores = valueOf('output');
    if (labels !== undefined) countRight(scores, labels, labelled);
    const teacher = data[TEACHER_INPUT];
    if (teacher !== undefined) countRight(scores, bestClasses(teacher), taught);
  }
  const means = [...sums].map(([name, sum]) => [name, sum / samples.length] as const);
  const { loss, ...parts } = Object.fromEntries(means);
  return {
    loss: loss!,
    ...(labelled.labelled === 0 ? {} : { accuracy: labelled.right / labelled.labelled }),
    ...(taught.labelled === 0 ? {} : { agreement: taught.right / taught.labelled }),
    parts,
  };
}

const newCounts = (): { right: number; labelled: number } => ({ right: 0, labelled: 0 });

/** The class with the largest score of each row. */
export function bestClasses({ data, dims }: TrainingTensor): number[] {
  const classes = dims.at(-1)!;
  const scores = data as Float32Array;
  return Array.from({ length: scores.length / classes }, (_, row) => {
    let best = 0;
    for (let i = 1; i < classes; i++)
      if (scores[row * classes + i]! > scores[row * classes + best]!) best = i;
    return best;
  });
}

/** Counts the rows of scores whose largest one is at the label; -1 is no label. */
export function countRight(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  counts: { right: number; labelled: number },
): void {
  const classes = scores.length / labels.length;
  for (let row = 0; row < labels.length; row++) {
    if (labels[row]! < 0) continue;
    let best = 0;
    for (let i = 1; i < classes; i++)
      if (scores[row * classes + i]! > scores[row * classes + best]!) best = i;
    counts.labelled++;
    if (best === labels[row]) counts.right++;
  }
}

/** The one number of an output. */
export function numberOf(outputs: RunnerOutputs, name: string): number {
  return Number((outputs[name]!.data as Float32Array)[0]);
}
