// SPDX-License-Identifier: Apache-2.0
import { option, flag, type OptionTable } from '../args/option';
import type { ParsedArguments } from '../args/parse-arguments';
import { defineCommand, type CommandContext } from '../command';
import { measureOptionTable } from '../compress/measure-arguments';
import { runCompression } from '../compress/run-compression';
import { formatCast, type CastFacts } from '../precision/cast-view';
import { exclusionOptionTable, toExclusion } from '../precision/exclusion-arguments';
import { calibrationDevice, calibrationOptionTable } from '../precision/quantize-arguments';
import { parseChoice, parseText } from '../values/basic';

const options = {
  output: option('<file>', 'where the model goes; <model>-<type>.onnx unless told', parseText, 'o'),
  to: option('<type>', 'fp16 (default) or bf16', parseChoice('fp16', 'bf16')),
  castIo: flag('inputs and outputs become half-wide too; they keep their types unless told'),
  ...exclusionOptionTable,
  ...calibrationOptionTable,
  device: calibrationDevice,
  ...measureOptionTable,
} satisfies OptionTable;

type Arguments = ParsedArguments<typeof options>;

/** `cast m.onnx -o out.onnx --to fp16` */
export const castCommand = defineCommand({
  name: 'cast',
  summary: 'bring an ONNX model to FP16 or BF16',
  positionals: [{ name: 'model.onnx', help: 'an ONNX model in FP32' }],
  options,
  examples: [
    { line: 'cast model.onnx -o model-fp16.onnx --to fp16', help: 'what must stay FP32 does' },
    {
      line: 'cast model.onnx --to fp16 --calibration images.npy',
      help: 'tensors that leave the range of FP16 on typical inputs stay FP32 too',
    },
  ],
  async run(args: Arguments, context) {
    const facts = await castFile(args, context);
    const { report, ...files } = facts;
    return { json: { ...files, ...report }, lines: () => formatCast(facts, context) };
  },
});

async function castFile(
  { positionals, options: given }: Arguments,
  context: CommandContext,
): Promise<CastFacts> {
  const to = given.to ?? 'fp16';
  const exclude = toExclusion(given);
  return runCompression(
    {
      input: positionals[0]!,
      given,
      ending: `-${to}`,
      work: ({ input, data, signal }) =>
        context.api.cast(input, {
          to,
          keepIo: !given.castIo,
          signal,
          ...(exclude === undefined ? {} : { exclude }),
          ...(data && { calibration: data.calibration, runner: data.runner }),
        }),
    },
    context,
  );
}
