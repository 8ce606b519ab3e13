// SPDX-License-Identifier: Apache-2.0
// Residual additions of convolutional networks. TensorRT computes an addition in the epilogue of the convolution that
// feeds it; the type of its other input then decides the type of the result. So that other input is quantised, and
// the one that comes straight from the convolution is not. In transformers neither is: it costs far more accuracy than
// it gains speed.

import type { GraphScope } from '../../onnx/graph/graph-scope';
import { isStandard } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import { ValueUses } from '../../onnx/graph/value-uses';

/** An input of a node. */
export interface NodeInput {
  readonly node: NodeMessage;
  readonly index: number;
}

/** The main graph as plans look at it: types and constants, producers and readers. */
export class GraphLinks {
  readonly uses: ValueUses;

  constructor(readonly scope: GraphScope) {
    this.uses = new ValueUses(scope.graph);
  }
}

/** The inputs of residual additions that are to be quantised: at most one of each. */
export function findResidualInputs(
  links: GraphLinks,
  isQuantized: (node: NodeMessage) => boolean,
): NodeInput[] {
  return links.scope.graph.node.flatMap((node) => {
    if (node.opType !== 'Add' || !isStandard(node) || node.input.length !== 2) return [];
    if (node.input.some((name) => !isFloatValue(name, links.scope))) return [];
    const isDirect = node.input.map((name) => {
      const convolution = directConvolution(name, links);
      return convolution !== undefined && isQuantized(convolution);
    });
    if (!isDirect.includes(true)) return [];
    const index = isDirect[0] === isDirect[1] ? shorterPath(node, links) : isDirect.indexOf(false);
    return [{ node, index }];
  });
}

/** True for a FLOAT that is computed, not a constant. */
export function isFloatValue(name: string, scope: GraphScope): boolean {
  return scope.typeOf(name) === 1 && scope.constantOf(name) === undefined;
}

/** The convolution that makes a value by itself, with nothing behind it but a bias, a factor or a normalisation. */
function directConvolution(name: string, links: GraphLinks): NodeMessage | undefined {
  for (let at = name; links.uses.reads(at) === 1;) {
    const node = links.uses.producer(at);
    if (node === undefined || !isStandard(node)) return undefined;
    if (node.opType === 'Conv' || node.opType === 'ConvTranspose') return node;
    const values = node.input.filter((input) => links.scope.constantOf(input) === undefined);
    const isAffine = ['Add', 'Mul', 'BatchNormalization'].includes(node.opType) && values.length === 1;
    if (!isAffine) return undefined;
    at = values[0]!;
  }
  return undefined;
}

/** Both inputs come from convolutions: the one nearer to where the two part is the shortcut. */
function shorterPath({ input }: NodeMessage, links: GraphLinks): number {
  const [left, right] = input.map((name) => links.uses.ancestors(name)) as [
    Map<NodeMessage, number>,
    Map<NodeMessage, number>,
  ];
  let nearest: [number, number] | undefined;
  for (const [node, steps] of left) {
    const others = right.get(node);
    if (others === undefined) continue;
    if (nearest === undefined || steps + others < nearest[0] + nearest[1]) nearest = [steps, others];
  }
  // Without a common ancestor (they part at an input of the graph) the whole paths count.
  const [a, b] = nearest ?? [Math.max(...left.values()), Math.max(...right.values())];
  return a < b ? 0 : 1;
}
