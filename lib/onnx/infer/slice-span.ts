// SPDX-License-Identifier: Apache-2.0
import type { Dim } from './dim-algebra';
import type { NodeView } from './node-view';

/** What a Slice takes of one axis; what is not known is absent. */
export interface SliceCut {
  readonly axis: number;
  readonly start: Dim | undefined;
  readonly end: Dim | undefined;
  readonly step: Dim | undefined;
}

/** Start, end and step became inputs with opset 10. */
const INPUTS_SINCE = 10;

/** The cuts of a Slice node; `undefined` if it is not known which axes it cuts. */
export function sliceArguments(node: NodeView, rank: number): SliceCut[] | undefined {
  const isOld = node.opset < INPUTS_SINCE;
  const items = (index: number, name: string) => (isOld ? node.ints(name) : node.values(index)?.items);
  const starts = items(1, 'starts');
  const ends = items(2, 'ends');
  const steps = isOld || !node.has(4) ? undefined : (items(4, 'steps') ?? []);
  const hasAxes = isOld ? node.ints('axes') !== undefined : node.has(3);
  const given = hasAxes ? (isOld ? node.ints('axes') : node.numbers(3)) : undefined;
  const count = given?.length ?? starts?.length ?? ends?.length;
  if (count === undefined || (hasAxes && given === undefined)) return undefined;
  const cuts: SliceCut[] = [];
  for (let i = 0; i < count; i++) {
    const axis = node.axis(given?.[i] ?? i, rank);
    if (axis === undefined) return undefined;
    cuts.push({ axis, start: starts?.[i], end: ends?.[i], step: steps === undefined ? 1 : steps[i] });
  }
  return cuts;
}

/** Indices that a slice takes of an axis of `size` elements. */
export function sliceSpan(
  size: number,
  start: number,
  end: number,
  step: number,
): { first: number; length: number } {
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  const [first, last] =
    step > 0
      ? [Math.min(Math.max(from, 0), size), Math.min(Math.max(to, 0), size)]
      : [Math.min(Math.max(from, -1), size - 1), Math.min(Math.max(to, -1), size - 1)];
  return { first, length: Math.max(0, Math.ceil((last - first) / step)) };
}
