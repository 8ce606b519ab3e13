// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { defineCommand, type CommandContext } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import { usageError } from '../args/usage-error';
import { compressOptionTable, toCompressOptions } from '../compress/compress-arguments';
import { compressDocument, formatCompress, type CompressFacts } from '../compress/compress-view';
import { sayStep } from '../compress/report-lists';
import { openCalibration } from '../precision/calibration-data';
import { withInterrupt } from '../precision/with-interrupt';

type Arguments = ParsedArguments<typeof compressOptionTable>;

/** `compress m.onnx -o out.onnx --calibration x.npy --target size=0.25 --max-drop 1%` */
export const compressCommand = defineCommand({
  name: 'compress',
  summary: 'look for the smallest ONNX model within a drop of accuracy',
  positionals: [{ name: 'model.onnx', help: 'an ONNX model in FP32' }],
  options: compressOptionTable,
  examples: [
    {
      line: 'compress model.onnx -o small.onnx --calibration images.npy --target size=0.25 --max-drop 1%',
      help: 'a quarter of the file, with at most one percent of other answers',
    },
    {
      line: 'compress model.onnx --calibration images.npy --labels labels.npy --state search.json --time-limit 30m --picture search.svg',
      help: 'as small as one percent of accuracy allows; can be interrupted and goes on',
    },
  ],
  async run(args: Arguments, context) {
    const facts = await compressFile(args, context);
    return { json: compressDocument(facts), lines: () => formatCompress(facts, context) };
  },
});

async function compressFile(
  { positionals, options: given }: Arguments,
  context: CommandContext,
): Promise<CompressFacts> {
  const { api } = context;
  const input = positionals[0]!;
  const output = given.output ?? `${input.replace(/\.onnx$/i, '')}-compressed.onnx`;
  if (given.calibration === undefined)
    throw usageError(
      'compress needs data to measure on.',
      'Add --calibration images.npy with some hundreds of typical inputs.',
    );
  const data = await openCalibration(input, given, api);
  const numerics = await api.nativeNumerics();
  const { model, report } = await withInterrupt(context, (signal) =>
    api.compress(input, {
      ...toCompressOptions(given),
      ...data,
      numerics,
      signal,
      onProgress: sayStep(context),
    }),
  );
  await model.save(output);
  const { picture = null } = given;
  if (picture !== null)
    await writeFile(picture, await api.drawPareto(report.trials, report.source, report.chosen));
  return { input, output, picture, report };
}
