// SPDX-License-Identifier: Apache-2.0
import type { DataFiles, EvaluateOptions } from '../../evaluate';
import { flag, option, type OptionTable } from '../args/option';
import type { ParsedArguments } from '../args/parse-arguments';
import { usageError } from '../args/usage-error';
import { checkOutputFolders, writeText } from '../bench/write-outputs';
import { defineCommand, type CommandContext } from '../command';
import { loadDecode } from '../evaluate/decode-module';
import { formatEvaluation } from '../evaluate/evaluation-view';
import { showProgress } from '../evaluate/progress';
import { gpuOptionTable, toGpuOptions } from '../session-arguments';
import { parseDevice } from '../session-talk';
import { parseChoice, parseInteger, parseList, parseText } from '../values/basic';
import { parseNumber } from '../values/number';

const options = {
  data: option('<path>', 'labelled data: .npy, .npz, .jsonl, or a folder of samples', parseText),
  labels: option('<file>', 'labels of the data: .npy; for a folder also .csv and .json', parseText),
  reference: option('<model>', 'another model: how near the outputs are to its', parseText),
  task: option(
    '<task>',
    'classification, regression or detection; by the labels unless told',
    parseChoice('classification', 'regression', 'detection'),
  ),
  topK: option(
    '<ks>',
    'which top-k, separated by commas; 1,5 unless told',
    parseList(parseInteger(1, 1_000_000)),
  ),
  threshold: option('<x>', 'one column of scores: class 1 from this score on', parseNumber),
  output: option('<name>', 'the output to evaluate, where there are several', parseText),
  batch: option(
    '<n>',
    'samples of a call, where the model leaves it open; 64 unless told',
    parseInteger(1, 1_000_000),
  ),
  contexts: option('<n>', 'batches that run at once; 1 unless told', parseInteger(1, 256)),
  decode: option(
    '<module>',
    'reads samples of other formats: export default async (path) => ({ data, dims })',
    parseText,
  ),
  layers: flag('the error of each layer against the reference'),
  html: option('<file>', 'write a report there', parseText),
  device: option('<device>', 'auto, cpu or cuda:N; auto unless told', parseDevice),
  threads: option('<n>', 'threads of one inference on the CPU', parseInteger(1, 1024)),
  ...gpuOptionTable,
} satisfies OptionTable;

/** `evaluate m.onnx --data x.npy --labels y.npy` */
export const evaluateCommand = defineCommand({
  name: 'evaluate',
  summary: 'measure how right a model is on labelled data, and how near to another',
  positionals: [{ name: 'model', help: 'an ONNX model or an engine' }],
  options,
  examples: [
    {
      line: 'evaluate model.onnx --data images.npy --labels labels.npy',
      help: 'accuracy, F1, confusion matrix',
    },
    {
      line: 'evaluate int8.onnx --data images.npy --labels labels.npy --reference model.onnx --layers --html report.html',
      help: 'what INT8 costs, and where',
    },
    {
      line: 'evaluate model.onnx --data photos --decode decode.mjs',
      help: 'a folder with a folder for each class',
    },
  ],
  async run({ options: given, positionals }: ParsedArguments<typeof options>, context) {
    const model = positionals[0]!;
    const data = await dataOf(given);
    if (given.layers && given.reference === undefined)
      throw usageError('--layers needs --reference: errors are those against it.');
    if (given.html !== undefined) await checkOutputFolders([given.html]);
    const progress = showProgress(context);
    const evaluation = await context.api
      .evaluate(model, data, { ...optionsOf(given), signal: progress.signal, onProgress: progress.show })
      .finally(progress.end);
    await writeReport(given.html, evaluation, context);
    return { json: evaluation, lines: () => formatEvaluation(evaluation, context.terminal) };
  },
});

type Given = ParsedArguments<typeof options>['options'];

async function dataOf({ data, labels, decode }: Given): Promise<DataFiles> {
  if (data === undefined)
    throw usageError('evaluate needs --data.', 'Write for example --data images.npy --labels labels.npy');
  return {
    path: data,
    ...(labels === undefined ? {} : { labels }),
    ...(decode === undefined ? {} : { decode: await loadDecode(decode) }),
  };
}

function optionsOf(given: Given): EvaluateOptions {
  const { task, topK, threshold, output, batch, contexts, reference, device, threads, layers } = given;
  return {
    ...(task === undefined ? {} : { task }),
    ...(topK === undefined ? {} : { topK }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(output === undefined ? {} : { output }),
    ...(batch === undefined ? {} : { batch }),
    ...(contexts === undefined ? {} : { concurrency: contexts }),
    ...(reference === undefined ? {} : { reference }),
    ...(layers ? { profileLayers: true } : {}),
    session: {
      device: device ?? 'auto',
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...toGpuOptions(given),
    },
  };
}

async function writeReport(
  path: string | undefined,
  evaluation: Awaited<ReturnType<CommandContext['api']['evaluate']>>,
  { terminal, isJson }: CommandContext,
): Promise<void> {
  if (path === undefined) return;
  const { formatEvaluationHtml } = await import('../../evaluate/formats/evaluation-html.js');
  const failure = await writeText(path, () => formatEvaluationHtml(evaluation));
  if (failure !== undefined) throw failure;
  if (!isJson) terminal.writeTalk(`${terminal.talkStyle.dim(`report: ${path}`)}\n`);
}
