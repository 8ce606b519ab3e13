// SPDX-License-Identifier: Apache-2.0
// What was written is read again: a rule that is broken here makes TensorRT refuse the model, or be slow or wrong.

import { TensorRTError } from '../../errors';
import { GraphScope } from '../../onnx/graph/graph-scope';
import { isStandard, nodeLabel } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { readFloats, readNumbers } from '../../onnx/graph/tensor-values';
import { isWeighted } from '../layers/weighted-operators';

/** Operators whose inputs are never quantised. */
const FLOAT_INPUTS = /^(Softmax|LogSoftmax|\w*Normalization|LRN|Exp|Log|Sqrt|Pow|Erf|Gelu|Reduce\w+)$/;

/**
 * Checks a model that `quantizeModel` changed, before or after a cast of its rest:
 *
 * 1. nodes are in order, and no name is there twice;
 * 2. scales are constants, finite and above zero; zero points are zero;
 * 3. an activation has one QuantizeLinear, and integers have no readers but DequantizeLinear;
 * 4. an operator that reads a quantised activation has quantised weights too, and no bias is quantised;
 * 5. at most one input of an addition is quantised, and none of normalisations, softmax and the like;
 * 6. inputs and outputs have the names of the source's, in the same order.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CHECK with all that is broken in `details.problems`
 */
export function checkQuantized(model: OnnxModel, source: OnnxModel): void {
  const links = linksOf(model.graph);
  const problems = [
    ...findDisorder(model.graph),
    ...model.graph.node.flatMap((node) => (isQuantizer(node) ? findBadScales(node, links.scope) : [])),
    ...findUnpaired(model.graph),
    ...model.graph.node.flatMap((node) => findBadInputs(node, links)),
    ...findBorderChanges(model.graph, source.graph),
  ];
  if (problems.length === 0) return;
  throw new TensorRTError(
    'ERR_TRT_QUANT_CHECK',
    `The quantised model breaks ${problems.length} of the rules that it was written by: ${problems.slice(0, 3).join('; ')}.`,
    { details: { problems } },
  );
}

interface QuantizedLinks {
  readonly scope: GraphScope;
  /** What DequantizeLinear nodes make: of constants, and of activations. */
  readonly weights: ReadonlySet<string>;
  readonly activations: ReadonlySet<string>;
}

function linksOf(graph: GraphMessage): QuantizedLinks {
  const scope = new GraphScope(graph);
  const made = graph.node.filter((node) => isQuantizer(node) && node.opType === 'DequantizeLinear');
  const isWeight = (node: NodeMessage) => scope.constants.has(node.input[0]!);
  const outputs = (nodes: readonly NodeMessage[]) => new Set(nodes.flatMap(({ output }) => output));
  return {
    scope,
    weights: outputs(made.filter(isWeight)),
    activations: outputs(made.filter((node) => !isWeight(node))),
  };
}

function isQuantizer(node: NodeMessage): boolean {
  return isStandard(node) && /^(Quantize|Dequantize)Linear$/.test(node.opType);
}

function findDisorder(graph: GraphMessage): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  const known = new Set(['']);
  for (const { name = '' } of [...graph.input, ...graph.initializer]) known.add(name);
  for (const node of graph.node) {
    const label = nodeLabel(node);
    if (names.has(label)) problems.push(`two nodes are called "${label}"`);
    names.add(label);
    for (const name of node.input) {
      if (!known.has(name)) problems.push(`node "${label}" reads "${name}" before it is made`);
    }
    for (const name of node.output) {
      if (name !== '' && known.has(name)) problems.push(`"${name}" is made twice`);
      known.add(name);
    }
  }
  return problems;
}

function findBadScales(node: NodeMessage, scope: GraphScope): string[] {
  const label = nodeLabel(node);
  const [, scaleName = '', zeroName = ''] = node.input;
  const scale = scope.constants.get(scaleName);
  if (scale === undefined) return [`the scale of "${label}" is not a constant`];
  const bad = readFloats(scale).find((value) => !(value > 0 && Number.isFinite(value)));
  const problems = bad === undefined ? [] : [`"${label}" has a scale of ${bad}`];
  const zero = scope.constants.get(zeroName);
  if (zeroName !== '' && (zero === undefined || readNumbers(zero).some((value) => value !== 0))) {
    problems.push(`"${label}" has a zero point that is not zero`);
  }
  return problems;
}

function findUnpaired(graph: GraphMessage): string[] {
  const quantizers = graph.node.filter(({ opType }) => opType === 'QuantizeLinear');
  const integers = new Set(quantizers.flatMap(({ output }) => output));
  const seen = new Set<string>();
  const problems: string[] = [];
  for (const { input } of quantizers) {
    if (seen.has(input[0]!)) problems.push(`"${input[0]!}" is quantised twice`);
    seen.add(input[0]!);
  }
  for (const node of graph.node) {
    if (node.opType === 'DequantizeLinear') continue;
    const read = node.input.find((name) => integers.has(name));
    if (read !== undefined) problems.push(`node "${nodeLabel(node)}" reads the integers "${read}"`);
  }
  return problems;
}

function findBadInputs(node: NodeMessage, { weights, activations }: QuantizedLinks): string[] {
  const label = `node "${nodeLabel(node)}" (${node.opType})`;
  const isRounded = node.input.map((name) => weights.has(name) || activations.has(name));
  if (isWeighted(node)) {
    const hasActivation = node.input.slice(0, 2).some((name) => activations.has(name));
    const problems =
      hasActivation && !(isRounded[0] && isRounded[1]) ? [`${label} has one input quantised of two`] : [];
    return isRounded[2] === true ? [...problems, `the bias of ${label} is quantised`] : problems;
  }
  const count = isRounded.filter(Boolean).length;
  if (node.opType === 'Add' && count > 1) return [`both inputs of ${label} are quantised`];
  return FLOAT_INPUTS.test(node.opType) && count > 0 ? [`an input of ${label} is quantised`] : [];
}

function findBorderChanges(graph: GraphMessage, source: GraphMessage): string[] {
  return (['input', 'output'] as const)
    .map((side) => [side, borderNames(graph, side), borderNames(source, side)] as const)
    .filter(([, now, before]) => now !== before)
    .map(([side, now, before]) => `its ${side}s are ${now}, those of the source ${before}`);
}

/** Without inputs that have a default value: old models list all weights, and folding changes those. */
function borderNames(graph: GraphMessage, side: 'input' | 'output'): string {
  const defaults = new Set(graph.initializer.map(({ name }) => name));
  return graph[side].flatMap(({ name }) => (side === 'input' && defaults.has(name) ? [] : [name])).join(', ');
}
