// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type CommandContext } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import {
  pruneChannelsOptionTable,
  toPruneChannelsOptions,
  type PruneChannelsArguments,
} from '../compress/prune-channels-arguments';
import {
  formatPruneChannels,
  pruneChannelsDocument,
  type PruneChannelsFacts,
} from '../compress/prune-channels-view';
import { readTrainingData } from '../compress/distill-data';
import { runCompression } from '../compress/run-compression';
import type { ToolApi } from '../tool-api';
import type { ChannelSensitivity } from '../../compress/channels/rank-units';

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
      line: 'prune-channels model.onnx --ratio 30% --criterion taylor --calibration images.npy --labels labels.npy',
      help: 'by what the loss changes to first order',
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
  const options = toPruneChannelsOptions(given);
  return runCompression(
    {
      input: positionals[0]!,
      given,
      ending: '-narrow',
      work: async ({ input, data, numerics, signal, onProgress }) =>
        context.api.pruneChannels(input, {
          ...options,
          ...(given.criterion === 'taylor' && {
            sensitivity: await sensitivityOf(input, given, { api: context.api, signal }),
          }),
          ...(data && { calibration: data.calibration, runner: data.runner, numerics: await numerics() }),
          signal,
          onProgress,
        }),
    },
    context,
  );
}

/** Gradients need all samples at hand: with labels, those of the labels. */
async function sensitivityOf(
  model: string,
  given: PruneChannelsArguments,
  { api, signal }: { api: ToolApi; signal: AbortSignal },
): Promise<ChannelSensitivity> {
  const { calibration, labels, decode, seed, device = 'cpu' } = given;
  const samples = labels === undefined ? given.samples : undefined;
  const data = await readTrainingData(model, { data: calibration, labels, decode, samples }, api);
  const trainer = await api.sessionTrainer({ device });
  return api.lossSensitivity(data, { trainer, signal, ...(seed === undefined ? {} : { seed }) });
}
