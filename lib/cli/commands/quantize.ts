// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import type { QuantizeOptions } from '../../compress/quantize-options';
import type { Feeds } from '../../runtime/feeds';
import { defineCommand, type CommandContext } from '../command';
import type { ParsedArguments } from '../args/parse-arguments';
import { modelFileSize } from '../compress/model-file-size';
import { sayStep } from '../compress/report-lists';
import { openCalibration } from '../precision/calibration-data';
import { quantizeOptionTable, toQuantizeOptions } from '../precision/quantize-arguments';
import { formatQuantize, quantizeDocument, type QuantizeFacts } from '../precision/quantize-view';
import { withInterrupt } from '../precision/with-interrupt';

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
  const input = positionals[0]!;
  const output = given.output ?? `${input.replace(/\.onnx$/i, '')}-${given.type ?? 'int8'}.onnx`;
  const options = toQuantizeOptions(given);
  const data = given.calibration === undefined ? {} : await openCalibration(input, given, api);
  const { model, report } = await withInterrupt(context, (signal) =>
    api.quantize(input, { ...options, ...withScore(options, data), signal, onProgress: sayStep(context) }),
  );
  await model.save(output);
  if (given.calibrationCache !== undefined) {
    await writeFile(given.calibrationCache, await api.writeCalibrationCache(report.decisions.ranges));
  }
  return {
    input,
    output,
    bytes: { before: await modelFileSize(input), after: await modelFileSize(output) },
    report,
  };
}

type CalibrationParts = Partial<Awaited<ReturnType<typeof openCalibration>>>;

/** With labels the bound is one of accuracy. */
function withScore(
  { bound }: QuantizeOptions<Feeds>,
  { calibration, runner, score }: CalibrationParts,
): Pick<QuantizeOptions<Feeds>, 'calibration' | 'runner' | 'bound'> {
  return {
    ...(calibration === undefined ? {} : { calibration, runner }),
    ...(bound === undefined ? {} : { bound: score === undefined ? bound : { ...bound, score } }),
  };
}
