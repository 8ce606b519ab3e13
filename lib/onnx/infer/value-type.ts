// SPDX-License-Identifier: Apache-2.0
import type { Dim, Dims } from './dim-algebra';

/** What inference knows of a value: 0 for a type that it does not know, no dims for a rank it does not know. */
export interface ValueType {
  /** TensorProto.DataType, or 0. */
  readonly elemType: number;
  /** Sizes, as far as they are known; absent where not even the rank is. */
  readonly dims?: Dims | undefined;
}

/** Elements of a small tensor, as far as they are known: numbers, or symbols of sizes. In C order. */
export interface KnownValues {
  readonly dims: readonly number[];
  readonly items: readonly (Dim | undefined)[];
}

/** A contradiction: the model says two things that cannot both be true. */
export interface ShapeConflict {
  /** Position in the list of all graphs of the model, outer ones first. */
  readonly graph: number;
  /** Position of the node in its graph; -1 for inputs. */
  readonly node: number;
  /** What does not agree. */
  readonly message: string;
}

/** How messages write dims: `[batch, 3, ?]`. */
export function formatDims(dims: Dims | undefined): string {
  if (dims === undefined) return 'of unknown rank';
  return `[${dims.map((dim) => (typeof dim === 'string' && dim.startsWith('?') ? '?' : dim)).join(', ')}]`;
}
