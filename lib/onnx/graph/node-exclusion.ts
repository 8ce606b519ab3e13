// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { didYouMean } from '../../text/nearest-name';
import { allGraphs, nodeLabel } from './graph-walk';
import type { GraphMessage, NodeMessage } from './onnx-messages';

/** Nodes that a pass leaves as they are because the caller says so. */
export interface NodeExclusion {
  /** Operators, e.g. `Gemm`. */
  readonly ops?: readonly string[];
  /** Names of nodes; of their first outputs where they have none. */
  readonly names?: readonly string[];
  /**
   * Patterns of names: regular expressions, which match anywhere in a name, or texts with `*` for any characters, which
   * match all of it.
   */
  readonly patterns?: readonly (RegExp | string)[];
}

/** By what a node is excluded; null where it is not. */
export function excludedBy(
  exclude: NodeExclusion,
  node: NodeMessage,
): 'operator' | 'name' | 'pattern' | null {
  if (exclude.ops?.includes(node.opType)) return 'operator';
  const label = nodeLabel(node);
  if (exclude.names?.includes(label)) return 'name';
  return exclude.patterns?.some((pattern) => matches(pattern, label)) ? 'pattern' : null;
}

/**
 * Checks that all of an exclusion is there: a misspelled name would exclude nothing and say nothing. Give it the graph
 * as the caller knows it, before passes change names.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_EXCLUDE with what is not in the graph, and the nearest name that is
 */
export function checkExclusion(exclude: NodeExclusion, graph: GraphMessage): void {
  const nodes = allGraphs(graph).flatMap(({ node }) => node);
  const names = new Set(nodes.map(nodeLabel));
  const ops = new Set(nodes.map(({ opType }) => opType));
  for (const name of exclude.names ?? []) if (!names.has(name)) throw unknown('node', name, names);
  for (const op of exclude.ops ?? []) if (!ops.has(op)) throw unknown('operator', op, ops);
  for (const pattern of exclude.patterns ?? []) {
    if (![...names].some((name) => matches(pattern, name))) {
      throw unknown('node whose name matches', String(pattern), []);
    }
  }
}

function matches(pattern: RegExp | string, name: string): boolean {
  if (typeof pattern !== 'string') {
    // One with the flags g or y would go on from where it ended the last time.
    pattern.lastIndex = 0;
    return pattern.test(name);
  }
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

function unknown(kind: string, what: string, candidates: Iterable<string>): TensorRTError {
  const message = `The exclusion names the ${kind} "${what}", which the model does not have.${didYouMean(what, candidates)}`;
  return new TensorRTError('ERR_TRT_QUANT_EXCLUDE', message, { details: { kind, name: what } });
}
