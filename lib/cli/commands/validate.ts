// SPDX-License-Identifier: Apache-2.0
import type { ValidateOptions } from '../../evaluate';
import { flag, option, type OptionTable } from '../args/option';
import type { ParsedArguments } from '../args/parse-arguments';
import { defineCommand } from '../command';
import { parsePositive } from '../values/number';
import { showProgress } from '../evaluate/progress';
import { formatValidation } from '../evaluate/validation-view';
import { EXIT } from '../failure';
import { inputOptionTable, readInputArguments } from '../inputs/input-arguments';
import { makeFeeds } from '../inputs/make-feeds';
import { gpuOptionTable, toGpuOptions } from '../session-arguments';
import { parseDevice } from '../session-talk';
import { parseChoice, parseInteger } from '../values/basic';

const options = {
  ...inputOptionTable,
  runs: option('<n>', 'runs on random inputs; 8 unless told, 0 with --input', parseInteger(0, 1_000_000)),
  atol: option('<x>', 'absolute tolerance of an element; by the precision unless told', parsePositive),
  rtol: option('<x>', 'relative tolerance of an element; by the precision unless told', parsePositive),
  precision: option(
    '<precision>',
    'whose tolerances are taken: fp32, fp16, bf16 or int8; that of the candidate unless told',
    parseChoice('fp32', 'fp16', 'bf16', 'int8'),
  ),
  noSearch: flag('do not look for the first tensor that parts'),
  device: option('<device>', 'device of the candidate: auto, cpu or cuda:N; auto unless told', parseDevice),
  sourceDevice: option('<device>', 'device of the source; cpu unless told', parseDevice),
  ...gpuOptionTable,
} satisfies OptionTable;

/** `validate candidate source` */
export const validateCommand = defineCommand({
  name: 'validate',
  summary: 'hold an engine or a rewritten model against its source',
  positionals: [
    { name: 'candidate', help: 'an engine, or an ONNX model that was rewritten' },
    { name: 'source', help: 'the ONNX model that it was made from' },
  ],
  options,
  examples: [
    {
      line: 'validate fp16.onnx model.onnx',
      help: 'is every output within the tolerance of FP16, and if not: where',
    },
    {
      line: 'validate model.engine model.onnx --input x=@x.npy --device cuda:0',
      help: 'an engine on inputs of your own',
    },
  ],
  async run({ options: given, positionals }: ParsedArguments<typeof options>, context) {
    const progress = showProgress(context);
    const [candidate, source] = [positionals[0]!, positionals[1]!];
    const validation = await context.api
      .validate(candidate, source, { ...(await optionsOf(given)), signal: progress.signal })
      .finally(progress.end);
    return {
      json: validation,
      lines: () => formatValidation(validation, context.terminal),
      exitCode: validation.passed ? EXIT.done : EXIT.failed,
    };
  },
});

async function optionsOf(given: ParsedArguments<typeof options>['options']): Promise<ValidateOptions> {
  const { runs, atol, rtol, precision, noSearch, device, sourceDevice } = given;
  const inputs = await readInputArguments(given);
  const isGiven = given.input.length > 0 || given.inputModule !== undefined;
  return {
    ...(runs === undefined ? {} : { runs }),
    seed: inputs.seed,
    ...(inputs.shapes === undefined ? {} : { shapes: inputs.shapes }),
    ...(isGiven
      ? {
          inputs: async (infos) =>
            (await makeFeeds({ ...inputs, inputs: infos, otherwise: { kind: 'random' } })).sets,
        }
      : {}),
    ...(atol === undefined ? {} : { atol }),
    ...(rtol === undefined ? {} : { rtol }),
    ...(precision === undefined ? {} : { precision }),
    ...(noSearch ? { findDivergence: false } : {}),
    session: { device: device ?? 'auto', ...toGpuOptions(given) },
    sourceSession: { device: sourceDevice ?? 'cpu' },
  };
}
