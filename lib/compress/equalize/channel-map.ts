// SPDX-License-Identifier: Apache-2.0
// Which channels of a graph's tensors have to be scaled together. Each channel of each tensor is a number here; operators
// tie numbers (union-find), and an operator that cannot bear a scaled input blocks them.

import { channelsOf, isSameLayout, type ChannelLayout } from './channel-layout';

/** The channels of a tensor: `count` numbers from `base` on. */
export interface ChannelBlock {
  readonly base: number;
  readonly count: number;
  readonly layout: ChannelLayout;
}

/** Channels of all tensors, and which of them belong together. */
export class ChannelMap {
  private readonly blocks = new Map<string, ChannelBlock>();
  private parent: number[] = [];
  private readonly blockedRoots = new Set<number>();

  /** @param rankOf - Rank of a tensor, for layouts that do not know it. */
  constructor(private readonly rankOf: (tensor: string) => number | undefined = () => undefined) {}

  /** Channels of a tensor, if it has some that can be told. */
  of(tensor: string): ChannelBlock | undefined {
    return this.blocks.get(tensor);
  }

  /** Number of channels of all tensors. */
  get size(): number {
    return this.parent.length;
  }

  /** Gives a new tensor channels of its own. */
  add(tensor: string, layout: ChannelLayout): ChannelBlock {
    const count = channelsOf(layout);
    const known = layout.rank === undefined ? { ...layout, rank: this.rankOf(tensor) } : layout;
    const block = { base: this.parent.length, count, layout: known };
    for (let i = 0; i < count; i++) this.parent.push(block.base + i);
    this.blocks.set(tensor, block);
    return block;
  }

  /**
   * The channels of a tensor that is read with a layout. One that has none yet was made by an operator that cannot scale
   * its result: its channels are blocked from the start.
   *
   * @returns undefined where the tensor's channels lie elsewhere
   */
  expect(tensor: string, layout: ChannelLayout): ChannelBlock | undefined {
    const known = this.blocks.get(tensor);
    if (known !== undefined) return isSameLayout(known.layout, layout) ? known : undefined;
    const block = this.add(tensor, layout);
    this.block(tensor);
    return block;
  }

  /** Ties the channels of two blocks, `count` of them from the given ones on, each of `b` to `repeats` of `a`. */
  tie(
    a: ChannelBlock,
    b: ChannelBlock,
    { fromA = 0, fromB = 0, count = b.count, repeats = 1 }: Partial<TieRange> = {},
  ): void {
    for (let i = 0; i < count * repeats; i++) {
      this.union(a.base + fromA + i, b.base + fromB + Math.floor(i / repeats));
    }
  }

  /** Channels of this tensor cannot be scaled. */
  block(tensor: string): void {
    const block = this.blocks.get(tensor);
    if (block === undefined) return;
    for (let i = 0; i < block.count; i++) this.blockedRoots.add(this.find(block.base + i));
  }

  /** The number that stands for all channels that are scaled together with this one. */
  find(channel: number): number {
    let root = channel;
    while (this.parent[root] !== root) root = this.parent[root]!;
    for (let at = channel; at !== root;) {
      const next = this.parent[at]!;
      this.parent[at] = root;
      at = next;
    }
    return root;
  }

  /** True for a channel that cannot be scaled. */
  isBlocked(channel: number): boolean {
    return this.blockedRoots.has(this.find(channel));
  }

  /** True for a tensor of which no channel can be scaled, or whose channels are not known. */
  isWhollyBlocked(tensor: string): boolean {
    const block = this.blocks.get(tensor);
    if (block === undefined) return true;
    for (let i = 0; i < block.count; i++) if (!this.isBlocked(block.base + i)) return false;
    return true;
  }

  /** Sets of the numbers that stand for channels of these tensors: those of tensors with channels in common together. */
  components(tensors: readonly string[]): number[][] {
    const sets = new Map<number, Set<number>>();
    for (const tensor of tensors) {
      const { base, count } = this.blocks.get(tensor)!;
      const set = new Set<number>();
      for (let i = 0; i < count; i++) set.add(this.find(base + i));
      for (const other of new Set([...set].flatMap((root) => sets.get(root) ?? []))) {
        for (const root of other) set.add(root);
      }
      for (const root of set) sets.set(root, set);
    }
    return [...new Set(sets.values())].map((set) => [...set]);
  }

  private union(a: number, b: number): void {
    const [one, other] = [this.find(a), this.find(b)];
    if (one === other) return;
    this.parent[other] = one;
    if (this.blockedRoots.has(other)) this.blockedRoots.add(one);
  }
}

interface TieRange {
  readonly fromA: number;
  readonly fromB: number;
  readonly count: number;
  readonly repeats: number;
}
