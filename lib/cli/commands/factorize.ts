// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type CommandContext } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import { factorizeOptionTable, toFactorizeOptions } from '../compress/factorize-arguments';
import { factorizeDocument, formatFactorize, type FactorizeFacts } from '../compress/factorize-view';
import { runCompression } from '../compress/run-compression';

type Arguments = ParsedArguments<typeof factorizeOptionTable>;

/** `factorize m.onnx -o out.onnx --target parameters=0.5 --calibration x.npy` */
export const factorizeCommand = defineCommand({
  name: 'factorize',
  summary: 'put products of thin matrices in the place of weights of an ONNX model',
  positionals: [{ name: 'model.onnx', help: 'an ONNX model in FP32' }],
  options: factorizeOptionTable,
  examples: [
    {
      line: 'factorize model.onnx -o half.onnx --target parameters=0.5 --calibration images.npy',
      help: 'half of the parameters, ranks chosen over all layers by what they lose',
    },
    {
      line: 'factorize model.onnx --target flops=60% --form spatial --calibration images.npy',
      help: 'three fifths of the arithmetic, k x k as k x 1 and 1 x k',
    },
    { line: 'factorize model.onnx --rank head=8 --rank up=32', help: 'two layers alone, without data' },
  ],
  async run(args: Arguments, context) {
    const facts = await factorizeFile(args, context);
    return { json: factorizeDocument(facts), lines: () => formatFactorize(facts, context) };
  },
});

async function factorizeFile(
  { positionals, options: given }: Arguments,
  context: CommandContext,
): Promise<FactorizeFacts> {
  const options = toFactorizeOptions(given);
  return runCompression(
    {
      input: positionals[0]!,
      given,
      ending: '-low-rank',
      work: async ({ input, data, numerics, signal, onProgress }) =>
        context.api.factorize(input, {
          ...options,
          ...(data && { calibration: data.calibration, runner: data.runner }),
          numerics: await numerics(),
          signal,
          onProgress,
        }),
    },
    context,
  );
}
