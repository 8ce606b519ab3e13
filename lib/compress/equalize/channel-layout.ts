// SPDX-License-Identifier: Apache-2.0
// Where the channels of a tensor lie. Axes are counted from the end, as the number of leading ones (batch, sequence) is
// often not known. Attention splits the channels over two axes (heads, width of a head) and merges them again: so there
// is a list of axes, the outermost first.

/** Part of a channel's number: an axis from the end (-1 is the last) and how many there are along it. */
export interface ChannelAxis {
  readonly axis: number;
  readonly size: number;
}

/** The axes that number the channels, in C order; `rank` where it is known. */
export interface ChannelLayout {
  readonly axes: readonly ChannelAxis[];
  readonly rank?: number;
}

/** Channels along one axis. */
export function singleAxis(axis: number, size: number, rank?: number): ChannelLayout {
  return { axes: [{ axis, size }], rank };
}

/** Number of channels. */
export function channelsOf({ axes }: ChannelLayout): number {
  return axes.reduce((product, { size }) => product * size, 1);
}

/** True for two layouts that number the channels of equally shaped tensors alike. */
export function isSameLayout(a: ChannelLayout, b: ChannelLayout): boolean {
  return (
    a.axes.length === b.axes.length &&
    a.axes.every(({ axis, size }, index) => axis === b.axes[index]!.axis && size === b.axes[index]!.size)
  );
}

/** The layout behind a Transpose. */
export function transposeLayout(layout: ChannelLayout, permutation: readonly number[]): ChannelLayout {
  const rank = permutation.length;
  const axes = layout.axes.map(({ axis, size }) => ({ axis: permutation.indexOf(axis + rank) - rank, size }));
  return { axes, rank };
}

/**
 * The layout behind an operator that removes or adds axes of size one, or that keeps all.
 *
 * @param positionOf - New position, from the start, of the axis at a position; undefined for a removed one.
 */
export function moveAxes(
  layout: ChannelLayout,
  rank: number,
  positionOf: (position: number) => number | undefined,
): ChannelLayout | undefined {
  if (layout.rank === undefined) return undefined;
  const axes: ChannelAxis[] = [];
  for (const { axis, size } of layout.axes) {
    const position = positionOf(axis + layout.rank);
    if (position === undefined) return undefined;
    axes.push({ axis: position - rank, size });
  }
  return { axes, rank };
}

/** What a Reshape makes of channels: the new layout, and how many neighbours in it are one channel of the old. */
export interface Reshaped {
  readonly layout: ChannelLayout;
  readonly repeats: number;
}

/** Sizes behind a Reshape, the last ones if not all are known to be there; -1 and unknown ones are undefined, 0 copies. */
export interface TargetShape {
  readonly sizes: readonly (number | undefined)[];
  readonly isWhole: boolean;
}

/**
 * The layout behind a Reshape, in the cases where it can be told:
 *
 * 1. the last axis stays the last: `[B, S, C]` to `[B * S, C]`;
 * 2. the last axis is split: `[B, S, H * D]` to `[B, S, H, D]`;
 * 3. the last two are merged: `[B, S, H, D]` to `[B, S, H * D]`;
 * 4. the second of all axes stays the second: `[N, C, H, W]` to `[N, C, H * W]`;
 * 5. everything behind the batch is merged: `[N, C, H, W]` to `[N, C * H * W]`, where each channel is repeated.
 *
 * @param features - Size of the last axis, where readers tell it and the shape does not.
 */
export function reshapeLayout(
  layout: ChannelLayout,
  { sizes, isWhole }: TargetShape,
  features?: number,
): Reshaped | undefined {
  const channels = channelsOf(layout);
  const rank = isWhole ? sizes.length : undefined;
  const last = sizes.at(-1) ?? features;
  const isLast = layout.axes.length === 1 && layout.axes[0]!.axis === -1;
  const isSecond =
    layout.axes.length === 1 && layout.rank !== undefined && layout.axes[0]!.axis === 1 - layout.rank;
  if (isLast && last === channels) return once(singleAxis(-1, channels, rank));
  if (isLast) {
    const before = sizes.at(-2);
    const [heads, width] = [before ?? divide(channels, last), last ?? divide(channels, before)];
    if (heads === undefined || width === undefined || heads * width !== channels || sizes.length < 2)
      return undefined;
    const axes = [
      { axis: -2, size: heads },
      { axis: -1, size: width },
    ];
    return once({ axes, rank });
  }
  const isLastTwo = layout.axes.length === 2 && layout.axes.every(({ axis }, index) => axis === index - 2);
  if (isLastTwo) {
    const isMerged =
      last === channels || (last === undefined && rank !== undefined && rank + 1 === layout.rank);
    return isMerged ? once(singleAxis(-1, channels, rank)) : undefined;
  }
  if (!isSecond || rank === undefined) return undefined;
  if (rank > 2 && (sizes[1] === channels || sizes[1] === 0))
    return once(singleAxis(1 - rank, channels, rank));
  if (rank !== 2 || last === undefined || last % channels !== 0) return undefined;
  return { layout: singleAxis(-1, last, 2), repeats: last / channels };
}

function once(layout: ChannelLayout): Reshaped {
  return { layout, repeats: 1 };
}

function divide(total: number, by: number | undefined): number | undefined {
  return by !== undefined && by > 0 && total % by === 0 ? total / by : undefined;
}
