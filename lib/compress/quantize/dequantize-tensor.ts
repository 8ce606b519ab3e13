// SPDX-License-Identifier: Apache-2.0
import { intAttribute } from '../../onnx/graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { readFloats, readNumbers } from '../../onnx/graph/tensor-values';
import { forEachRun, product, type ScaleLayout } from './scale-layout';

/** How the scales of a DequantizeLinear lie on what it dequantises. */
export function layoutOfScales(node: NodeMessage, scale: TensorMessage): ScaleLayout {
  if (product(scale.dims) === 1 && scale.dims.length < 2) return {};
  const axis = intAttribute(node, 'axis', 1);
  const blockSize = intAttribute(node, 'block_size', 0);
  return blockSize === 0 ? { axis } : { axis, blockSize };
}

/** What a DequantizeLinear computes from constants; zero points are zero. */
export function dequantizeTensor(
  node: NodeMessage,
  values: TensorMessage,
  scale: TensorMessage,
): Float32Array<ArrayBuffer> {
  const numbers = readNumbers(values);
  const scales = readFloats(scale);
  const result = new Float32Array(numbers.length);
  const layout = layoutOfScales(node, scale);
  forEachRun(values.dims, layout, (start, length, group, step) => {
    for (let i = 0; i < length; i++) result[start + i] = numbers[start + i]! * scales[group + step * i]!;
  });
  return result;
}
