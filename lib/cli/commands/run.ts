// SPDX-License-Identifier: Apache-2.0
import type { Tensor } from '../../runtime/tensor';
import type { Session } from '../../runtime/session';
import { defineCommand, type CommandContext } from '../command';
import { option, optionName, repeated, type OptionTable } from '../args/option';
import type { ParsedArguments } from '../args/parse-arguments';
import { usageError } from '../args/usage-error';
import { inputOptionTable, readInputArguments } from '../inputs/input-arguments';
import { makeFeeds, type MadeFeeds } from '../inputs/make-feeds';
import { saveOutputs } from '../outputs/save-outputs';
import { runPipeline } from '../pipeline/run-pipeline';
import { formatSummary, summariseTensor, type TensorSummary } from '../tensor-summary';
import { indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { parseInteger, parseList, parseText } from '../values/basic';
import { formatDims, formatMs } from '../values/format';
import { gpuOptionTable, profileForInputs, toGpuOptions } from '../session-arguments';
import { describeAssumptions, formatFallback, parseDevice, whereItRan } from '../session-talk';

const options = {
  image: repeated('<file>', 'a JPEG, PNG or WebP through a pipeline; may be repeated', parseText),
  audio: repeated('<file>', 'a WAV through a pipeline; may be repeated', parseText),
  pipeline: option(
    '<file>',
    "the pipeline's spec (JSON); the engine's manifest or <model>.pipeline.json unless told",
    parseText,
  ),
  ...inputOptionTable,
  output: option('<folder>', 'write each output there as <name>.npy', parseText, 'o'),
  outputs: option('<names>', 'only these outputs, separated by commas', parseList(parseText)),
  device: option('<device>', 'auto, cpu or cuda:N; auto unless told', parseDevice),
  threads: option('<n>', 'threads of one inference on the CPU', parseInteger(1, 1024)),
  ...gpuOptionTable,
} satisfies OptionTable;

/** `run m.onnx --input x=@x.npy -o outdir` */
export const runCommand = defineCommand({
  name: 'run',
  summary: 'run a model once on given, random or zero inputs',
  positionals: [{ name: 'model', help: 'an ONNX model or an engine' }],
  options,
  examples: [
    { line: 'run model.onnx --input x=@x.npy -o outputs', help: 'inputs and outputs as NumPy files' },
    {
      line: 'run model.onnx --input random --shapes x:4x3x224x224 --seed 7',
      help: 'try a model without data',
    },
    {
      line: 'run photo.onnx --image cat.jpg --pipeline photo.pipeline.json',
      help: 'what is in a picture',
    },
  ],
  async run(args: ParsedArguments<typeof options>, context) {
    const { options: given, positionals } = args;
    if (isPipelineRun(args)) return runPipeline(pipelineRun(args), context);
    const inputs = await readInputArguments(given);
    const session = await context.api.createSession(positionals[0]!, {
      device: given.device ?? 'auto',
      ...(given.threads === undefined ? {} : { intraOpNumThreads: given.threads }),
      ...toGpuOptions(given),
    });
    try {
      const profile = profileForInputs(session, given.profile);
      const made = await makeFeeds({
        ...inputs,
        inputs: session.inputs,
        otherwise: null,
        profile,
      });
      if (made.sets.length > 1) throw severalSets(made);
      describeAssumptions(made, profile !== undefined, context);
      return await runOnce(session, made, args, context);
    } finally {
      await session.close();
    }
  },
});

type RunArguments = ParsedArguments<typeof options>;

/** Files go through a pipeline; `--pipeline` alone has nothing to run on. */
function isPipelineRun({ options: given }: RunArguments): boolean {
  if (given.image.length + given.audio.length > 0) return true;
  if (given.pipeline === undefined) return false;
  throw usageError('--pipeline needs files to run on.', 'Add --image photo.jpg, or --audio speech.wav.');
}

/** What is for a run of the bare model. */
const MODEL_ALONE = ['input', 'inputModule', 'shapes', 'seed', 'output', 'outputs'] as const;

function pipelineRun({ options: given, positionals }: RunArguments) {
  const other = MODEL_ALONE.find((name) => {
    const value = given[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  });
  if (other !== undefined)
    throw usageError(
      `--${optionName(other)} is for a run without a pipeline: --image and --audio are the inputs here.`,
    );
  if (given.image.length > 0 && given.audio.length > 0)
    throw usageError('A pipeline takes images or sounds: give --image or --audio, not both.');
  const { device = 'auto', threads, pipeline } = given;
  return {
    model: positionals[0]!,
    files: given.image.length > 0 ? given.image : given.audio,
    options: {
      device,
      session: {
        ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
        ...toGpuOptions(given),
      },
      ...(pipeline === undefined ? {} : { spec: pipeline }),
    },
  };
}

/** A folder is as many calls as it has files: which of them is meant is not ours to guess. */
function severalSets({ sets, sources }: MadeFeeds): Error {
  const folders = Object.entries(sources).filter(([, source]) => source.startsWith('@'));
  return usageError(
    `run calls the model once, but ${sets.length} sets of inputs came from ${folders.map(([, source]) => source).join(', ')}.`,
    `Name one file: --input ${folders[0]?.[0] ?? 'x'}=@file.npy; bench takes them in turn.`,
  );
}

async function runOnce(
  session: Session,
  made: MadeFeeds,
  args: ParsedArguments<typeof options>,
  context: CommandContext,
) {
  const startMs = performance.now();
  const tensors = await session.run(
    made.feeds,
    args.options.outputs === undefined ? {} : { outputs: args.options.outputs },
  );
  const elapsedMs = performance.now() - startMs;
  const files = args.options.output === undefined ? {} : await saveOutputs(args.options.output, tensors);
  const outputs = Object.entries(tensors).map(([name, tensor]) => ({
    name,
    type: tensor.type,
    dims: tensor.dims,
    ...summariseTensor(tensor),
    file: files[name] ?? null,
  }));
  const { device, backend, fallbackReason } = session;
  const { style } = context.terminal;
  return {
    json: {
      model: args.positionals[0],
      device,
      backend,
      fallbackReason,
      elapsedMs,
      inputs: describeInputs(made),
      outputs,
    },
    lines: () => [
      `${style.green('ran')}  ${style.bold(args.positionals[0]!)}  ${style.dim(`${whereItRan(session)}, in ${formatMs(elapsedMs)} (first call)`)}`,
      ...indent(formatFallback(session).map(style.dim)),
      ...outputs.flatMap((output) => ['', ...formatOutput(output, tensors[output.name]!, context)]),
    ],
  };
}

function describeInputs(made: MadeFeeds): unknown {
  return Object.keys(made.feeds).map((name) => ({
    name,
    dims: made.shapes[name],
    source: made.sources[name],
  }));
}

function formatOutput(
  output: TensorSummary & { name: string; file: string | null },
  tensor: Tensor,
  { terminal: { style } }: CommandContext,
): string[] {
  const file = output.file === null ? '' : `  ${style.dim('→')} ${output.file}`;
  return [
    `${style.bold(printable(output.name))}  ${style.cyan(tensor.type)}  ${formatDims(tensor.dims)}${file}`,
    ...indent(formatSummary(output)),
  ];
}
