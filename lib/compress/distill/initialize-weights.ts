// SPDX-License-Identifier: Apache-2.0
import { intAttribute } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { elementsOf, makeTensor } from '../../onnx/graph/tensor-values';
import { createUniform } from '../../random';
import { findParameters } from '../train/find-parameters';

/** Deviation of tables and positions, as transformers have it. */
const TABLE_DEVIATION = 0.02;
/** Behind these the sign of half of the values is lost, so weights are larger. */
const RECTIFIERS = /^(Relu|LeakyRelu|PRelu|Clip|Elu|Selu|Gelu|Erf|HardSwish|Swish|Softplus|ThresholdedRelu)$/;
/** In front of a layer, without changing numbers. */
const MOVED = /^(Transpose|Reshape|Identity|Unsqueeze|Squeeze|Flatten)$/;
/** Between a layer and its activation. */
const TRANSPARENT = /^(BatchNormalization|Add|Div|Identity|Dropout|Mul)$/;

/**
 * Gives the weights of a model random values, in place, as a training from the beginning has them:
 *
 * 1. weights of a layer in front of a rectifier: deviation sqrt(2 / inputs). He and others, 2015;
 * 2. weights of other layers: deviation sqrt(2 / (inputs + outputs)). Glorot and Bengio, 2010;
 * 3. biases zero; normalisations scale by one, shift by zero, and have mean zero and variance one;
 * 4. tables and positions: deviation 0.02.
 */
export function initializeWeights(model: OnnxModel, seed: number): void {
  const { graph } = model;
  const { trained, statistics } = findParameters(model);
  const normal = createNormal(seed);
  const fresh = new Map<string, Float32Array>();
  for (const tensor of trained) fresh.set(tensor.name ?? '', freshValues(graph, tensor, normal));
  for (const { name = '', dims } of statistics) {
    const isVariance = graph.node.some(
      ({ opType, input }) => opType === 'BatchNormalization' && input[4] === name,
    );
    fresh.set(name, new Float32Array(dims[0] ?? 1).fill(isVariance ? 1 : 0));
  }
  graph.initializer = graph.initializer.map((tensor) => {
    const values = fresh.get(tensor.name ?? '');
    return values === undefined ? tensor : makeTensor(tensor.name ?? '', 'FLOAT', tensor.dims, values);
  });
}

function freshValues(graph: GraphMessage, tensor: TensorMessage, normal: () => number): Float32Array {
  const { name = '' } = tensor;
  const values = new Float32Array(elementsOf(tensor));
  const node = graph.node.find(({ input }) => input.includes(name))!;
  const index = node.input.indexOf(name);
  const fans = fansOf(node, index, tensor.dims);
  if (fans !== undefined) {
    const deviation = isRectified(graph, node)
      ? Math.sqrt(2 / fans.inputs)
      : Math.sqrt(2 / (fans.inputs + fans.outputs));
    return values.map(() => deviation * normal());
  }
  if (/Normalization$/.test(node.opType)) return values.fill(index === 1 ? 1 : 0);
  if (node.opType === 'PRelu') return values.fill(0.25);
  if (node.opType === 'Gather' || (tensor.dims.length > 1 && node.opType === 'Add'))
    return values.map(() => TABLE_DEVIATION * normal());
  if (node.opType === 'Mul' || node.opType === 'Div') return values.fill(1);
  // A matrix that is turned or reshaped before it is multiplied: with zeros nothing behind it would ever learn.
  const [rows = 1] = tensor.dims;
  const isMatrix = tensor.dims.length > 1 && MOVED.test(node.opType);
  return isMatrix ? values.map(() => Math.sqrt(2 / (rows + values.length / rows)) * normal()) : values;
}

/** Inputs and outputs of one sum of products; undefined for what is not multiplied. */
function fansOf(
  node: NodeMessage,
  index: number,
  dims: readonly number[],
): { readonly inputs: number; readonly outputs: number } | undefined {
  const [first = 1, second = 1] = dims;
  const area = dims.slice(2).reduce((product, dim) => product * dim, 1);
  if (node.opType === 'Conv' && index === 1) return { inputs: second * area, outputs: first * area };
  if (node.opType === 'ConvTranspose' && index === 1)
    return { inputs: (first / intAttribute(node, 'group', 1)) * area, outputs: second * area };
  if ((node.opType === 'Gemm' && index < 2) || (node.opType === 'MatMul' && dims.length > 1)) {
    const [rows, columns] = [dims.at(-2)!, dims.at(-1)!];
    const isTurned = (intAttribute(node, index === 0 ? 'transA' : 'transB', 0) !== 0) !== (index === 0);
    return isTurned ? { inputs: columns, outputs: rows } : { inputs: rows, outputs: columns };
  }
  return undefined;
}

function isRectified(graph: GraphMessage, layer: NodeMessage): boolean {
  let nodes = graph.node.filter(({ input }) => input.includes(layer.output[0]!));
  for (let hops = 0; hops < 4 && nodes.length > 0; hops++) {
    if (nodes.some(({ opType }) => RECTIFIERS.test(opType))) return true;
    const outputs = nodes.filter(({ opType }) => TRANSPARENT.test(opType)).flatMap(({ output }) => output);
    nodes = graph.node.filter(({ input }) => input.some((name) => outputs.includes(name)));
  }
  return false;
}

/** Normally distributed numbers from a seed. Box and Muller, 1958. */
export function createNormal(seed: number): () => number {
  const uniform = createUniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
