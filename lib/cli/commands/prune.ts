// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type CommandContext } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import { pruneOptionTable, toPruneOptions } from '../compress/prune-arguments';
import { formatPrune, pruneDocument, type PruneFacts } from '../compress/prune-view';
import { runCompression } from '../compress/run-compression';

type Arguments = ParsedArguments<typeof pruneOptionTable>;

/** `prune m.onnx -o out.onnx --pattern 2:4 --calibration x.npy` */
export const pruneCommand = defineCommand({
  name: 'prune',
  summary: 'set weights of an ONNX model to zero: unstructured, 2:4 or in blocks',
  positionals: [{ name: 'model.onnx', help: 'an ONNX model in FP32' }],
  options: pruneOptionTable,
  examples: [
    {
      line: 'prune model.onnx -o sparse.onnx --pattern 2:4 --calibration images.npy',
      help: 'two of four weights, for the sparse kernels of GPUs; build with --sparsity',
    },
    {
      line: 'prune model.onnx --sparsity 70% --scope global --calibration images.npy',
      help: 'seven of ten weights, taken where it costs least: a smaller zipped file',
    },
    { line: 'prune model.onnx --threshold 0.001', help: 'what is hardly there, without data' },
  ],
  async run(args: Arguments, context) {
    const facts = await pruneFile(args, context);
    return { json: pruneDocument(facts), lines: () => formatPrune(facts, context) };
  },
});

async function pruneFile(
  { positionals, options: given }: Arguments,
  context: CommandContext,
): Promise<PruneFacts> {
  const options = toPruneOptions(given);
  return runCompression(
    {
      input: positionals[0]!,
      given,
      ending: '-pruned',
      work: async ({ input, data, numerics, signal, onProgress }) =>
        context.api.prune(input, {
          ...options,
          ...(data && { calibration: data.calibration, runner: data.runner, numerics: await numerics() }),
          signal,
          onProgress,
        }),
    },
    context,
  );
}
