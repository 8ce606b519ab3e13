// SPDX-License-Identifier: Apache-2.0
import type { BenchDocument } from '../../bench/result';
import { planBench, type BenchPlan } from '../bench/bench-plan';
import { benchOptionTable, type BenchArguments } from '../bench/bench-table';
import type { InputRequest } from '../bench/case-sessions';
import { exitCodeOfDocument } from '../bench/exit-code';
import { measurePlan } from '../bench/measure-plan';
import { adviseBenchOption } from '../bench/other-tools';
import { createTraceLogs, formatTrace } from '../bench/trace';
import { checkOutputFolders, writeOutputs, writeText } from '../bench/write-outputs';
import { formatBenchDocument } from '../bench-view';
import { defineCommand, type CommandContext, type CommandResult } from '../command';
import { formatFailure } from '../failure';
import { readInputArguments } from '../inputs/input-arguments';

/** `bench m.onnx --device cpu --duration 3s --warm-up 500ms --concurrency 4` */
export const benchCommand = defineCommand({
  name: 'bench',
  summary: 'measure latency and throughput of a model',
  positionals: [{ name: 'model', help: 'an ONNX model or an engine' }],
  options: benchOptionTable,
  adviseOption: adviseBenchOption,
  examples: [
    {
      line: 'bench model.onnx --device cpu --duration 3s --warm-up 500ms',
      help: 'latency, one call at a time',
    },
    {
      line: 'bench model.onnx --batch 1,2,4,8 -o report.html -o result.json',
      help: 'a sweep of the batch, as a report and for compare',
    },
    {
      line: 'bench model.onnx --rate 100 --arrivals poisson',
      help: 'latency as clients see it who do not wait for each other',
    },
    {
      line: 'bench model.onnx --latency-limit p99=10ms',
      help: 'the highest rate whose p99 stays within 10 ms',
    },
    {
      line: 'bench model.onnx --concurrency 4 --contexts 2 --json',
      help: 'throughput under load, for a script',
    },
  ],
  async run(args: BenchArguments, context) {
    const plan = planBench(args);
    const { output, trace, against, againstModel } = args.options;
    await checkOutputFolders([...output.map(({ path }) => path), ...(trace === undefined ? [] : [trace])]);
    const { profile: profileNumber, inputSets: sets } = args.options;
    const inputs = { ...(await readInputArguments(args.options)), profileNumber, sets };
    if (against === undefined && againstModel === undefined) return benchAlone(plan, args, inputs, context);
    const { benchAgainstReference } = await import('../bench/against.js');
    return benchAgainstReference(plan, args, inputs, context);
  },
});

async function benchAlone(
  plan: BenchPlan,
  { options: given }: BenchArguments,
  inputs: InputRequest,
  context: CommandContext,
): Promise<CommandResult> {
  const { requireStable } = given;
  const logs = given.trace === undefined ? undefined : await createTraceLogs();
  const controller = new AbortController();
  const stopListening = listen(controller, context);
  let document: BenchDocument;
  try {
    document = await measurePlan(plan, { inputs, signal: controller.signal, ...logs }, context);
  } finally {
    stopListening();
  }
  const failures = await writeOutputs(given.output, { document, requireStable });
  if (logs !== undefined) {
    const failure = await writeText(given.trace!, () => formatTrace(document, logs));
    if (failure !== undefined) failures.push(failure);
  }
  for (const failure of failures)
    context.terminal.writeTalk(`${formatFailure(failure, context.terminal, context.isVerbose).join('\n')}\n`);
  return {
    json: document,
    lines: () => formatBenchDocument(document, context.terminal),
    exitCode: exitCodeOfDocument(document, {
      isInterrupted: controller.signal.aborted,
      requireStable,
      isUnwritten: failures.length > 0,
    }),
  };
}

/** The first Ctrl-C ends the measurement with what it has. */
function listen(controller: AbortController, { onInterrupt, terminal, isJson }: CommandContext): () => void {
  return onInterrupt(() => {
    if (!isJson)
      terminal.writeTalk(`${terminal.talkStyle.dim('ending the measurement; Ctrl-C again ends at once')}\n`);
    controller.abort();
  });
}
