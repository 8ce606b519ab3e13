// SPDX-License-Identifier: Apache-2.0
import type { InferenceSession, Tensor } from 'onnxruntime-common';

import { TensorRTError } from '../errors';
import type { ElementType } from '../tensor/element-type';
import type { TensorInfo } from '../tensor/tensor-info';

/** Element types that a tensor of onnxruntime-common can have. Their names are the same here. */
const TENSOR_TYPES: ReadonlySet<ElementType> = new Set<Tensor.Type & ElementType>([
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'uint4',
  'int4',
]);

/**
 * An input or output as onnxruntime-common describes it: an unnamed dynamic dimension is an empty string. What is no
 * tensor, a sequence or a map, has no type here.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED` for an element type that its tensors do not have.
 */
export function toMetadata({ name, type, dims }: TensorInfo): InferenceSession.ValueMetadata {
  if (type === 'unknown') return { name, isTensor: false };
  if (!TENSOR_TYPES.has(type)) {
    throw new TensorRTError(
      'ERR_TRT_RUN_UNSUPPORTED',
      `Unsupported data type: "${name}" has elements of type ${type}, which the tensors of onnxruntime-common cannot have.`,
      { hint: 'Run the model with createSession() of tensorrt-node.', details: { name, type } },
    );
  }
  return {
    name,
    isTensor: true,
    type: type as Tensor.Type,
    shape: dims.map((dim) => (dim === -1 ? '' : dim)),
  };
}
