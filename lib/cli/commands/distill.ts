// SPDX-License-Identifier: Apache-2.0
import type { ParsedArguments } from '../args/parse-arguments';
import { defineCommand, type CommandContext } from '../command';
import { distillOptionTable, toDistillOptions } from '../compress/distill-arguments';
import { readTrainingData } from '../compress/distill-data';
import { formatDistill, sayEpoch, type DistillFacts } from '../compress/distill-view';
import { withInterrupt } from '../precision/with-interrupt';

type Arguments = ParsedArguments<typeof distillOptionTable>;

/** `distill teacher.onnx student.onnx --data x.npy --labels y.npy` */
export const distillCommand = defineCommand({
  name: 'distill',
  summary: 'train a small ONNX model to answer as a large one does',
  positionals: [
    { name: 'teacher.onnx', help: 'the model to learn from' },
    { name: 'student.onnx', help: 'the model that learns, in FP32' },
  ],
  options: distillOptionTable,
  examples: [
    {
      line: 'distill large.onnx small.onnx -o taught.onnx --data images.npy --labels labels.npy --validation 0.1',
      help: 'soft labels of the teacher and labels together; the best weights are kept',
    },
    {
      line: 'distill model.onnx model-pruned.onnx --data images.npy --keep-zeros --epochs 10',
      help: 'a pruned model learns from what it was, without labels',
    },
  ],
  async run(args: Arguments, context) {
    const facts = await distillFiles(args, context);
    return { json: facts, lines: () => formatDistill(facts, context) };
  },
});

async function distillFiles(
  { positionals, options: given }: Arguments,
  context: CommandContext,
): Promise<DistillFacts> {
  const { api } = context;
  const [teacher, student] = positionals as readonly [string, string];
  const output = given.output ?? `${student.replace(/\.onnx$/i, '')}-distilled.onnx`;
  const data = await readTrainingData(student, { data: given.data, labels: given.labels }, api);
  const threads = given.threads === undefined ? {} : { intraOpNumThreads: given.threads };
  const trainer = await api.sessionTrainer({ device: 'cpu', ...threads });
  const options = { ...toDistillOptions(given), trainer };
  return withInterrupt(context, async (signal) => {
    const asked = { trainer, signal, temperature: given.temperature, batchSize: given.batch };
    const labels =
      given.softLabels === undefined
        ? undefined
        : await api.writeSoftLabels(given.softLabels, {
            teacher,
            inputs: data.inputs,
            options: withoutAbsent(asked),
          });
    const { model, report } = await api.distill(teacher, student, data, {
      ...options,
      ...(labels === undefined ? {} : { softLabels: labels }),
      signal,
      onProgress: sayEpoch(context),
    });
    await model.save(output);
    const written = given.softLabels === undefined ? {} : { softLabels: given.softLabels };
    return { teacher, student, output, ...written, report };
  });
}

function withoutAbsent<T extends object>(options: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
