// SPDX-License-Identifier: Apache-2.0
// Reverse-mode differentiation as a change of the graph: behind the nodes that compute a loss come nodes that compute
// its gradients, last node first. Whatever runs ONNX runs them; nothing here computes with numbers.

import { isStandard, readsOf, subgraphsOf } from '../../onnx/graph/graph-walk';
import { dataTypeName } from '../../onnx/data-type';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import type { GraphWriter } from './graph-writer';
import { NodeGradient, unsupportedNode, type GraphFacts } from './node-gradient';
import { GRADIENT_RULES, isConstantAlmostEverywhere } from './rules';

/** FLOAT16, DOUBLE, BFLOAT16. */
const OTHER_FLOATS: ReadonlySet<number> = new Set([10, 11, 16]);

/** What to differentiate. */
export interface DifferentiateRequest {
  readonly write: GraphWriter;
  /** Nodes in order. They are those of the graph, but for nodes that were written out and have a rule as a whole. */
  readonly tape: readonly NodeMessage[];
  readonly facts: GraphFacts;
  /** A scalar. */
  readonly loss: string;
  /** Values whose gradients are asked for. */
  readonly wanted: readonly string[];
  /** What nodes that were written out kept of the forward pass. */
  readonly kept?: ReadonlyMap<NodeMessage, Readonly<Record<string, string>>>;
}

/**
 * Writes the gradients of a loss.
 *
 * @returns the gradient by value; values that the loss does not depend on are not in it
 * @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED for an operator without a rule between a wanted value and the loss
 */
export function differentiate(request: DifferentiateRequest): Map<string, string> {
  const { write, tape, facts, loss, wanted, kept = new Map<NodeMessage, never>() } = request;
  const path = valuesBetween(tape, wanted, loss);
  const parts = new Map<string, string[]>([[loss, [write.float(1)]]]);
  const sums = new Map<string, string>();
  for (const node of [...tape].reverse()) {
    if (!node.output.some((name) => path.has(name))) continue;
    const gradients = node.output.map((name) => total(write, parts.get(name)));
    if (gradients.every((gradient) => gradient === undefined)) continue;
    refuseOtherThanFloat(node, facts);
    refuseFurtherOutputs(node, gradients);
    const context = { ...spread(facts), isWanted: (name: string) => path.has(name), kept };
    const made = ruleOf(node)(new NodeGradient(node, gradients, write, context));
    for (const [index, gradient] of made.entries()) {
      const name = node.input[index] ?? '';
      if (gradient === undefined || !path.has(name)) continue;
      parts.set(name, [...(parts.get(name) ?? []), gradient]);
    }
  }
  for (const name of wanted) {
    const sum = total(write, parts.get(name));
    if (sum !== undefined) sums.set(name, sum);
  }
  return sums;
}

function spread(facts: GraphFacts): GraphFacts {
  return {
    dimsOf: (name) => facts.dimsOf(name),
    typeOf: (name) => facts.typeOf(name),
    constantOf: (name) => facts.constantOf(name),
  };
}

function total(write: GraphWriter, parts: readonly string[] | undefined): string | undefined {
  if (parts === undefined) return undefined;
  return parts.length === 1 ? parts[0]! : write.node('Sum', parts);
}

/** Values that depend on a wanted one and that the loss depends on. */
function valuesBetween(
  tape: readonly NodeMessage[],
  wanted: readonly string[],
  loss: string,
): ReadonlySet<string> {
  const reached = new Set(wanted);
  for (const node of tape) {
    // Graphs inside a node read values that are no inputs of it.
    if (isConstantAlmostEverywhere(node) || !readsOf(node).some((name) => reached.has(name))) continue;
    for (const name of node.output) if (name !== '') reached.add(name);
  }
  const path = new Set<string>();
  if (reached.has(loss)) path.add(loss);
  for (const node of [...tape].reverse()) {
    if (isConstantAlmostEverywhere(node) || !node.output.some((name) => path.has(name))) continue;
    for (const name of readsOf(node)) if (reached.has(name)) path.add(name);
  }
  return path;
}

/** The constants of rules are FP32. */
function refuseOtherThanFloat(node: NodeMessage, facts: GraphFacts): void {
  const types = [...node.input, ...node.output].map((name) => facts.typeOf(name));
  const other = types.find((type) => type !== undefined && OTHER_FLOATS.has(type));
  if (other === undefined || node.opType === 'Cast') return;
  throw unsupportedNode(node, `it computes in ${dataTypeName(other)}; FP32 is trained`);
}

/** Mean and deviation of a LayerNormalization and the like: rules are of the first output, those of Split of all. */
function refuseFurtherOutputs(node: NodeMessage, gradients: readonly (string | undefined)[]): void {
  const further = gradients.findIndex((gradient, index) => index > 0 && gradient !== undefined);
  if (further === -1 || node.opType === 'Split') return;
  throw unsupportedNode(
    node,
    `the loss depends on its output "${node.output[further]!}", which has no gradient here`,
  );
}

function ruleOf(node: NodeMessage) {
  const rule = isStandard(node) ? GRADIENT_RULES.get(node.opType) : undefined;
  if (rule !== undefined) return rule;
  const reason = subgraphsOf(node).length > 0 ? 'it has graphs inside' : 'the operator has no gradient here';
  throw unsupportedNode(node, reason);
}
