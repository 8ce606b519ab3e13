// SPDX-License-Identifier: Apache-2.0
import type { ElementType } from './element-type';

/**
 * One dimension as a model declares it: a number where it is fixed, the symbol's name where it is dynamic and
 * named, `-1` where it is dynamic without a name.
 */
export type Dimension = number | string;

/** An input or output of a model or engine. */
export interface TensorInfo {
  /** Name in the ONNX graph. */
  readonly name: string;
  /** Element type. */
  readonly type: ElementType;
  /** Dimensions, outermost first. Empty for a scalar. */
  readonly dims: readonly Dimension[];
  /** False where the model does not even say how many dimensions there are; `dims` is empty then. */
  readonly hasShape?: boolean;
  /** True for TensorRT shape tensors: their values, not only their shape, must be known when shapes are set. */
  readonly isShapeTensor?: boolean;
}
