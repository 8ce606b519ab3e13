// SPDX-License-Identifier: Apache-2.0
// Inputs that are large make the errors of their weights count more. Such weights are made larger before they are
// rounded, and the inputs smaller in the same measure, which changes nothing in floating point.
// Source: Lin et al., AWQ: Activation-aware Weight Quantization, section 3.2

import { GraphScope } from '../../onnx/graph/graph-scope';
import { allGraphs, intAttribute, isStandard, UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import type { GramMatrix } from './gram-matrix';
import { dequantizeWeights, quantizeWeights } from './quantize-weights';
import { weightMatrix, type WeightMatrix } from './weight-matrix';
import type { WeightSite } from './weight-sites';

/** Layers that read one tensor along its last axis. */
export interface InputGroup {
  readonly tensor: string;
  readonly sites: readonly WeightSite[];
  readonly gram: GramMatrix;
}

/** Strengths that are tried; 0 changes nothing. */
const EXPONENTS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
/** Largest and smallest factor of a channel. */
const MOST = 1e4;
/** Output channels of each layer that the error is measured on. */
const MEASURED_ROWS = 32;

/**
 * The factors of the weights of each input channel with the smallest error of the layers' outputs.
 *
 * @returns undefined if none is better than rounding the weights as they are
 */
export function findInputScales(group: InputGroup): Float64Array | undefined {
  let best: Float64Array | undefined;
  let least = outputError(group, new Float64Array(group.gram.size).fill(1));
  for (const exponent of EXPONENTS) {
    const scales = scalesOf(group.gram, exponent);
    const error = outputError(group, scales);
    if (error < least) [best, least] = [scales, error];
  }
  return best;
}

/** Mean magnitudes of the inputs to a power, their geometric mean 1. */
function scalesOf({ magnitudes, count, size }: GramMatrix, exponent: number): Float64Array {
  const logs = new Float64Array(size);
  let sum = 0;
  for (let i = 0; i < size; i++)
    sum += logs[i] = exponent * Math.log(Math.max(magnitudes[i]! / count, 1e-12));
  return logs.map((log) => Math.min(MOST, Math.max(1 / MOST, Math.exp(log - sum / size))));
}

/** Mean over layers of the energy of what rounding changes in some of the outputs, relative to the outputs'. */
function outputError({ sites, gram }: InputGroup, scales: Float64Array): number {
  let total = 0;
  for (const site of sites) {
    const matrix = weightMatrix(site) as WeightMatrix;
    const floats = readFloats(site.weight);
    const rounded = roundScaled(site, scales, matrix);
    const stride = Math.max(1, Math.floor(matrix.rows / MEASURED_ROWS));
    let [error, energy] = [0, 0];
    const [lost, kept] = [new Float64Array(matrix.columns), new Float64Array(matrix.columns)];
    for (let n = 0; n < matrix.rows; n += stride) {
      for (let k = 0; k < matrix.columns; k++) {
        const at = n * matrix.rowStep + k * matrix.columnStep;
        kept[k] = floats[at]!;
        lost[k] = floats[at]! - rounded[at]! / scales[k]!;
      }
      error += energyOf(lost, gram);
      energy += energyOf(kept, gram);
    }
    total += energy === 0 ? 0 : error / energy;
  }
  return total;
}

function roundScaled(site: WeightSite, scales: Float64Array, matrix: WeightMatrix): Float32Array {
  const { dims } = site.weight;
  const weight = makeTensor('', 'FLOAT', dims, scaleColumns(readFloats(site.weight), scales, matrix));
  return dequantizeWeights(quantizeWeights(weight, site), { dims, layout: site.layout, type: site.type });
}

function scaleColumns(
  values: Float32Array<ArrayBuffer>,
  scales: Float64Array,
  { rows, columns, rowStep, columnStep }: WeightMatrix,
): Float32Array<ArrayBuffer> {
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < columns; k++) values[n * rowStep + k * columnStep]! *= scales[k]!;
  }
  return values;
}

/** The energy of the products of a row of weights with all samples: w^T X^T X w. */
function energyOf(weights: Float64Array, { values, size }: GramMatrix): number {
  let sum = 0;
  for (let i = 0; i < size; i++) {
    if (weights[i] === 0) continue;
    let row = 0;
    for (let j = 0; j < size; j++) row += values[i * size + j]! * weights[j]!;
    sum += weights[i]! * row;
  }
  return sum;
}

/**
 * Multiplies the weights of a group and divides what they read, in place: in the scale and bias of a layer normalisation
 * that nothing else reads, or else by a Mul in front of the group.
 */
export function scaleInputs(graph: GraphMessage, { tensor, sites }: InputGroup, scales: Float64Array): void {
  const names = new UniqueNames(graph);
  const scaled = new Map<TensorMessage, string>();
  for (const { node, weight, weightIndex, ...site } of sites) {
    let name = scaled.get(weight);
    if (name === undefined) {
      const matrix = weightMatrix({ node, weight, weightIndex, ...site }) as WeightMatrix;
      name = names.make(`${weight.name!}_scaled`);
      const values = scaleColumns(readFloats(weight), scales, matrix);
      graph.initializer.push(makeTensor(name, 'FLOAT', weight.dims, values));
      scaled.set(weight, name);
    }
    node.input[weightIndex] = name;
  }
  const inverse = Float32Array.from(scales, (scale) => 1 / scale);
  const readers = new Set(sites.map(({ node }) => node));
  if (!foldIntoNormalization(graph, { tensor, readers, inverse, names })) {
    insertMultiplication(graph, { tensor, readers, inverse, names });
  }
  removeUnread(graph, [...scaled.keys()]);
}

interface Division {
  readonly tensor: string;
  readonly readers: ReadonlySet<NodeMessage>;
  readonly inverse: Float32Array<ArrayBuffer>;
  readonly names: UniqueNames;
}

function foldIntoNormalization(graph: GraphMessage, { tensor, readers, inverse, names }: Division): boolean {
  const producer = graph.node.find(({ output }) => output[0] === tensor);
  if (producer?.opType !== 'LayerNormalization' || !isStandard(producer)) return false;
  if (intAttribute(producer, 'axis', -1) !== -1 || graph.output.some(({ name }) => name === tensor))
    return false;
  const others = allGraphs(graph)
    .flatMap(({ node }) => node)
    .filter((node) => !readers.has(node));
  if (others.some(({ input }) => input.includes(tensor))) return false;
  const scope = new GraphScope(graph);
  const parameters = producer.input
    .slice(1)
    .filter((name) => name !== '')
    .map((name) => scope.constants.get(name));
  if (parameters.some((one) => one?.dims.length !== 1 || one.dims[0] !== inverse.length)) return false;
  for (const parameter of parameters as TensorMessage[]) {
    const values = readFloats(parameter);
    for (let i = 0; i < values.length; i++) values[i]! *= inverse[i]!;
    const name = names.make(`${parameter.name!}_scaled`);
    graph.initializer.push(makeTensor(name, 'FLOAT', parameter.dims, values));
    producer.input = producer.input.map((one, index) => (index > 0 && one === parameter.name ? name : one));
  }
  removeUnread(graph, parameters as TensorMessage[]);
  return true;
}

function insertMultiplication(graph: GraphMessage, { tensor, readers, inverse, names }: Division): void {
  const factor = names.make(`${tensor}_factor`);
  const output = names.make(`${tensor}_scaled`);
  graph.initializer.push(makeTensor(factor, 'FLOAT', [inverse.length], inverse));
  const first = graph.node.findIndex((node) => readers.has(node));
  graph.node.splice(
    first,
    0,
    makeNode({ op: 'Mul', name: output, inputs: [tensor, factor], outputs: [output] }),
  );
  for (const node of readers) node.input = node.input.map((name) => (name === tensor ? output : name));
}

function removeUnread(graph: GraphMessage, tensors: readonly TensorMessage[]): void {
  const read = new Set(graph.output.map(({ name }) => name));
  for (const { node } of allGraphs(graph))
    for (const { input } of node) for (const name of input) read.add(name);
  const gone = new Set(tensors.filter(({ name }) => !read.has(name ?? '')));
  graph.initializer = graph.initializer.filter((tensor) => !gone.has(tensor));
}
