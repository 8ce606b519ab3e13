// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { decideSettings, runBench, type BenchReport, type BenchSettings } from '../../bench/index';
import type { Session } from '../../runtime/session';
import { DEFAULT_MAX_QUEUE, MAX_CONTEXTS } from '../../session/session-options';
import { option, repeated, type OptionTable } from '../args/option';
import type { ParsedArguments } from '../args/parse-arguments';
import { formatBench } from '../bench-view';
import { defineCommand, type CommandContext } from '../command';
import { EXIT } from '../failure';
import { parseInputArgument } from '../inputs/input-source';
import { makeFeeds, type MadeFeeds } from '../inputs/make-feeds';
import { gpuOptionTable, profileForInputs, toGpuOptions } from '../session-arguments';
import { describeAssumptions, parseDevice, whereItRan } from '../session-talk';
import { parseChoice, parseInteger } from '../values/basic';
import { parseDurationMs } from '../values/duration';
import { formatMs } from '../values/format';
import { mergeNamedLists, parseShapes } from '../values/named-lists';

const options = {
  device: option('<device>', 'auto, cpu or cuda:N; auto unless told', parseDevice),
  duration: option('<time>', 'least time of the measurement; 3s unless told', parseDurationMs),
  warmUp: option('<time>', 'time before it that does not count; 500ms unless told', parseDurationMs),
  iterations: option('<n>', 'least number of inferences; 10 unless told', parseInteger(1)),
  concurrency: option('<n>', 'calls in flight at any moment; 1 unless told', parseInteger(1, 65_536)),
  contexts: option(
    '<n>',
    'execution contexts that share the calls; 1 unless told',
    parseInteger(1, MAX_CONTEXTS),
  ),
  threads: option('<n>', 'threads of one inference on the CPU', parseInteger(1, 1024)),
  calls: option(
    '<how>',
    'auto, binding (no copies) or run (copies in and out, contexts are shared)',
    parseChoice('auto', 'binding', 'run'),
  ),
  input: repeated(
    '<name=source>',
    '@file.npy, random, zeros or ones; random unless told',
    parseInputArgument,
  ),
  shapes: repeated('<shapes>', 'shapes of generated inputs: images:1x3x224x224,ids:1x128', parseShapes),
  seed: option('<n>', 'start of the random numbers; 0 unless told', parseInteger(0, 2 ** 32 - 1)),
  ...gpuOptionTable,
} satisfies OptionTable;

type BenchArguments = ParsedArguments<typeof options>;

/** `bench m.onnx --device cpu --duration 3s --warm-up 500ms --concurrency 4` */
export const benchCommand = defineCommand({
  name: 'bench',
  summary: 'measure latency and throughput of a model',
  positionals: [{ name: 'model', help: 'an ONNX model or an engine' }],
  options,
  examples: [
    {
      line: 'bench model.onnx --device cpu --duration 3s --warm-up 500ms',
      help: 'latency, one call at a time',
    },
    {
      line: 'bench model.onnx --concurrency 4 --contexts 2 --json',
      help: 'throughput under load, for a script',
    },
  ],
  async run(args: BenchArguments, context) {
    const { options: given, positionals } = args;
    const contexts = given.contexts ?? 1;
    // The session's own default, written out so that the report has it.
    const threads = given.threads ?? Math.max(1, Math.floor(availableParallelism() / contexts));
    const settings = decideSettings(
      {
        durationMs: given.duration,
        warmUpMs: given.warmUp,
        iterations: given.iterations,
        concurrency: given.concurrency,
        calls: given.calls,
      },
      contexts,
    );
    const session = await context.api.createSession(positionals[0]!, {
      device: given.device ?? 'auto',
      contexts,
      intraOpNumThreads: threads,
      // All calls in flight may wait at once.
      maxQueue: Math.max(DEFAULT_MAX_QUEUE, settings.concurrency),
      ...toGpuOptions(given),
    });
    try {
      const profile = profileForInputs(session, given.profile);
      const made = await makeFeeds({
        inputs: session.inputs,
        arguments: given.input,
        shapes: mergeNamedLists(given.shapes, '--shapes'),
        otherwise: { kind: 'random' },
        seed: given.seed ?? 0,
        profile,
      });
      describeAssumptions(made, profile !== undefined, context);
      const report = await measure({ session, made, args, settings, contexts, threads }, context);
      return {
        json: report,
        lines: () => formatBench(report, context.terminal),
        exitCode: report.unstableReason === 'interrupted' ? EXIT.interrupted : EXIT.done,
      };
    } finally {
      await session.close();
    }
  },
});

interface Measurement {
  readonly session: Session;
  readonly made: MadeFeeds;
  readonly args: BenchArguments;
  readonly settings: BenchSettings;
  readonly contexts: number;
  readonly threads: number;
}

/** Runs the measurement; Ctrl-C ends it early with what it has. */
async function measure(measurement: Measurement, context: CommandContext): Promise<BenchReport> {
  const { session, made, settings } = measurement;
  const { options: given, positionals } = measurement.args;
  const controller = new AbortController();
  const stopListening = context.onInterrupt(() => controller.abort());
  const { dim } = context.terminal.talkStyle;
  try {
    return await runBench({
      model: positionals[0]!,
      session,
      feeds: made.feeds,
      settings,
      extraSettings: {
        contexts: measurement.contexts,
        intraOpNumThreads: measurement.threads,
        ...toGpuOptions(given),
        shapes: made.shapes,
        inputs: made.sources,
        seed: given.seed ?? 0,
      },
      versions: await runtimeVersions(session, context),
      signal: controller.signal,
      onPhase: (phase) => {
        const ms = phase === 'warm-up' ? settings.warmUpMs : settings.durationMs;
        const verb = phase === 'warm-up' ? 'warming up' : 'measuring';
        if (!context.isJson)
          context.terminal.writeTalk(`${dim(`${verb} ${whereItRan(session)} for ${formatMs(ms)} …`)}\n`);
      },
    });
  } finally {
    stopListening();
  }
}

/** Versions that the numbers depend on, as far as the probe tells them. */
async function runtimeVersions(
  { backend }: Session,
  { api, version }: CommandContext,
): Promise<Record<string, string>> {
  const { cpu, cuda, tensorrt } = await api.probe();
  const library = tensorrt.find(({ usable }) => usable);
  const onGpu = { [library?.family ?? 'tensorrt']: library?.version, driver: cuda.driver };
  const used = backend === 'onnxruntime' ? { onnxruntime: cpu.version } : onGpu;
  const known = Object.entries({ 'tensorrt-node': version, ...used });
  return Object.fromEntries(known.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
