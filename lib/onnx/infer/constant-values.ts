// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import { attributeOf } from '../graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { elementsOf, readElements } from '../graph/tensor-values';
import type { KnownValues } from './value-type';

/** Shapes are short; larger tensors are data. */
export const MOST_ELEMENTS = 256;

const INT32 = 6;
/** Types that shapes are computed in. */
const SHAPE_TYPES = new Set<number>([INT32, DATA_TYPE.INT64, DATA_TYPE.FLOAT, DATA_TYPE.BOOL]);

/** Elements of a small tensor of a type that shapes are computed in. */
export function tensorValues(tensor: TensorMessage): KnownValues | undefined {
  const count = elementsOf(tensor);
  if (count > MOST_ELEMENTS || !SHAPE_TYPES.has(tensor.dataType)) return undefined;
  const items = Array.from(readElements(tensor), Number);
  return items.length === count ? { dims: tensor.dims, items } : undefined;
}

/** The value of a Constant node. */
export function constantValues(node: NodeMessage): KnownValues | undefined {
  const tensor = attributeOf(node, 'value')?.t;
  if (tensor !== undefined) return tensorValues(tensor);
  for (const { name, f, i, floats, ints } of node.attribute) {
    if (name === 'value_int' && i !== undefined) return { dims: [], items: [Number(i)] };
    if (name === 'value_float' && f !== undefined) return { dims: [], items: [f] };
    const list = name === 'value_ints' ? ints.map(Number) : name === 'value_floats' ? floats : undefined;
    if (list !== undefined && list.length <= MOST_ELEMENTS) return { dims: [list.length], items: list };
  }
  return undefined;
}
