// SPDX-License-Identifier: Apache-2.0
// Sizes that a graph computes from the shapes of its tensors. They may be used where surgery writes them anew (the target
// of a Reshape); where they become data, the sizes that they tell of must stay.

import { attributeOf, intAttribute } from '../../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../../onnx/graph/onnx-messages';
import type { DependencyGraph } from '../dependency-graph';
import { cutsOf } from './movement';
import { frontAxis, UNKNOWN_SHAPE, type DependencyRule } from './rule';

/** Where whole numbers go on their way to a shape. */
const ARITHMETIC = new Set(
  'Gather Slice Concat Unsqueeze Squeeze Cast Mul Div Add Sub Identity Reshape ReduceProd Mod Min Max Floor Ceil Split'.split(
    ' ',
  ),
);
/** Inputs that surgery writes anew, by operator. */
export const WRITTEN_SHAPES: Readonly<Record<string, number>> = { Reshape: 1, Expand: 1, Resize: 3 };

/** Shape: axes whose sizes come to be used as numbers are blocked. */
export const shape: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const rank = graph.dims(data)?.length;
  if (rank === undefined) return UNKNOWN_SHAPE;
  const start = frontAxis(intAttribute(node, 'start', 0), rank);
  const end = frontAxis(intAttribute(node, 'end', rank), rank);
  graph.block(made, 'it holds sizes');
  const span = { start: Math.max(0, start), end: Math.min(rank, end) };
  for (const reader of graph.consumers(made)) {
    if (!becomesData(made, reader, graph)) continue;
    const axes = axesTaken(reader, made, graph);
    for (let axis = span.start; axis < span.end; axis++)
      if (axes === undefined || axes(axis - span.start, span.end - span.start))
        graph.block(data, `its size is used as a number behind "${node.name}"`, axis);
  }
  if (graph.graph.output.some(({ name }) => name === made))
    graph.block(data, 'its size is an output of the model');
  return undefined;
};

/** Which sizes a reader takes from a list of them; undefined where it takes all. */
function axesTaken(
  reader: NodeMessage,
  shape: string,
  graph: DependencyGraph,
): ((position: number, count: number) => boolean) | undefined {
  if (reader.input[0] !== shape) return undefined;
  if (reader.opType === 'Gather') {
    const picked = graph.numbers(reader.input[1]);
    return picked && ((position, count) => picked.some((one) => frontAxis(one, count) === position));
  }
  if (reader.opType !== 'Slice') return undefined;
  const cut = cutsOf(reader, graph)?.[0];
  if (cut === undefined || !('step' in cut) || cut.step !== 1) return undefined;
  return (position, count) =>
    position >= frontAxis(cut.start, count) && position < frontAxis(Math.min(cut.end, count), count);
}

/** True where a value ends anywhere but in a shape that surgery writes anew. */
function becomesData(value: string, reader: NodeMessage, graph: DependencyGraph): boolean {
  const written = Object.hasOwn(WRITTEN_SHAPES, reader.opType) ? WRITTEN_SHAPES[reader.opType] : undefined;
  const positions = reader.input.flatMap((name, index) => (name === value ? [index] : []));
  if (written !== undefined && positions.every((index) => index === written)) return false;
  if (!ARITHMETIC.has(reader.opType)) return true;
  return reader.output.some(
    (made) =>
      graph.graph.output.some(({ name }) => name === made) ||
      graph.consumers(made).some((next) => becomesData(made, next, graph)),
  );
}

/** Attributes tell whether zeros in a target copy sizes. */
export function copiesZeros(node: NodeMessage): boolean {
  return Number(attributeOf(node, 'allowzero')?.i ?? 0n) === 0;
}
