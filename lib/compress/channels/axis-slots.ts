// SPDX-License-Identifier: Apache-2.0
// Every position along every axis of every tensor is a number here, a slot. Operators tie slots that can only be removed
// together (union-find), and block those that must stay.

/** The slots of one axis: `count` numbers from `base` on. */
export interface AxisRange {
  readonly base: number;
  readonly count: number;
}

/** Slots of a graph, and which of them belong together. */
export class AxisSlots {
  private readonly ranges = new Map<string, readonly (AxisRange | undefined)[]>();
  private readonly parent: Int32Array;
  private readonly reasons = new Map<number, string>();

  /** @param dims - Sizes of all tensors; axes whose size is not known have no slots and are never cut. */
  constructor(dims: ReadonlyMap<string, readonly (number | undefined)[]>) {
    let size = 0;
    for (const [tensor, sizes] of dims) {
      const ranges = sizes.map((count) => {
        if (count === undefined) return undefined;
        const base = size;
        size += count;
        return { base, count };
      });
      this.ranges.set(tensor, ranges);
    }
    this.parent = Int32Array.from({ length: size }, (_, index) => index);
  }

  /** Number of all slots. */
  get size(): number {
    return this.parent.length;
  }

  /** Tensors that have slots, with the ranges of their axes. */
  get tensors(): IterableIterator<[string, readonly (AxisRange | undefined)[]]> {
    return this.ranges.entries();
  }

  /** Slots of an axis, if its size is known. */
  of(tensor: string, axis: number): AxisRange | undefined {
    return this.ranges.get(tensor)?.[axis];
  }

  /** The number that stands for all slots that are removed together with this one. */
  find(slot: number): number {
    let root = slot;
    while (this.parent[root] !== root) root = this.parent[root]!;
    for (let at = slot; at !== root;) {
      const next = this.parent[at]!;
      this.parent[at] = root;
      at = next;
    }
    return root;
  }

  /** Two slots that are removed together or not at all. */
  tie(a: number, b: number): void {
    const [one, other] = [this.find(a), this.find(b)];
    if (one === other) return;
    this.parent[other] = one;
    const reason = this.reasons.get(other);
    if (reason !== undefined && !this.reasons.has(one)) this.reasons.set(one, reason);
  }

  /** Ties the slots of two axes one to one. */
  tieRanges(a: AxisRange, b: AxisRange): void {
    for (let i = 0; i < a.count; i++) this.tie(a.base + i, b.base + i);
  }

  /** Slots that cannot be removed; the first reason is kept. */
  block({ base, count }: AxisRange, reason: string): void {
    for (let i = 0; i < count; i++) {
      const root = this.find(base + i);
      if (!this.reasons.has(root)) this.reasons.set(root, reason);
    }
  }

  /** Why a slot cannot be removed; undefined where it can. */
  reasonOf(slot: number): string | undefined {
    return this.reasons.get(this.find(slot));
  }

  /** How many removable sets an axis has, blocked ones not counted. */
  freeSets({ base, count }: AxisRange): number {
    const roots = new Set<number>();
    for (let i = 0; i < count; i++) {
      const root = this.find(base + i);
      if (!this.reasons.has(root)) roots.add(root);
    }
    return roots.size;
  }
}
