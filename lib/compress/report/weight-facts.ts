// SPDX-License-Identifier: Apache-2.0
// What the weights of a model look like: what TensorRT makes of a model depends on it.

import { DATA_TYPE, dataTypeName, elementTypeOf } from '../../onnx/data-type';
import { GraphScope } from '../../onnx/graph/graph-scope';
import { isStandard } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { elementsOf, isReadable, readFloats } from '../../onnx/graph/tensor-values';
import { gatherMatrix } from '../layers/layer-matrix';
import { matrixView } from '../layers/weight-layer';
import { isWeighted } from '../layers/weighted-operators';
import { holdsTwoOfFour } from '../prune/support-pattern';
import { storedTensors } from './count-work';

/** What the weights of a model look like. Weights are constants of two dimensions and more that hold numbers. */
export interface WeightFacts {
  /** Weights by the type that they are stored in, e.g. `{ float32: 9000, int8: 4000 }`; codes of tables are `uint8`. */
  readonly stored: Readonly<Record<string, number>>;
  /** Share of them that is zero, 0 to 1; codes do not count. 0 where there are none. */
  readonly zeros: number;
  /** Share of them in layers where two of each four input channels are zero. */
  readonly twoOfFour: number;
  /** Share of them in tensors of few different values, codes of tables among them. */
  readonly shared: number;
  /** Nodes of the main graph with weights: Conv, ConvTranspose, Gemm and MatMul. */
  readonly layers: number;
  /** Whether activations are quantised too. */
  readonly quantizedActivations: boolean;
}

/** Indices, shapes and truth values have these types. */
const NO_WEIGHTS: readonly number[] = [
  DATA_TYPE.INT16,
  DATA_TYPE.UINT16,
  DATA_TYPE.INT32,
  DATA_TYPE.UINT32,
  DATA_TYPE.INT64,
  DATA_TYPE.BOOL,
  DATA_TYPE.STRING,
];
/** Smaller ones have few values anyway. */
const FEWEST_WEIGHTS = 128;
/** Values that are shared are a quarter of the weights at most, and no more than this. */
const MOST_SHARED = 65_536;

/** Looks at the weights of a model, one tensor at a time. */
export function findWeightFacts({ graph }: OnnxModel): WeightFacts {
  const stored: Record<string, number> = {};
  const patterns = patternLayers(graph);
  const counts = { all: 0, valued: 0, zeros: 0, twoOfFour: 0, shared: 0 };
  for (const tensor of storedTensors(graph)) {
    const { dataType, dims, name = '' } = tensor;
    if (dims.length < 2 || NO_WEIGHTS.includes(dataType) || !isReadable(tensor)) continue;
    const elements = elementsOf(tensor);
    const type = typeName(dataType);
    stored[type] = (stored[type] ?? 0) + elements;
    counts.all += elements;
    if (dataType === DATA_TYPE.UINT8) {
      counts.shared += elements;
      continue;
    }
    const values = readFloats(tensor);
    counts.valued += elements;
    counts.zeros += countZeros(values);
    if (patterns.get(name)?.every((holds) => holds(values)) === true) counts.twoOfFour += elements;
    if (isShared(tensor, values)) counts.shared += elements;
  }
  return {
    stored,
    zeros: share(counts.zeros, counts.valued),
    twoOfFour: share(counts.twoOfFour, counts.all),
    shared: share(counts.shared, counts.all),
    layers: graph.node.filter(isWeighted).length,
    quantizedActivations: graph.node.some((node) => node.opType === 'QuantizeLinear' && isStandard(node)),
  };
}

function typeName(dataType: number): string {
  const type = elementTypeOf(dataType);
  return type === 'unknown' ? dataTypeName(dataType).toLowerCase() : type;
}

function share(part: number, all: number): number {
  return all === 0 ? 0 : part / all;
}

function countZeros(values: Float32Array): number {
  let zeros = 0;
  for (let at = 0; at < values.length; at++) if (values[at] === 0) zeros++;
  return zeros;
}

/** Zeros are no value that is shared: a tensor of which most is pruned has few others. */
function isShared({ dataType }: TensorMessage, values: Float32Array): boolean {
  if (dataType !== DATA_TYPE.FLOAT || values.length < FEWEST_WEIGHTS) return false;
  const filled = values.length - countZeros(values);
  const most = Math.min(MOST_SHARED, filled / 4);
  const seen = new Set<number>();
  for (const value of values) {
    if (value === 0) continue;
    seen.add(value);
    if (seen.size > most) return false;
  }
  return seen.size > 0;
}

type HoldsPattern = (values: Float32Array) => boolean;

/** By the name of weights, whether the layers that read them see the pattern; also through DequantizeLinear. */
function patternLayers(graph: GraphMessage): Map<string, HoldsPattern[]> {
  const scope = new GraphScope(graph);
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const found = new Map<string, HoldsPattern[]>();
  for (const node of graph.node) {
    if (!isWeighted(node)) continue;
    const isConvolution = node.opType.startsWith('Conv');
    for (const index of isConvolution ? [1] : [1, 0]) {
      const tensor = constantBehind(node.input[index] ?? '', scope, makers);
      if (tensor === undefined) continue;
      const check = patternCheck(node, tensor, index);
      found.set(tensor.name ?? '', [...(found.get(tensor.name ?? '') ?? []), check]);
      break;
    }
  }
  return found;
}

function constantBehind(
  name: string,
  scope: GraphScope,
  makers: ReadonlyMap<string, NodeMessage>,
): TensorMessage | undefined {
  const maker = makers.get(name);
  const source = maker?.opType === 'DequantizeLinear' ? maker.input[0]! : name;
  return scope.constants.get(source);
}

function patternCheck(node: NodeMessage, tensor: TensorMessage, index: number): HoldsPattern {
  const view = matrixView(node, tensor, index);
  if (typeof view === 'string' || view.channels % 4 !== 0) return () => false;
  return (values) => {
    for (let group = 0; group < view.groups; group++)
      if (!holdsTwoOfFour(gatherMatrix(values, view, group), view)) return false;
    return true;
  };
}
