// SPDX-License-Identifier: Apache-2.0
import { nodeLabel } from './graph-walk';
import type { NodeMessage } from './onnx-messages';

/** Nodes that a pass leaves as they are because the caller says so. */
export interface NodeExclusion {
  /** Operators, e.g. `Gemm`. */
  readonly ops?: readonly string[];
  /** Names of nodes; of their first outputs where they have none. */
  readonly names?: readonly string[];
}

/** By what a node is excluded; null where it is not. */
export function excludedBy(exclude: NodeExclusion, node: NodeMessage): 'operator' | 'name' | null {
  if (exclude.ops?.includes(node.opType)) return 'operator';
  return exclude.names?.includes(nodeLabel(node)) ? 'name' : null;
}
