// SPDX-License-Identifier: Apache-2.0
import { isStandard } from '../../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../../graph/onnx-messages';
import { isNear, PatternGraph } from './pattern-graph';

/** A GELU, as one node or as the nodes it is made of. */
export interface GeluMatch {
  /** In no particular order. */
  readonly nodes: readonly NodeMessage[];
  readonly input: string;
  readonly output: string;
  /** Which of the two formulas of Hendrycks and Gimpel, https://arxiv.org/abs/1606.08415. */
  readonly approximate: 'none' | 'tanh';
}

/**
 * Finds GELUs in one graph, not in the graphs inside its nodes.
 *
 * 1. Gelu nodes.
 * 2. `x 0.5 (1 + Erf(x / sqrt(2)))`, the factors in any order, the division also as a product.
 * 3. `x 0.5 (1 + Tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`, the power also as products.
 *
 * Not found: those of which others read a value between.
 */
export function findGelus(graph: GraphMessage, pattern = PatternGraph.of(graph)): GeluMatch[] {
  return graph.node.flatMap((node) => {
    if (!isStandard(node)) return [];
    switch (node.opType) {
      case 'Gelu':
        return [single(node)];
      case 'Erf':
        return complete(node, errorArgument(node, pattern), pattern) ?? [];
      case 'Tanh':
        return complete(node, tanhArgument(node, pattern), pattern) ?? [];
      default:
        return [];
    }
  });
}

function single(node: NodeMessage): GeluMatch {
  const isTanh = node.attribute.some(
    ({ name, s }) => name === 'approximate' && new TextDecoder().decode(s) === 'tanh',
  );
  return {
    nodes: [node],
    input: node.input[0]!,
    output: node.output[0]!,
    approximate: isTanh ? 'tanh' : 'none',
  };
}

interface Argument {
  readonly input: string;
  readonly nodes: readonly NodeMessage[];
}

function errorArgument(root: NodeMessage, pattern: PatternGraph): Argument | undefined {
  const step = pattern.scalarStep(pattern.producer(root.input[0], 'Div', 'Mul'));
  if (step === undefined) return undefined;
  const isDivision = step.node.opType === 'Div';
  if (isDivision && step.isConstantFirst) return undefined;
  return isNear(step.scalar, isDivision ? Math.SQRT2 : Math.SQRT1_2)
    ? { input: step.value, nodes: [step.node] }
    : undefined;
}

function tanhArgument(root: NodeMessage, pattern: PatternGraph): Argument | undefined {
  const scaled = pattern.scalarStep(pattern.producer(root.input[0], 'Mul'));
  const sum = pattern.producer(scaled?.value, 'Add');
  if (!isNear(scaled?.scalar, Math.sqrt(2 / Math.PI)) || sum === undefined) return undefined;
  for (const [cubic, input] of [
    [sum.input[1], sum.input[0]],
    [sum.input[0], sum.input[1]],
  ]) {
    const term = pattern.scalarStep(pattern.producer(cubic, 'Mul'));
    const power = isNear(term?.scalar, 0.044715) ? cubeOf(term!.value, input!, pattern) : undefined;
    if (power !== undefined) return { input: input!, nodes: [...power, term!.node, sum, scaled!.node] };
  }
  return undefined;
}

/** The nodes of `x^3`, `x x x`. */
function cubeOf(value: string, input: string, pattern: PatternGraph): NodeMessage[] | undefined {
  const last = pattern.producer(value, 'Pow', 'Mul');
  if (last === undefined || !last.input.includes(input)) return undefined;
  if (last.opType === 'Pow') return pattern.scalar(last.input[1]) === 3 ? [last] : undefined;
  const square = pattern.producer(last.input[0] === input ? last.input[1] : last.input[0], 'Mul', 'Pow');
  if (square?.input[0] !== input) return undefined;
  const isSquare =
    square.opType === 'Mul' ? square.input[1] === input : pattern.scalar(square.input[1]) === 2;
  return isSquare ? [square, last] : undefined;
}

/** `1 +`, then the products with 0.5 and the input in any order. */
function complete(
  root: NodeMessage,
  argument: Argument | undefined,
  pattern: PatternGraph,
): GeluMatch | undefined {
  if (argument === undefined) return undefined;
  const sum = pattern.scalarStep(pattern.onlyReader(root.output[0], 'Add'));
  if (sum?.scalar !== 1) return undefined;
  const { input } = argument;
  const nodes = [...argument.nodes, root, sum.node];
  let [hasInput, hasHalf] = [false, false];
  let output = sum.node.output[0]!;
  while (!hasInput || !hasHalf) {
    const product = pattern.onlyReader(output, 'Mul');
    if (product === undefined) return undefined;
    const other = product.input[product.input[0] === output ? 1 : 0]!;
    const half = pattern.scalarStep(pattern.producer(other, 'Mul'));
    if (!hasHalf && isNear(pattern.scalar(other), 0.5)) hasHalf = true;
    else if (!hasInput && other === input) hasInput = true;
    else if (!hasInput && !hasHalf && half?.value === input && isNear(half.scalar, 0.5)) {
      [hasInput, hasHalf] = [true, true];
      nodes.push(half.node);
    } else return undefined;
    nodes.push(product);
    output = product.output[0]!;
  }
  const last = nodes.at(-1)!;
  const isClosed = nodes.every((node) => node === last || isReadInside(node, nodes, pattern));
  return isClosed
    ? { nodes, input, output, approximate: root.opType === 'Erf' ? 'none' : 'tanh' }
    : undefined;
}

function isReadInside(
  { output }: NodeMessage,
  nodes: readonly NodeMessage[],
  { uses }: PatternGraph,
): boolean {
  const readers = uses.readers(output[0]);
  return uses.reads(output[0]) === readers.length && readers.every((reader) => nodes.includes(reader));
}
