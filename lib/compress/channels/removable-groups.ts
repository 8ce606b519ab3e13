// SPDX-License-Identifier: Apache-2.0
import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import { hasOtherWeights, innerNodes } from '../layers/weight-layer';
import { isWeighted } from '../layers/weighted-operators';
import type { AxisRange } from './axis-slots';
import type { DependencyGraph, WeightAxis } from './dependency-graph';

/** Where a unit is read: positions along the axis of the reader's value, by unit. */
export interface GroupReader extends WeightAxis {
  /** Positions of each unit along the axis, in the order of the units; empty for units that are not read here. */
  readonly positions: readonly (readonly number[])[];
}

/** Channels, neurons or heads that weights of the same nodes make and read: each unit can be removed by itself. */
export interface RemovableGroup {
  /** Names of the nodes whose weights make the units. */
  readonly nodes: readonly string[];
  readonly makers: readonly GroupReader[];
  readonly readers: readonly GroupReader[];
  /** Numbers that stand for the slots of each unit. */
  readonly units: readonly number[];
  /** Positions that a unit takes in the weights, the least of all: the width of a head, 1 for a channel. */
  readonly width: number;
}

/** A node whose outputs all stay, and why. */
export interface KeptChannels {
  /** Name of the node, or of its first output. */
  readonly node: string;
  /** Why its channels stay. */
  readonly reason: string;
}

/**
 * Sorts what can be removed into groups: units whose weights lie in the same tensors, equally many positions in each.
 * What makes no weights smaller on both sides, that which makes and that which reads, is none.
 */
export function findGroups(graph: DependencyGraph): RemovableGroup[] {
  const made = rootsOf(graph, graph.makers);
  const read = rootsOf(graph, graph.readers);
  const signatures = signaturesOf(graph, new Set([...made].filter((root) => read.has(root))));
  const groups = new Map<string, number[]>();
  for (const [root, signature] of signatures) {
    const units = groups.get(signature);
    if (units === undefined) groups.set(signature, [root]);
    else units.push(root);
  }
  return [...groups.values()].map((units) => describeGroup(graph, units));
}

/** Nodes with weights of whose outputs nothing can be removed: all that are in no group. */
export function findKept(graph: DependencyGraph, groups: readonly RemovableGroup[]): KeptChannels[] {
  const kept = new Map<string, string>();
  const removable = new Set(groups.flatMap(({ nodes }) => nodes));
  for (const { node, tensor, axis } of graph.makers) {
    const label = nodeLabel(node);
    if (removable.has(label) || kept.has(label)) continue;
    const range = graph.slots.of(tensor, axis);
    const reason = range && range.count > 0 ? graph.slots.reasonOf(range.base) : 'its channels are not known';
    kept.set(label, reason ?? 'no layer with weights reads what it makes');
  }
  for (const [node, reason] of graph.refused) if (isLayer(node, graph)) kept.set(nodeLabel(node), reason);
  for (const { node, reason } of innerNodes(graph.graph)) kept.set(node, reason);
  return [...kept].map(([node, reason]) => ({ node, reason }));
}

/** True for nodes with weights; a product of two values has none. */
function isLayer(node: NodeMessage, { scope }: DependencyGraph): boolean {
  if (!isWeighted(node)) return hasOtherWeights(node, scope);
  return node.opType.startsWith('Conv') || node.input.some((name) => scope.constants.has(name));
}

function rangeOf(graph: DependencyGraph, { tensor, axis }: WeightAxis): AxisRange | undefined {
  return graph.slots.of(tensor, axis);
}

function rootsOf(graph: DependencyGraph, axes: readonly WeightAxis[]): Set<number> {
  const roots = new Set<number>();
  for (const one of axes) {
    const range = rangeOf(graph, one);
    if (range === undefined) continue;
    for (let i = 0; i < range.count; i++) {
      const root = graph.slots.find(range.base + i);
      if (graph.slots.reasonOf(root) === undefined) roots.add(root);
    }
  }
  return roots;
}

/** Which axes of which constants a unit lies in, and how often. */
function signaturesOf(graph: DependencyGraph, roots: ReadonlySet<number>): Map<number, string> {
  const parts = new Map<number, string[]>([...roots].map((root) => [root, []]));
  for (const name of graph.scope.constants.keys()) {
    const rank = graph.dims(name)?.length ?? 0;
    for (let axis = 0; axis < rank; axis++) {
      const { base, count } = graph.slots.of(name, axis)!;
      const counts = new Map<number, number>();
      for (let i = 0; i < count; i++) {
        const root = graph.slots.find(base + i);
        if (roots.has(root)) counts.set(root, (counts.get(root) ?? 0) + 1);
      }
      for (const [root, times] of counts) parts.get(root)!.push(`${name} ${axis} ${times}`);
    }
  }
  return new Map([...parts].map(([root, list]) => [root, list.join('\n')]));
}

function describeGroup(graph: DependencyGraph, units: readonly number[]): RemovableGroup {
  const places = (axes: readonly WeightAxis[]) =>
    axes.flatMap((one) => {
      const positions = positionsOf(graph, one, units);
      return positions.some(({ length }) => length > 0) ? [{ ...one, positions }] : [];
    });
  const [makers, readers] = [places(graph.makers), places(graph.readers)];
  const widths = [...makers, ...readers].flatMap(({ positions }) => positions.map(({ length }) => length));
  return {
    nodes: [...new Set(makers.map(({ node }) => nodeLabel(node)))],
    makers,
    readers,
    units,
    width: Math.min(...widths.filter((width) => width > 0)),
  };
}

function positionsOf(graph: DependencyGraph, axis: WeightAxis, units: readonly number[]): number[][] {
  const range = rangeOf(graph, axis);
  const positions: number[][] = units.map(() => []);
  if (range === undefined) return positions;
  const index = new Map(units.map((root, at) => [root, at]));
  for (let i = 0; i < range.count; i++) {
    const at = index.get(graph.slots.find(range.base + i));
    if (at !== undefined) positions[at]!.push(i);
  }
  return positions;
}
