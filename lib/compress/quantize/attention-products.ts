// SPDX-License-Identifier: Apache-2.0
// The two products inside attention, queries with keys and probabilities with values. Both their inputs are computed,
// so both need a range; that of the probabilities is known.

import { isStandard } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import type { GraphLinks, NodeInput } from './residual-adds';

/** What of attention is to be quantised. */
export interface AttentionProducts {
  readonly products: readonly NodeMessage[];
  readonly inputs: readonly NodeInput[];
  /** Amplitudes that no data is needed for, by tensor: probabilities end at 1. */
  readonly fixed: ReadonlyMap<string, number>;
  /** Products that stay float, with the reason. */
  readonly kept: readonly { readonly node: NodeMessage; readonly reason: string }[];
}

/** TensorRT has no fused kernels for attention in INT8 beyond this. */
const LONGEST_SEQUENCE = 512;
/** Between scores and softmax: scaling and masks. */
const BETWEEN = new Set(['Add', 'Sub', 'Mul', 'Div', 'Where', 'Identity', 'Cast', 'Reshape']);
const MOST_STEPS = 6;

/** Finds the products around each Softmax: the one that reads it, and the one that its scores come from. */
export function findAttentionProducts(links: GraphLinks): AttentionProducts {
  const found: AttentionFindings = { products: [], inputs: [], fixed: new Map(), kept: [] };
  for (const node of links.scope.graph.node) {
    if (node.opType !== 'MatMul' || !isStandard(node) || !hasTwoValues(node, links)) continue;
    const softmax = links.uses.producer(node.input[0]);
    if (softmax?.opType !== 'Softmax' || !isStandard(softmax)) continue;
    const scores = findScores(softmax, links);
    const pair = scores === undefined ? [node] : [scores, node];
    const length = sequenceLength(softmax, links);
    if (length !== undefined && length > LONGEST_SEQUENCE) {
      const reason = `its sequence of ${length} is longer than ${LONGEST_SEQUENCE}`;
      found.kept.push(...pair.map((one) => ({ node: one, reason })));
      continue;
    }
    found.fixed.set(node.input[0]!, 1);
    for (const one of pair) {
      found.products.push(one);
      found.inputs.push({ node: one, index: 0 }, { node: one, index: 1 });
    }
  }
  return found;
}

interface AttentionFindings extends AttentionProducts {
  readonly products: NodeMessage[];
  readonly inputs: NodeInput[];
  readonly fixed: Map<string, number>;
  readonly kept: { node: NodeMessage; reason: string }[];
}

function hasTwoValues(node: NodeMessage, { scope }: GraphLinks): boolean {
  return node.input.every((name) => scope.typeOf(name) === 1 && scope.constantOf(name) === undefined);
}

/** The product that a Softmax's input is computed from, through scaling and masks. */
function findScores(softmax: NodeMessage, links: GraphLinks): NodeMessage | undefined {
  let front = [softmax.input[0]!];
  for (let step = 0; step < MOST_STEPS && front.length > 0; step++) {
    const nodes = front.flatMap((name) => links.uses.producer(name) ?? []).filter(isStandard);
    const product = nodes.find((node) => node.opType === 'MatMul' && hasTwoValues(node, links));
    if (product !== undefined) return product;
    front = nodes.filter(({ opType }) => BETWEEN.has(opType)).flatMap(({ input }) => input);
  }
  return undefined;
}

/** The last dimension of the scores where the graph declares it. */
function sequenceLength(softmax: NodeMessage, { scope }: GraphLinks): number | undefined {
  const names = [softmax.input[0], softmax.output[0]];
  const declared = [...scope.graph.valueInfo, ...scope.graph.output].filter(({ name }) =>
    names.includes(name),
  );
  return declared.flatMap(({ type }) => type?.tensorType?.shape?.dim.at(-1)?.dimValue ?? [])[0];
}
