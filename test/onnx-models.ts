// SPDX-License-Identifier: Apache-2.0
// Ready-made small models for tests. Each call writes a fresh one.

import { makeModel, type OnnxTypeName } from './onnx-builder';

type Dims = readonly (number | string)[];

/** y = x. */
export function identityModel(dims: Dims = [4], type: OnnxTypeName = 'FLOAT', opset = 17): Uint8Array {
  return makeModel({
    opset,
    inputs: [{ name: 'x', type, dims }],
    outputs: [{ name: 'y', type, dims }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
}

/** y = x + [1, 2, 3, 4] on a vector of four. */
export function addModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: [4] }],
    outputs: [{ name: 'y', dims: [4] }],
    nodes: [{ op: 'Add', inputs: ['x', 'bias'], outputs: ['y'], name: 'add' }],
    initializers: [{ name: 'bias', dims: [4], data: [1, 2, 3, 4] }],
  });
}

/** Adds floats and whole numbers, which ONNX does not allow. */
export function mixedTypesModel(): Uint8Array {
  return makeModel({
    inputs: [
      { name: 'x', dims: [4] },
      { name: 'i', type: 'INT32', dims: [4] },
    ],
    outputs: [{ name: 'y', dims: [4] }],
    nodes: [{ op: 'Add', inputs: ['x', 'i'], outputs: ['y'], name: 'mixed_add' }],
  });
}

/** Two convolutions, pooling and a fully connected layer: `images` [batch, 1, 8, 8] to `logits` [batch, 10]. */
export function convModel(batch: number | string = 1, type: OnnxTypeName = 'FLOAT'): Uint8Array {
  return makeModel({
    inputs: [{ name: 'images', type, dims: [batch, 1, 8, 8] }],
    outputs: [{ name: 'logits', type, dims: [batch, 10] }],
    nodes: [
      {
        op: 'Conv',
        name: 'conv1',
        inputs: ['images', 'w1', 'b1'],
        outputs: ['c1'],
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
      },
      { op: 'Relu', name: 'relu1', inputs: ['c1'], outputs: ['r1'] },
      {
        op: 'Conv',
        name: 'conv2',
        inputs: ['r1', 'w2'],
        outputs: ['c2'],
        attributes: { kernel_shape: [3, 3] },
      },
      { op: 'GlobalAveragePool', name: 'pool', inputs: ['c2'], outputs: ['p'] },
      { op: 'Flatten', name: 'flatten', inputs: ['p'], outputs: ['f'] },
      { op: 'Gemm', name: 'fc', inputs: ['f', 'w3', 'b3'], outputs: ['logits'] },
    ],
    initializers: [
      { name: 'w1', type, dims: [8, 1, 3, 3] },
      { name: 'b1', type, dims: [8] },
      { name: 'w2', type, dims: [16, 8, 3, 3] },
      { name: 'w3', type, dims: [16, 10] },
      { name: 'b3', type, dims: [10] },
    ],
  });
}

/** y = Relu(x) with [batch, 3, height, width], all but the channels dynamic. */
export function dynamicModel(dims: Dims = ['batch', 3, 'height', 'width']): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims }],
    outputs: [{ name: 'y', dims }],
    nodes: [{ op: 'Relu', name: 'relu', inputs: ['x'], outputs: ['y'] }],
  });
}

/** `x` [2, 6] reshaped to the two values of the input `shape`. */
export function reshapeModel(): Uint8Array {
  return makeModel({
    inputs: [
      { name: 'x', dims: [2, 6] },
      { name: 'shape', type: 'INT64', dims: [2] },
    ],
    outputs: [{ name: 'y', dims: ['rows', 'columns'] }],
    nodes: [{ op: 'Reshape', name: 'reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
  });
}

/** Det is an operator that TensorRT does not know; two nodes of it, each named. */
export function unsupportedModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: [3, 3] }],
    outputs: [{ name: 'y', dims: [] }],
    nodes: [
      { op: 'Relu', name: 'relu', inputs: ['x'], outputs: ['r'] },
      { op: 'Det', name: 'det_a', inputs: ['r'], outputs: ['a'] },
      { op: 'Det', name: 'det_b', inputs: ['x'], outputs: ['b'] },
      { op: 'Add', name: 'add', inputs: ['a', 'b'], outputs: ['y'] },
    ],
  });
}

/** A STRING input. */
export function stringModel(): Uint8Array {
  return identityModel([2], 'STRING');
}

/** DOUBLE from end to end, with a DOUBLE weight. */
export function doubleModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', type: 'DOUBLE', dims: [4] }],
    outputs: [{ name: 'y', type: 'DOUBLE', dims: [4] }],
    nodes: [{ op: 'Add', name: 'add', inputs: ['x', 'bias'], outputs: ['y'] }],
    initializers: [{ name: 'bias', type: 'DOUBLE', dims: [4] }],
  });
}

/** A fully connected layer between Q/DQ pairs with zero points of the given type. */
export function quantizedModel(zeroPoint: OnnxTypeName = 'INT8'): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: [1, 16] }],
    outputs: [{ name: 'y', dims: [1, 8] }],
    nodes: [
      { op: 'QuantizeLinear', name: 'quantize', inputs: ['x', 'scale', 'zero'], outputs: ['xq'] },
      { op: 'DequantizeLinear', name: 'dequantize', inputs: ['xq', 'scale', 'zero'], outputs: ['xd'] },
      { op: 'DequantizeLinear', name: 'weights', inputs: ['w', 'scale', 'zero_w'], outputs: ['wd'] },
      { op: 'MatMul', name: 'fc', inputs: ['xd', 'wd'], outputs: ['y'] },
    ],
    initializers: [
      { name: 'scale', dims: [], data: [0.05] },
      { name: 'zero', type: zeroPoint, dims: [], data: [0] },
      { name: 'zero_w', type: 'INT8', dims: [], data: [0] },
      { name: 'w', type: 'INT8', dims: [16, 8], data: Array.from({ length: 128 }, (_, i) => (i % 19) - 9) },
    ],
  });
}

/** y = x * w, w a [4, 4] tensor in an external file. */
export function externalModel(location = 'weights.bin', offset = 0, length = 64): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: [1, 4] }],
    outputs: [{ name: 'y', dims: [1, 4] }],
    nodes: [{ op: 'MatMul', name: 'fc', inputs: ['x', 'w'], outputs: ['y'] }],
    initializers: [{ name: 'w', dims: [4, 4], external: { location, offset, length } }],
  });
}

/** An If whose branches hold a node and an initializer each. */
export function branchModel(): Uint8Array {
  const branch = (op: string) => ({
    outputs: [{ name: `${op}_out`, dims: [2] }],
    nodes: [{ op, name: `${op}_node`, inputs: ['x', `${op}_w`], outputs: [`${op}_out`] }],
    initializers: [{ name: `${op}_w`, dims: [2] }],
  });
  return makeModel({
    inputs: [
      { name: 'x', dims: [2] },
      { name: 'flag', type: 'BOOL', dims: [] },
    ],
    outputs: [{ name: 'y', dims: [2] }],
    nodes: [
      {
        op: 'If',
        name: 'choice',
        inputs: ['flag'],
        outputs: ['y'],
        attributes: { then_branch: { graph: branch('Add') }, else_branch: { graph: branch('Mul') } },
      },
    ],
  });
}

/** A Loop that applies Relu three times to the value that it carries. */
export function loopModel(): Uint8Array {
  const body = {
    inputs: [
      { name: 'i', type: 'INT64' as const, dims: [] },
      { name: 'condition', type: 'BOOL' as const, dims: [] },
      { name: 'value', dims: [2] },
    ],
    outputs: [
      { name: 'condition_out', type: 'BOOL' as const, dims: [] },
      { name: 'value_out', dims: [2] },
    ],
    nodes: [
      { op: 'Identity', name: 'keep', inputs: ['condition'], outputs: ['condition_out'] },
      { op: 'Relu', name: 'step', inputs: ['value'], outputs: ['value_out'] },
    ],
  };
  return makeModel({
    inputs: [{ name: 'x', dims: [2] }],
    outputs: [{ name: 'y', dims: [2] }],
    nodes: [
      {
        op: 'Loop',
        name: 'loop',
        inputs: ['count', '', 'x'],
        outputs: ['y'],
        attributes: { body: { graph: body } },
      },
    ],
    initializers: [{ name: 'count', type: 'INT64', dims: [], data: [3] }],
  });
}
