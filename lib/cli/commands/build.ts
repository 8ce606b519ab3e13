// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { BuildOptions } from '../../builder/build-options';
import type { BuildProgress } from '../../builder/build-progress';
import type { Engine } from '../../runtime/engine';
import { buildOptionTable, toBuildOptions, type BuildArguments } from '../build/build-arguments';
import { buildDocument, formatBuild } from '../build/build-result';
import { createProgressView } from '../build/progress-view';
import { adviseTrtexecOption } from '../build/trtexec-options';
import { defineCommand, type CommandContext } from '../command';
import { openCalibration } from '../precision/calibration-data';
import { suggestProfileOptions } from '../inspect/suggest-profiles';
import { shellWord } from '../values/shell-word';
import { printable } from '../terminal/text-width';

/** `build m.onnx -o m.engine` */
export const buildCommand = defineCommand({
  name: 'build',
  summary: 'build a TensorRT engine from an ONNX model',
  positionals: [{ name: 'model.onnx', help: 'the ONNX model' }],
  options: buildOptionTable,
  adviseOption: adviseTrtexecOption,
  examples: [
    { line: 'build model.onnx -o model.engine', help: 'a model whose shapes are fixed' },
    {
      line: 'build model.onnx -o model.engine --dynamic-axes batch=1,8,32',
      help: 'a model whose batch may be 1 to 32, tuned for 8',
    },
    {
      line: 'build model.onnx -o model.engine --precision int8 --calibration images.npy --max-drop 0.5%',
      help: 'in INT8, with layers kept in floating point where the answers would change',
    },
    {
      line: 'build model.onnx -o model.engine --min-shapes images:1x3x224x224 --opt-shapes images:8x3x224x224 --max-shapes images:32x3x224x224',
      help: 'the same by shapes',
    },
  ],
  async run(args: BuildArguments, context) {
    const model = args.positionals[0]!;
    const output = args.options.output ?? defaultOutput(model);
    const startMs = Date.now();
    const options = { ...toBuildOptions(args), ...(await calibrationOf(args, context)), outputPath: output };
    const engine = await buildWatched(model, options, context).catch(async (error: unknown) => {
      throw await adviseOnProfiles(error, model, context);
    });
    const facts = { engine, output, totalMs: Date.now() - startMs };
    return { json: buildDocument(facts), lines: () => formatBuild(facts, context) };
  },
});

/** Calibration of a build runs on the CPU: the GPU is busy with the build. */
async function calibrationOf(
  { positionals, options }: BuildArguments,
  { api }: CommandContext,
): Promise<Pick<BuildOptions, 'calibration'>> {
  if (options.calibration === undefined) return {};
  const { calibration } = await openCalibration(positionals[0]!, options, api);
  return { calibration };
}

/** `dir/model.onnx` → `dir/model.engine`: beside the model. */
function defaultOutput(model: string): string {
  return `${model.replace(/\.onnx$/i, '')}.engine`;
}

/** A missing profile is the most common mistake: the builder's advice is in its own words, ours in options. */
async function adviseOnProfiles(error: unknown, model: string, { api }: CommandContext): Promise<unknown> {
  if (!(error instanceof TensorRTError) || error.code !== 'ERR_TRT_ARG_PROFILE_MISSING') return error;
  const options = suggestProfileOptions(await api.readModelInfo(model));
  return new TensorRTError(error.code, error.message, {
    hint: `Give ranges, for example (edit the numbers):\n  tensorrt-node build ${shellWord(model)} ${options.join(' ')}`,
    details: error.details,
    cause: error,
  });
}

/** Builds with the progress view on, and Ctrl-C stopping the build. */
async function buildWatched(model: string, options: BuildOptions, context: CommandContext): Promise<Engine> {
  const view = createProgressView(context.terminal);
  const { dim, yellow } = context.terminal.talkStyle;
  const controller = new AbortController();
  const stopListening = context.onInterrupt(() => {
    view.note(dim('stopping the build; Ctrl-C again ends at once'));
    controller.abort(new TensorRTError('ERR_TRT_BUILD_CANCELLED', 'Interrupted.'));
  });
  try {
    return await context.api.buildEngine(model, {
      ...options,
      signal: controller.signal,
      onProgress: (progress: BuildProgress) => view.update(progress),
      onLog: (line) => {
        if (context.isVerbose || options.logSeverity !== undefined)
          view.note(`${yellow(line.severity)}  ${printable(line.message)}`);
      },
    });
  } finally {
    view.end();
    stopListening();
  }
}
