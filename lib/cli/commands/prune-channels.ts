// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type CommandContext } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import { modelFileSize } from '../compress/model-file-size';
import { pruneChannelsOptionTable, toPruneChannelsOptions } from '../compress/prune-channels-arguments';
import {
  formatPruneChannels,
  pruneChannelsDocument,
  type PruneChannelsFacts,
} from '../compress/prune-channels-view';
import { sayStep } from '../compress/report-lists';
import { openCalibration } from '../precision/calibration-data';
import { withInterrupt } from '../precision/with-interrupt';

type Arguments = ParsedArguments<typeof pruneChannelsOptionTable>;

/** `prune-channels m.onnx -o out.onnx --ratio 30% --calibration x.npy` */
export const pruneChannelsCommand = defineCommand({
  name: 'prune-channels',
  summary: 'remove channels, neurons and heads of attention from an ONNX model',
  positionals: [{ name: 'model.onnx', help: 'an ONNX model in FP32' }],
  options: pruneChannelsOptionTable,
  examples: [
    {
      line: 'prune-channels model.onnx -o narrow.onnx --ratio 30% --calibration images.npy',
      help: 'three of ten channels, the weights that stay fitted to the data',
    },
    {
      line: 'prune-channels model.onnx --target flops=0.5 --scope global --calibration images.npy',
      help: 'half of the arithmetic, taken where it costs least',
    },
  ],
  async run(args: Arguments, context) {
    const facts = await pruneFile(args, context);
    return { json: pruneChannelsDocument(facts), lines: () => formatPruneChannels(facts, context) };
  },
});

async function pruneFile(
  { positionals, options: given }: Arguments,
  context: CommandContext,
): Promise<PruneChannelsFacts> {
  const { api } = context;
  const input = positionals[0]!;
  const output = given.output ?? `${input.replace(/\.onnx$/i, '')}-narrow.onnx`;
  const options = toPruneChannelsOptions(given);
  const { calibration, runner } =
    given.calibration === undefined ? {} : await openCalibration(input, given, api);
  const data = calibration === undefined ? {} : { calibration, runner, numerics: await api.nativeNumerics() };
  const { model, report } = await withInterrupt(context, (signal) =>
    api.pruneChannels(input, { ...options, ...data, signal, onProgress: sayStep(context) }),
  );
  await model.save(output);
  const bytes = { before: await modelFileSize(input), after: await modelFileSize(output) };
  return { input, output, bytes, report };
}
