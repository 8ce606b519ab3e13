// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE, dataTypeName } from '../../onnx/data-type';
import { allGraphs, nodeLabel } from '../../onnx/graph/graph-walk';
import { excludedBy, type NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { elementsOf, readFloats } from '../../onnx/graph/tensor-values';

/** A constant that is not trained. */
export interface KeptParameter {
  /** Node that reads it first. */
  readonly node: string;
  /** Name of the weights. */
  readonly parameter: string;
  /** Why they are not trained. */
  readonly reason: string;
}

/** What training changes. */
export interface FoundParameters {
  readonly trained: readonly TensorMessage[];
  /** Mean and variance of batch normalisations. */
  readonly statistics: readonly TensorMessage[];
  readonly kept: readonly KeptParameter[];
}

/** Inputs of operators that take weights; a single number may be one there. */
const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  PRelu: [1],
  Gather: [0],
};
/** Operators that take tensors of which some are weights: several numbers are, a single one is part of a formula. */
const FORMULAS = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Sum', 'Concat', 'Where', 'Expand'],
  ...['Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten', 'Identity', 'Slice', 'Tile'],
]);

/**
 * Finds the constants that are parameters: FP32 weights, biases, scales, tables and embeddings.
 *
 * Left alone: numbers of formulae (a single 0.5, an exponent, an epsilon), masks, constants of other types, what nodes inside
 * If, Loop and Scan read, and what excluded nodes read; each with its reason, but for constants that nothing would train.
 */
export function findParameters({ graph }: OnnxModel, exclude: NodeExclusion = {}): FoundParameters {
  const readers = readersOf(graph.node);
  const inside = new Set(
    allGraphs(graph)
      .slice(1)
      .flatMap(({ node }) => node.flatMap(({ input }) => input)),
  );
  const found = {
    trained: [] as TensorMessage[],
    statistics: [] as TensorMessage[],
    kept: [] as KeptParameter[],
  };
  for (const tensor of graph.initializer) {
    const { name = '' } = tensor;
    const uses = readers.get(name) ?? [];
    if (uses.length === 0) continue;
    if (uses.every(({ node, index }) => isStatistic(node, index))) {
      const isKept = uses.some(({ node }) => excludedBy(exclude, node) !== null);
      if (tensor.dataType === DATA_TYPE.FLOAT && !isKept) found.statistics.push(tensor);
      continue;
    }
    if (!uses.some(({ node, index }) => takesWeight(node, index, tensor))) continue;
    const reason = reasonToKeep(tensor, uses, { isInside: inside.has(name), exclude });
    if (reason === undefined) found.trained.push(tensor);
    else found.kept.push({ node: nodeLabel(uses[0]!.node), parameter: name, reason });
  }
  return found;
}

interface Use {
  readonly node: NodeMessage;
  readonly index: number;
}

function readersOf(nodes: readonly NodeMessage[]): Map<string, Use[]> {
  const readers = new Map<string, Use[]>();
  for (const node of nodes) {
    for (const [index, name] of node.input.entries()) {
      const uses = readers.get(name);
      if (uses === undefined) readers.set(name, [{ node, index }]);
      else uses.push({ node, index });
    }
  }
  return readers;
}

function isStatistic({ opType }: NodeMessage, index: number): boolean {
  return opType === 'BatchNormalization' && index >= 3;
}

function takesWeight({ opType }: NodeMessage, index: number, tensor: TensorMessage): boolean {
  if (!/^(FLOAT|FLOAT16|BFLOAT16|DOUBLE)$/.test(dataTypeName(tensor.dataType))) return false;
  if (WEIGHTS[opType]?.includes(index) === true) return true;
  return FORMULAS.has(opType) && elementsOf(tensor) > 1;
}

function reasonToKeep(
  tensor: TensorMessage,
  uses: readonly Use[],
  { isInside, exclude }: { readonly isInside: boolean; readonly exclude: NodeExclusion },
): string | undefined {
  if (tensor.dataType !== DATA_TYPE.FLOAT)
    return `it is of type ${dataTypeName(tensor.dataType)}; FP32 is trained`;
  if (isInside) return 'a node inside If, Loop or Scan reads it';
  const excluded = uses.find(({ node }) => excludedBy(exclude, node) !== null);
  if (excluded !== undefined) return `node "${nodeLabel(excluded.node)}" is excluded`;
  if (isMask(tensor, uses)) return 'it is a mask: it has values beyond all that weights have';
  const other = uses.find(({ node, index }) => !takesWeight(node, index, tensor));
  return other && `node "${nodeLabel(other.node)}" (${other.node.opType}) reads it as something else`;
}

/** Added to scores of attention, they stand for minus infinity. */
const LEAST_OF_MASKS = 1e4;

/** Tables of formulae in which some positions are shut: a step could open them. */
function isMask(tensor: TensorMessage, uses: readonly Use[]): boolean {
  if (!uses.every(({ node: { opType } }) => FORMULAS.has(opType))) return false;
  return readFloats(tensor).some((value) => !(Math.abs(value) < LEAST_OF_MASKS));
}
