// SPDX-License-Identifier: Apache-2.0
import type { ModelInfo } from '../../onnx';
import type { CommandContext, CommandResult } from '../command';
import { formatTensors } from '../engine-view';
import type { Style } from '../terminal/style';
import { formatFacts, formatTable, indent } from '../terminal/table';
import { printable, wrapText } from '../terminal/text-width';
import { formatBytes, formatCount, plural } from '../values/format';
import { checkForTensorRt, type ModelProblem } from './model-problems';
import { shellWord } from '../values/shell-word';
import { suggestProfileOptions } from './suggest-profiles';

/**
 * Describes an ONNX model. Weights in files of their own are not read.
 *
 * @throws {TensorRTError} the `ERR_TRT_ONNX_*` of the reader, which say what a file is if it is no model
 */
export async function inspectOnnx(path: string, context: CommandContext): Promise<CommandResult> {
  const info = await context.api.readModelInfo(path);
  const problems = await checkForTensorRt(path, info);
  const suggestion = suggestProfileOptions(info);
  return {
    json: { ...onnxDocument(path, info), problems, suggestedOptions: suggestion },
    lines: () => formatOnnx(path, info, { problems, suggestion }, context),
  };
}

function onnxDocument(path: string, info: ModelInfo): Record<string, unknown> {
  const { irVersion, producer, opsets, inputs, outputs, symbols, shapeInputs, nodes, initializers } = info;
  const { parameterCount, weightBytes, fileBytes, typeCensus, externalFiles } = info;
  return {
    kind: 'onnx',
    path,
    irVersion,
    producer,
    opsets,
    inputs,
    outputs,
    symbols,
    shapeInputs,
    nodes: { count: nodes.count, operators: nodes.operators },
    parameterCount,
    weightBytes,
    fileBytes,
    typeCensus,
    externalFiles,
    initializers,
  };
}

interface Judgement {
  readonly problems: readonly ModelProblem[];
  readonly suggestion: readonly string[];
}

function formatOnnx(
  path: string,
  info: ModelInfo,
  { problems, suggestion }: Judgement,
  context: CommandContext,
): string[] {
  const { style } = context.terminal;
  const width = Math.min(context.terminal.width, 110);
  const facts = indent(formatFacts(modelFacts(info), style.dim));
  return [
    `${style.bold(printable(path))}  ${style.dim('ONNX model')}`,
    ...facts,
    '',
    ...formatTensors('Inputs', info.inputs, style),
    '',
    ...formatTensors('Outputs', info.outputs, style),
    '',
    ...formatOperators(info, context),
    '',
    ...formatVerdict(problems, style, width),
    ...formatSuggestion(suggestion, path, style),
  ];
}

function modelFacts(info: ModelInfo): [string, string][] {
  const opsets = Object.entries(info.opsets).map(([domain, version]) =>
    domain === '' ? String(version) : `${domain} ${version}`,
  );
  const weights = Object.entries(info.typeCensus.weights)
    .sort(([, a], [, b]) => b.bytes - a.bytes)
    .map(([type, share]) => `${type.toLowerCase()} ${formatBytes(share.bytes)}`);
  const facts: [string, string][] = [
    ['opset', `${opsets.join(', ')} (IR version ${info.irVersion})`],
    ['producer', info.producer],
    [
      'size',
      `${formatBytes(info.fileBytes)}, ${formatCount(info.parameterCount)} parameters, weights ${formatBytes(info.weightBytes)}`,
    ],
    ['weights', weights.join(', ')],
    ['computes in', countsText(info.typeCensus.compute)],
    ['quantised', countsText(info.typeCensus.quantizedCompute)],
    ['files', info.externalFiles.join(', ')],
    ['symbols', info.symbols.join(', ')],
  ];
  return facts.filter(([, value]) => value !== '').map(([label, value]) => [label, printable(value)]);
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([type, count]) => `${type.toLowerCase()} (${plural(count, 'node')})`)
    .join(', ');
}

const SHOWN_OPERATORS = 12;

function formatOperators({ nodes }: ModelInfo, { terminal: { style }, isVerbose }: CommandContext): string[] {
  const all = Object.entries(nodes.operators)
    .flatMap(([domain, types]) =>
      Object.entries(types).map(
        ([type, count]) => [domain === '' ? type : `${domain}.${type}`, count] as const,
      ),
    )
    .sort(([, a], [, b]) => b - a);
  const shown = isVerbose ? all : all.slice(0, SHOWN_OPERATORS);
  const rest = all.length - shown.length;
  const columns = [{ title: '' }, { title: '', align: 'right' as const }];
  return [
    `${style.bold('Operators')}  ${style.dim(plural(nodes.count, 'node'))}`,
    ...indent(
      formatTable(
        columns,
        shown.map(([name, count]) => [printable(name), formatCount(count)]),
      ),
    ),
    ...(rest > 0 ? indent([style.dim(`… ${rest} more kinds; --verbose shows all`)]) : []),
  ];
}

function formatVerdict(problems: readonly ModelProblem[], style: Style, width: number): string[] {
  const real = problems.filter(({ code }) => code !== null);
  const title =
    real.length > 0
      ? style.yellow('TensorRT would refuse this model')
      : `${style.green('ok')}  nothing is known that TensorRT would refuse (a build tells about operators)`;
  const lines = problems.flatMap(({ message }) =>
    wrapText(printable(message), width - 4).map((line, i) => `${i === 0 ? '- ' : '  '}${line}`),
  );
  return [title, ...indent(lines)];
}

function formatSuggestion(options: readonly string[], path: string, style: Style): string[] {
  if (options.length === 0) return [];
  return [
    '',
    style.bold('Its inputs are dynamic; build it with their ranges, for example'),
    `  ${printable(`tensorrt-node build ${shellWord(path)} ${options.join(' ')}`)}`,
  ];
}
