// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type CommandContext } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import { usageError } from '../args/usage-error';
import { checkOutputs } from '../compress/check-outputs';
import { clusterOptionTable, toClusterOptions } from '../compress/cluster-arguments';
import { clusterDocument, formatCluster, type ClusterFacts } from '../compress/cluster-view';
import { modelFileSize } from '../compress/model-file-size';
import { runCompression } from '../compress/run-compression';
import { withInterrupt } from '../precision/with-interrupt';
import { formatBytes } from '../values/format';

type Arguments = ParsedArguments<typeof clusterOptionTable>;

/** `cluster m.onnx -o out.onnx --clusters 16 --calibration x.npy --compact out.onnx.gz` */
export const clusterCommand = defineCommand({
  name: 'cluster',
  summary: 'let the weights of an ONNX model share few values',
  positionals: [{ name: 'model.onnx', help: 'an ONNX model in FP32' }],
  options: clusterOptionTable,
  examples: [
    {
      line: 'cluster model.onnx --calibration images.npy --compact model.onnx.gz',
      help: '16 values for each tensor, and a file for transfer of about 4 bits a weight',
    },
    {
      line: 'cluster model.onnx --form gather --clusters 256',
      help: 'a quarter of the file, as tables and codes in the graph',
    },
    { line: 'cluster model.onnx.gz --expand -o model.onnx', help: 'a compact file back to a model' },
  ],
  async run(args: Arguments, context) {
    if (args.options.expand) return expandFile(args, context);
    const facts = await clusterFile(args, context);
    return { json: clusterDocument(facts), lines: () => formatCluster(facts, context) };
  },
});

async function clusterFile(
  { positionals, options: given }: Arguments,
  context: CommandContext,
): Promise<ClusterFacts> {
  const { api } = context;
  const { compact = null } = given;
  const options = toClusterOptions(given);
  let packed: number | null = null;
  const facts = await runCompression(
    {
      input: positionals[0]!,
      given,
      ending: '-clustered',
      otherOutputs: [given.compact],
      work: async ({ input, data, numerics, signal, onProgress }) =>
        api.cluster(input, {
          ...options,
          ...(data && { calibration: data.calibration, runner: data.runner }),
          numerics: await numerics(),
          signal,
          onProgress,
        }),
      afterSave: async ({ model }) => {
        if (compact !== null) packed = (await api.saveCompact(model, compact)).bytes;
      },
    },
    context,
  );
  const zipped = facts.compression.after.zippedBytes;
  return { ...facts, bytes: { ...facts.bytes, zipped, compact: packed }, compact };
}

async function expandFile({ positionals, options: given }: Arguments, context: CommandContext) {
  const input = positionals[0]!;
  const output = given.output;
  if (output === undefined)
    throw usageError('--expand needs to know where the model goes.', 'Add -o model.onnx.');
  await checkOutputs([output], [input]);
  const bytes = await withInterrupt(context, async (signal) => {
    const model = await context.api.loadCompact(input);
    signal.throwIfAborted();
    await model.save(output);
    return { before: await modelFileSize(input), after: await modelFileSize(output) };
  });
  const { style } = context.terminal;
  return {
    json: { input, output, bytes },
    lines: () => [
      `${style.green('expanded')}  ${style.bold(output)}  ${formatBytes(bytes.before)} → ${formatBytes(bytes.after)}`,
    ],
  };
}
