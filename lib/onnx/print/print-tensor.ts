// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import type { TensorMessage } from '../graph/onnx-messages';
import { contentBytes, elementsOf, isReadable, readNumbers } from '../graph/tensor-values';
import { printElementType, printList, printName, printNumber } from './print-values';

/** Tensors up to this size are printed with their values: shapes, axes and scales are read with the graph. */
const MOST_SHOWN_ELEMENTS = 8;

/**
 * Type, shape and content of a constant: its values if they are few, else its bytes.
 *
 * @param withRange - Reads larger ones too, for their least and largest values.
 */
export function printTensor(tensor: TensorMessage, withRange: boolean): string {
  const type = `${printElementType(tensor.dataType)} [${tensor.dims.join(', ')}]`;
  const elements = elementsOf(tensor);
  if (tensor.dataType === DATA_TYPE.STRING) {
    const texts = tensor.stringData.map((text) => printName(Buffer.from(text).toString('utf8')));
    return `${type} = ${printList(texts)}`;
  }
  if (!isReadable(tensor)) return `${type}, ${contentBytes(tensor).toLocaleString('en-US')} bytes`;
  if (elements <= MOST_SHOWN_ELEMENTS) return `${type} = ${printFew(tensor)}`;
  const size = `${type}, ${contentBytes(tensor).toLocaleString('en-US')} bytes`;
  return withRange ? `${size}, ${printRange(tensor)}` : size;
}

function printFew(tensor: TensorMessage): string {
  const values = Array.from(readNumbers(tensor), printNumber);
  return tensor.dims.length === 0 ? (values[0] ?? '?') : `[${values.join(', ')}]`;
}

function printRange(tensor: TensorMessage): string {
  const values = readNumbers(tensor);
  let [min, max, odd] = [Infinity, -Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) odd++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  const range = min > max ? 'no finite value' : `${printNumber(min)} to ${printNumber(max)}`;
  return odd === 0 || min > max ? range : `${range}, ${odd} not finite`;
}
