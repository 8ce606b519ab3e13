// SPDX-License-Identifier: Apache-2.0
import type { ParsedArguments } from '../args/parse-arguments';
import { defineCommand, type CommandContext } from '../command';
import { distillOptionTable, toDistillOptions, type DistillArguments } from '../compress/distill-arguments';
import { readTrainingData } from '../compress/distill-data';
import { formatDistill, sayEpoch, type DistillFacts } from '../compress/distill-view';
import { narrowStudent } from '../compress/narrow-student';
import { runCompression, type CompressionWork } from '../compress/run-compression';
import type { PruneChannelsReport } from '../../compress/channels/prune-channels-report';
import type { Distilled } from '../../compress/distill';
import { usageError } from '../args/usage-error';

type Arguments = ParsedArguments<typeof distillOptionTable>;

/** `distill teacher.onnx student.onnx --data x.npy --labels y.npy` */
export const distillCommand = defineCommand({
  name: 'distill',
  summary: 'train a small ONNX model to answer as a large one does',
  positionals: [
    { name: 'teacher.onnx', help: 'the model to learn from' },
    { name: 'student.onnx', help: 'the model that learns, in FP32; or --student-channels', isOptional: true },
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
    {
      line: 'distill model.onnx --student-channels 70% --data images.npy --labels labels.npy --validation 0.1 --patience 5',
      help: 'three of ten channels are removed, and what was lost is learned again',
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
  const [teacher, student] = positionals as readonly [string, string?];
  const origin = student ?? teacher;
  checkStudent(student, given.studentChannels);
  const output = given.output ?? `${origin.replace(/\.onnx$/i, '')}-distilled.onnx`;
  let narrowed: PruneChannelsReport | undefined;
  const { report, compression } = await runCompression(
    {
      input: teacher,
      // Samples are in memory already: what is measured takes others.
      given: { ...given, output, calibration: undefined, samples: undefined, decode: undefined },
      ending: '-distilled',
      otherInputs: student === undefined ? [] : [student],
      otherOutputs: [given.checkpoint, given.softLabels],
      work: async (work) =>
        teach(student, { ...work, given, onReport: (made) => (narrowed = made) }, context),
    },
    context,
  );
  return {
    teacher,
    output,
    ...(student === undefined ? {} : { student }),
    ...(narrowed === undefined ? {} : { channels: narrowed.channels }),
    ...(given.softLabels === undefined ? {} : { softLabels: given.softLabels }),
    report,
    compression,
  };
}

/** @throws {TensorRTError} `ERR_TRT_ARG_USAGE` without a student, and for two */
function checkStudent(student: string | undefined, share: number | undefined): void {
  if ((student === undefined) !== (share === undefined)) {
    if (share === undefined || (share > 0 && share < 1)) return;
    throw usageError('--student-channels expects more than 0 % and less than 100 %.');
  }
  throw usageError(
    student === undefined
      ? 'tensorrt-node distill needs the model that learns.'
      : '--student-channels makes the student from the teacher, and a student is given too.',
    'Write for example: tensorrt-node distill large.onnx small.onnx, or distill large.onnx --student-channels 70%',
  );
}

interface Lesson extends CompressionWork {
  readonly given: DistillArguments;
  readonly onReport: (report: PruneChannelsReport) => void;
}

async function teach(
  student: string | undefined,
  { input: teacher, given, signal, onProgress, onReport }: Lesson,
  context: CommandContext,
): Promise<Distilled> {
  const { api } = context;
  const { softLabels: path, temperature, batch: batchSize, threads, seed } = given;
  const data = await readTrainingData(student ?? teacher, given, api);
  const trainer = await api.sessionTrainer({
    device: 'cpu',
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  });
  const asked = withoutAbsent({ trainer, signal, temperature, batchSize });
  const softLabels =
    path === undefined
      ? undefined
      : await api.writeSoftLabels(path, { teacher, inputs: data.inputs, options: asked });
  const learner =
    student ??
    narrowStudent(
      { share: given.studentChannels!, inputs: data.inputs, threads, seed, signal, onProgress, onReport },
      api,
    );
  return api.distill(teacher, learner, data, {
    ...toDistillOptions(given),
    ...(softLabels === undefined ? {} : { softLabels }),
    trainer,
    signal,
    onProgress: sayEpoch(context),
  });
}

function withoutAbsent<T extends object>(options: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
