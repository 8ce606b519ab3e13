// SPDX-License-Identifier: Apache-2.0
import { attributeOf, intAttribute } from '../graph/graph-walk';
import type { NodeMessage } from '../graph/onnx-messages';
import { broadcastDim, type Dim, type DimAlgebra, type Dims } from './dim-algebra';
import { formatDims, type KnownValues, type ValueType } from './value-type';

/** What a rule may ask about the values that a node reads. */
export interface InputLookup {
  typeOf(name: string): ValueType | undefined;
  valuesOf(name: string): KnownValues | undefined;
}

const decoder = new TextDecoder();

/** A node as a rule sees it: attributes with defaults, dims and values of inputs, and a place for contradictions. */
export class NodeView {
  readonly conflicts: string[] = [];

  constructor(
    readonly node: NodeMessage,
    readonly opset: number,
    readonly algebra: DimAlgebra,
    private readonly lookup: InputLookup,
  ) {}

  /** True if input `index` is given. */
  has(index: number): boolean {
    return (this.node.input[index] ?? '') !== '';
  }

  get inputCount(): number {
    return this.node.input.length;
  }

  get outputCount(): number {
    return this.node.output.length;
  }

  elemType(index: number): number {
    return this.lookup.typeOf(this.node.input[index] ?? '')?.elemType ?? 0;
  }

  /** Dims of input `index`; `undefined` for a rank that is not known and for inputs left out. */
  dims(index: number): Dims | undefined {
    return this.has(index) ? this.lookup.typeOf(this.node.input[index]!)?.dims : undefined;
  }

  values(index: number): KnownValues | undefined {
    return this.has(index) ? this.lookup.valuesOf(this.node.input[index]!) : undefined;
  }

  /** All elements of an input, if all are known numbers. */
  numbers(index: number): readonly number[] | undefined {
    const items = this.values(index)?.items;
    return items?.every((item) => typeof item === 'number') === true ? items : undefined;
  }

  /** The element of an input of one element; a size that nothing is known of where it is not known. */
  sizeAt(index: number): Dim {
    const items = this.values(index)?.items;
    const item = items?.length === 1 ? items[0] : undefined;
    return this.asSize(item);
  }

  /** A value as a size: one that nothing is known of where it could be negative. */
  asSize(item: Dim | undefined): Dim {
    return item !== undefined && this.algebra.isSize(item) ? item : this.algebra.fresh();
  }

  int(name: string, absent: number): number {
    return intAttribute(this.node, name, absent);
  }

  ints(name: string): number[] | undefined {
    return attributeOf(this.node, name)?.ints.map(Number);
  }

  float(name: string, absent: number): number {
    return attributeOf(this.node, name)?.f ?? absent;
  }

  floats(name: string): number[] | undefined {
    return attributeOf(this.node, name)?.floats;
  }

  text(name: string, absent: string): string {
    const bytes = attributeOf(this.node, name)?.s;
    return bytes === undefined ? absent : decoder.decode(bytes);
  }

  /** An axis counted from the front; `undefined`, and a contradiction, if there is no such axis. */
  axis(axis: number, rank: number): number | undefined {
    const index = axis < 0 ? axis + rank : axis;
    if (index >= 0 && index < rank) return index;
    this.conflict(`axis ${axis} does not exist in a tensor of ${rank} dimensions`);
    return undefined;
  }

  /** Axes counted from the front, sorted; `undefined` if one does not exist. */
  axes(axes: readonly number[], rank: number): number[] | undefined {
    const found = axes.map((axis) => this.axis(axis, rank));
    if (found.includes(undefined)) return undefined;
    return (found as number[]).sort((a, b) => a - b);
  }

  /** Axes of an attribute, or of an input from the opset on that moved them there; `null` where none are given. */
  axesOf(input: number, inputSince: number): readonly number[] | null | undefined {
    if (this.opset < inputSince) return this.ints('axes') ?? null;
    return this.has(input) ? this.numbers(input) : null;
  }

  /** Dims of inputs broadcast to each other. */
  broadcast(...all: readonly (Dims | undefined)[]): Dims | undefined {
    let result: Dims = [];
    for (const dims of all) {
      if (dims === undefined) return undefined;
      const joined = this.broadcastTwo(result, dims);
      if (joined === undefined) return undefined;
      result = joined;
    }
    return result;
  }

  private broadcastTwo(a: Dims, b: Dims): Dims | undefined {
    const rank = Math.max(a.length, b.length);
    const result: Dim[] = [];
    for (let i = 0; i < rank; i++) {
      const left = a[i - rank + a.length] ?? 1;
      const right = b[i - rank + b.length] ?? 1;
      const dim = broadcastDim(left, right, this.algebra);
      if (dim === undefined) {
        this.conflict(`shapes ${formatDims(a)} and ${formatDims(b)} cannot be broadcast to each other`);
        return undefined;
      }
      result.push(dim);
    }
    return result;
  }

  /** Two sizes that must be equal: the one that says more. */
  same(a: Dim, b: Dim, what: string): Dim {
    if (typeof a === 'number' && typeof b === 'number' && a !== b)
      this.conflict(`${what} must be equal, but are ${a} and ${b}`);
    return typeof a === 'number' || (typeof b === 'string' && b.startsWith('?')) ? a : b;
  }

  conflict(message: string): void {
    this.conflicts.push(message);
  }
}

/** Dims of the outputs of a node, as far as they follow from its inputs. */
export type ShapeRule = (node: NodeView) => readonly (Dims | undefined)[];

/** Rules by operator. */
export type ShapeRules = Readonly<Record<string, ShapeRule>>;

/** The same rule for several operators, whose names are separated by spaces. */
export function ruleFor(operators: string, rule: ShapeRule): ShapeRules {
  return Object.fromEntries(operators.split(' ').map((operator) => [operator, rule]));
}

/** Values of the outputs of a node, whose dims are known already. */
export type ValueRule = (
  node: NodeView,
  outputs: readonly (Dims | undefined)[],
) => readonly (KnownValues | undefined)[];
