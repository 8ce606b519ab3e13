// SPDX-License-Identifier: Apache-2.0
import { nodeLabel, type UniqueNames } from '../graph/graph-walk';
import type { GraphScope } from '../graph/graph-scope';
import type { HalfType } from '../graph/half-floats';
import type { NodeMessage, TensorMessage, ValueMessage } from '../graph/onnx-messages';

/** The two precisions that a value of FLOAT can be had in. */
export type Side = 'float' | 'half';

/**
 * One FLOAT value of a model and its names on both sides. It is made on one side, its home; where the other side is
 * wanted too, one Cast gives it to all who want it. A constant is at home on both sides.
 */
export interface CastValue {
  readonly scope: GraphScope;
  readonly names: Readonly<Record<Side, string>>;
  readonly constant?: TensorMessage;
  home: Side;
  /** Made by a DequantizeLinear, which can be there once for each side: no Cast comes between it and its readers. */
  isTwin: boolean;
  /** A constant that hides scores from a softmax: it is moved into the range of the type. */
  isMask: boolean;
  /** A scale of quantised values: those who read it on either side read the same number. */
  isScale: boolean;
  readonly wanted: Record<Side, boolean>;
}

/** Inputs or outputs of the main graph that are to become half-wide themselves. */
export interface CastBorder {
  readonly to: HalfType;
  readonly halfNames: ReadonlySet<string>;
  readonly names: UniqueNames;
}

const FLOAT = 1;

/** The FLOAT values of all scopes, made where they are first asked for. */
export class CastValues {
  private readonly byScope = new Map<GraphScope, Map<string, CastValue>>();

  constructor(private readonly border: CastBorder) {}

  /** The value that `name` is in a scope; undefined for values that are not of FLOAT for sure. */
  find(scope: GraphScope, name: string): CastValue | undefined {
    if (name === '') return undefined;
    const owner = ownerOf(scope, name);
    if (owner?.typeOf(name) !== FLOAT) return undefined;
    let values = this.byScope.get(owner);
    if (values === undefined) this.byScope.set(owner, (values = new Map<string, CastValue>()));
    let value = values.get(name);
    if (value === undefined) values.set(name, (value = this.create(owner, name)));
    return value;
  }

  /** All values that were asked for, by the scope that owns them. */
  of(scope: GraphScope): CastValue[] {
    return [...(this.byScope.get(scope)?.values() ?? [])];
  }

  private create(scope: GraphScope, name: string): CastValue {
    const { names, halfNames, to } = this.border;
    const isHalfOutside = scope.parent === undefined && halfNames.has(name);
    const pair = isHalfOutside
      ? { float: names.make(`${name}_fp32`), half: name }
      : { float: name, half: names.make(`${name}_${to}`) };
    const isInput = isHalfOutside && scope.graph.input.some((input) => input.name === name);
    return {
      scope,
      names: pair,
      constant: scope.constants.get(name),
      home: isInput ? 'half' : 'float',
      isTwin: false,
      isMask: false,
      isScale: false,
      wanted: { float: false, half: false },
    };
  }
}

function ownerOf(scope: GraphScope, name: string): GraphScope | undefined {
  for (let at: GraphScope | undefined = scope; at !== undefined; at = at.parent) if (at.owns(name)) return at;
  return undefined;
}

/** A node as reports name it. */
export interface KeptNode {
  /** Name of the node, or of its first output. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** Why it stayed. */
  readonly reason: string;
}

/** Why a node stayed FP32. */
export function keptNode(node: NodeMessage, reason: string): KeptNode {
  return { node: nodeLabel(node), op: node.opType, reason };
}

/** Sets the element type of a declared value. */
export function declareType(value: ValueMessage, elemType: number): void {
  if (value.type?.tensorType !== undefined) value.type.tensorType.elemType = elemType;
}
