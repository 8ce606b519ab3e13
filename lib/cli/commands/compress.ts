// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { TensorRTError } from '../../errors';
import { writeText } from '../bench/write-outputs';
import { defineCommand, type CommandContext } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import { usageError } from '../args/usage-error';
import { compressOptionTable, toCompressOptions } from '../compress/compress-arguments';
import { compressDocument, formatCompress, type CompressFacts } from '../compress/compress-view';
import { runCompression } from '../compress/run-compression';

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
  const { picture = null } = given;
  if (given.calibration === undefined)
    throw usageError(
      'compress needs data to measure on.',
      'Add --calibration images.npy with some hundreds of typical inputs.',
    );
  const options = toCompressOptions(given);
  const facts = await runCompression(
    {
      input: positionals[0]!,
      given,
      ending: '-compressed',
      otherOutputs: [given.picture, given.state],
      work: async ({ input, data, numerics, signal, onProgress }) =>
        api
          .compress(input, {
            ...options,
            ...data!,
            ...(given.labels === undefined ? {} : { scoreKey: await digestOf(given.labels) }),
            numerics: await numerics(),
            signal,
            onProgress,
          })
          .catch((error: unknown) => {
            throw sayState(error, given.state);
          }),
      afterSave: async ({ report }) => {
        if (picture === null) return;
        const drawn = () => api.drawPareto(report.trials, report.source, report.chosen);
        const failure = await writeText(picture, drawn);
        if (failure !== undefined) throw failure;
      },
    },
    context,
  );
  return { ...facts, picture };
}

/** Measurements with other labels are of another search. What cannot be read is refused by who reads it. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash).catch(() => undefined);
  return hash.digest('hex');
}

/** Who stopped the search has to know what is left of it. */
function sayState(error: unknown, state: string | undefined): unknown {
  if (!(error instanceof TensorRTError) || error.code !== 'ERR_TRT_RUN_ABORTED') return error;
  const left =
    state === undefined
      ? 'with --state search.json the next search would go on from here'
      : `what was measured is in ${state}, and the same command goes on from there`;
  return new TensorRTError('ERR_TRT_RUN_ABORTED', `Interrupted: ${left}.`, { cause: error });
}
