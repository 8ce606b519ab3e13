// SPDX-License-Identifier: Apache-2.0
import type { GraphMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { elementsOf, makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import { inputsOf, type MatrixView, type WeightLayer } from './weight-layer';

/** The weights of a layer in a graph, as they are now. */
export function weightOf(graph: GraphMessage, { weight }: WeightLayer): TensorMessage {
  return graph.initializer.find(({ name }) => name === weight.name) ?? weight;
}

/** The weights of one group as a matrix `[outputs][inputs]`, row-major, copied. */
export function readMatrix(weight: TensorMessage, view: MatrixView, group = 0): Float32Array {
  return gatherMatrix(readFloats(weight), view, group);
}

/** The same of values that were read already. */
export function gatherMatrix(values: Float32Array, view: MatrixView, group = 0): Float32Array {
  const matrix = new Float32Array(view.outputs * inputsOf(view));
  forEachElement(view, group, (at, place) => {
    matrix[at] = values[place]!;
  });
  return matrix;
}

/** Puts the matrix of one group back among the values of the weights. */
export function scatterMatrix(
  matrix: ArrayLike<number>,
  values: Float32Array,
  view: MatrixView,
  group = 0,
): void {
  forEachElement(view, group, (at, place) => {
    values[place] = matrix[at]!;
  });
}

/** Gives a layer other weights: a new tensor of the same name and dims. */
export function writeWeights(graph: GraphMessage, { weight }: WeightLayer, values: Float32Array): void {
  const index = graph.initializer.findIndex(({ name }) => name === weight.name);
  graph.initializer[index] = makeTensor(weight.name!, 'FLOAT', weight.dims, values);
}

/** Gives a layer other matrices, one for each group. What a view of some channels does not show stays. */
export function writeMatrices(
  graph: GraphMessage,
  layer: WeightLayer,
  matrices: readonly ArrayLike<number>[],
): void {
  const values =
    layer.view.band === undefined
      ? new Float32Array(elementsOf(layer.weight))
      : readFloats(weightOf(graph, layer));
  matrices.forEach((matrix, group) => scatterMatrix(matrix, values, layer.view, group));
  writeWeights(graph, layer, values);
}

/** Calls for each element of a group's matrix with its position there and among the weights. */
export function forEachElement(
  view: MatrixView,
  group: number,
  visit: (at: number, place: number) => void,
): void {
  const { outputs, channels, taps, groupStep, outputStep, channelStep, tapStep } = view;
  const first = view.band?.first ?? 0;
  let at = 0;
  for (let output = 0; output < outputs; output++)
    for (let channel = 0; channel < channels; channel++) {
      const start = group * groupStep + output * outputStep + (first + channel) * channelStep;
      for (let tap = 0; tap < taps; tap++) visit(at++, start + tap * tapStep);
    }
}
