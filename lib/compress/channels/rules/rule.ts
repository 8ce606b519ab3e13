// SPDX-License-Identifier: Apache-2.0
import { intAttribute } from '../../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../../onnx/graph/onnx-messages';
import type { DependencyGraph } from '../dependency-graph';

/**
 * Ties what has to be removed together around a node, and blocks what must stay: each axis of each input and output is
 * one or the other, or new.
 *
 * @returns why the node cannot be followed, which blocks all that it reads and makes; undefined where it can
 */
export type DependencyRule = (node: NodeMessage, graph: DependencyGraph) => string | undefined;

/** Rules by operator. */
export type DependencyRules = Readonly<Record<string, DependencyRule>>;

export const UNKNOWN_SHAPE = 'its shapes are not known';

/** An axis counted from the front. */
export function frontAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The attribute `axis` counted from the front. */
export function axisOf(node: NodeMessage, absent: number, rank: number): number {
  return frontAxis(intAttribute(node, 'axis', absent), rank);
}

/** True where a node makes more than its first output. */
export function hasFurtherOutputs(node: NodeMessage): boolean {
  return node.output.slice(1).some((name) => name !== '');
}
