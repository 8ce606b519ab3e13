// SPDX-License-Identifier: Apache-2.0
import { loadModel, OnnxModel, type ModelSource } from '../graph/onnx-model';
import { inferShapes } from '../infer/infer-shapes';
import { printFunction, printGraph } from './print-graph';
import { printName } from './print-values';
import { summarizeModel, type ModelSummary } from './summarize-model';

/** How much of a model is printed. */
export interface PrintOptions {
  /**
   * `'types'` (default): types, shapes and sizes of weights, and the values of tiny ones. `'summary'`: also the least and
   * largest value of each, for which all weights are read.
   */
  readonly weights?: 'types' | 'summary';
}

/**
 * Prints a model as text for people: its numbers, its inputs, constants and outputs, and one line for each node, with
 * types and shapes as far as they are declared or can be inferred.
 *
 * ```text
 * s1: float32 [batch, 16, 16, 16] = Conv(images, stem_w, stem_b) {pads: [1, 1, 1, 1]}  # stem
 * ```
 *
 * Graphs inside nodes are indented below their node; functions come last.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model as it is now.
 * @returns lines that end with a newline
 * @throws {TensorRTError} what `loadModel` throws
 * @example
 * process.stdout.write(await printModel('model.onnx'));
 */
export async function printModel(
  source: ModelSource | OnnxModel,
  { weights = 'types' }: PrintOptions = {},
): Promise<string> {
  const model = source instanceof OnnxModel ? source : await loadModel(source);
  const context = { types: inferShapes(model), withRanges: weights === 'summary' };
  const header = printSummary(model, await summarizeModel(model));
  const functions = model.message.functions.flatMap((one) => ['', ...printFunction(one, context)]);
  return [...header, ...printGraph(model.graph, context), ...functions, ''].join('\n');
}

function printSummary({ graph, message }: OnnxModel, summary: ModelSummary): string[] {
  const opsets = Object.entries(summary.opsets).map(([domain, version]) => `${domain || 'ONNX'} ${version}`);
  const lines: [string, string][] = [
    ['graph', printName(graph.name ?? '')],
    ['opset', `${opsets.join(', ')}; IR ${summary.irVersion}`],
    ['nodes', `${summary.nodes}: ${counts(summary.operators)}`],
    ['parameters', `${summary.parameters.toLocaleString('en-US')}; ${weightText(summary)}`],
    ['computes in', counts(summary.arithmetic)],
    ['quantised', counts(summary.quantizedArithmetic)],
    ['dynamic', summary.dynamicDims.map(printName).join(', ')],
    ['functions', message.functions.map(({ name }) => printName(name)).join(', ')],
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  const shown = lines.filter(([, value]) => value !== '');
  return [...shown.map(([label, value]) => `# ${label.padEnd(width)}  ${value}`), ''];
}

function counts(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, count]) => `${printName(name)} ${count}`)
    .join(', ');
}

function weightText({ weights, weightBytes }: ModelSummary): string {
  const types = Object.entries(weights).map(
    ([type, { bytes }]) => `${type} ${bytes.toLocaleString('en-US')}`,
  );
  return types.length === 0
    ? 'no weights'
    : `${weightBytes.toLocaleString('en-US')} bytes (${types.join(', ')})`;
}
