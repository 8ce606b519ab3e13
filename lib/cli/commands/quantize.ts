// SPDX-License-Identifier: Apache-2.0
import type { QuantizeOptions } from '../../compress/quantize-options';
import type { Feeds } from '../../runtime/feeds';
import { writeText } from '../bench/write-outputs';
import { defineCommand, type CommandContext } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import { runCompression } from '../compress/run-compression';
import type { CalibrationParts } from '../precision/calibration-data';
import { quantizeOptionTable, toQuantizeOptions } from '../precision/quantize-arguments';
import { formatQuantize, quantizeDocument, type QuantizeFacts } from '../precision/quantize-view';

type Arguments = ParsedArguments<typeof quantizeOptionTable>;

/** `quantize m.onnx -o out.onnx --calibration x.npy` */
export const quantizeCommand = defineCommand({
  name: 'quantize',
  summary: 'quantise an ONNX model to INT8, FP8 or INT4',
  positionals: [{ name: 'model.onnx', help: 'an ONNX model in FP32' }],
  options: quantizeOptionTable,
  examples: [
    {
      line: 'quantize model.onnx -o model-int8.onnx --calibration images.npy',
      help: 'INT8 weights and activations, ranges from typical inputs',
    },
    {
      line: 'quantize model.onnx -o mixed.onnx --calibration images.npy --labels labels.npy --max-drop 0.5%',
      help: 'as many layers in INT8 as the accuracy allows',
    },
    { line: 'quantize llm.onnx --type int4 --rest fp16', help: 'weights in INT4, no data needed' },
  ],
  async run(args: Arguments, context) {
    const facts = await quantizeFile(args, context);
    return { json: quantizeDocument(facts), lines: () => formatQuantize(facts, context) };
  },
});

async function quantizeFile(
  { positionals, options: given }: Arguments,
  context: CommandContext,
): Promise<QuantizeFacts> {
  const { api } = context;
  const options = toQuantizeOptions(given);
  const { calibrationCache: cache } = given;
  return runCompression(
    {
      input: positionals[0]!,
      given,
      ending: `-${given.type ?? 'int8'}`,
      otherOutputs: [cache],
      work: ({ input, data = {}, signal, onProgress }) =>
        api.quantize(input, { ...options, ...withScore(options, data), signal, onProgress }),
      afterSave: async ({ report }) => {
        if (cache === undefined) return;
        const failure = await writeText(cache, () => api.writeCalibrationCache(report.decisions.ranges));
        if (failure !== undefined) throw failure;
      },
    },
    context,
  );
}

/** With labels the bound is one of accuracy. */
function withScore(
  { bound }: QuantizeOptions<Feeds>,
  { calibration, runner, score }: Partial<CalibrationParts>,
): Pick<QuantizeOptions<Feeds>, 'calibration' | 'runner' | 'bound'> {
  return {
    ...(calibration === undefined ? {} : { calibration, runner }),
    ...(bound === undefined ? {} : { bound: score === undefined ? bound : { ...bound, score } }),
  };
}
