// SPDX-License-Identifier: Apache-2.0
import type { StringData, TensorData } from '../tensor/element-arrays';
import type { ElementType } from '../tensor/element-type';

export type { StringData, TensorData } from '../tensor/element-arrays';

/** An input with its dims. */
export interface TensorLike {
  /** Element type; that of the model's input if absent. */
  readonly type?: ElementType;
  /** The elements in C order. Packed 4-bit types: two a byte, low half first. */
  readonly data: TensorData;
  /** Dimensions, outermost first; may be left out where a bare typed array would do. */
  readonly dims?: readonly number[];
}

/** An input of strings with its dims. On the CPU alone: TensorRT has no strings. */
export interface StringTensorLike {
  /** `'string'`, or left out. */
  readonly type?: ElementType;
  /** The elements in C order, of any length. Surrogates without their other half become U+FFFD. */
  readonly data: StringData;
  /** Dimensions, outermost first; may be left out where a bare array would do. */
  readonly dims?: readonly number[];
}

/**
 * An output. Its memory belongs to the caller.
 *
 * @typeParam T - Class of its array, where the caller has said it: `Tensor<Float32Array>`, `Tensor<string[]>`.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export class Tensor<T extends TensorData | StringData = any> {
  /** Element type. */
  readonly type: ElementType;
  /** Dimensions, outermost first; empty for a scalar. */
  readonly dims: readonly number[];
  /** The elements in C order. */
  readonly data: T;

  /** @param data - Kept, not copied. */
  constructor(type: ElementType, dims: readonly number[], data: T) {
    this.type = type;
    this.dims = dims;
    this.data = data;
  }
}
