// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type CommandContext, type CommandResult } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import { usageError } from '../args/usage-error';
import { clusterOptionTable, toClusterOptions } from '../compress/cluster-arguments';
import { clusterDocument, formatCluster, type ClusterFacts } from '../compress/cluster-view';
import { modelFileSize } from '../compress/model-file-size';
import { sayStep } from '../compress/report-lists';
import { openCalibration } from '../precision/calibration-data';
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
  const input = positionals[0]!;
  const output = given.output ?? `${input.replace(/\.onnx$/i, '')}-clustered.onnx`;
  const options = toClusterOptions(given);
  const { calibration, runner } =
    given.calibration === undefined ? {} : await openCalibration(input, given, api);
  const numerics = await api.nativeNumerics();
  const { model, report } = await withInterrupt(context, (signal) =>
    api.cluster(input, {
      ...options,
      ...(calibration === undefined ? {} : { calibration, runner }),
      numerics,
      signal,
      onProgress: sayStep(context),
    }),
  );
  await model.save(output);
  const { compact = null } = given;
  const packed = compact === null ? null : (await api.saveCompact(model, compact)).bytes;
  const { bytes: after, zippedBytes: zipped } = await api.measureStoredSize(model);
  return {
    input,
    output,
    bytes: { before: await modelFileSize(input), after, zipped, compact: packed },
    compact,
    report,
  };
}

async function expandFile(
  { positionals, options: given }: Arguments,
  { api, terminal }: CommandContext,
): Promise<CommandResult> {
  const input = positionals[0]!;
  const output = given.output;
  if (output === undefined)
    throw usageError('--expand needs to know where the model goes.', 'Add -o model.onnx.');
  const model = await api.loadCompact(input);
  await model.save(output);
  const bytes = { before: await modelFileSize(input), after: await modelFileSize(output) };
  const { style } = terminal;
  return {
    json: { input, output, bytes },
    lines: () => [
      `${style.green('expanded')}  ${style.bold(output)}  ${formatBytes(bytes.before)} → ${formatBytes(bytes.after)}`,
    ],
  };
}
