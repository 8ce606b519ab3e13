// SPDX-License-Identifier: Apache-2.0
// A newer opset is not a number alone: operators change their meaning. Those that are converted or did not change are
// listed here; a model with any other operator is not raised.
// Source: https://github.com/onnx/onnx/blob/v1.22.0/docs/Changelog.md

import { TensorRTError } from '../../errors';
import {
  allGraphs,
  attributeOf,
  intAttribute,
  isStandard,
  nodeLabel,
  UniqueNames,
} from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { makeTensor } from '../graph/tensor-values';

const OLDEST = 11;
const NEWEST = 22;
/** First opset of each IR version from 7 on; readers refuse a model whose IR is older than its opset. */
const IR_OF_OPSET = [
  [21, 10],
  [19, 9],
  [15, 8],
  [12, 7],
] as const;

/** Operators that mean the same from opset 11 to 22, or only gained types and options. */
const UNCHANGED = new Set(
  (
    'Abs Acos Add And ArgMax ArgMin Asin Atan AveragePool BatchNormalization Cast Ceil Clip Compress Concat Constant ' +
    'ConstantOfShape Conv ConvTranspose Cos Cosh CumSum DepthToSpace Div Einsum Elu Equal Erf Exp Expand ' +
    'Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual ' +
    'HardSigmoid HardSwish Identity If InstanceNormalization IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual ' +
    'Log Loop LpNormalization MatMul Max MaxPool Mean Min Mish Mod Mul Neg NonMaxSuppression NonZero Not OneHot Or PRelu ' +
    'Pad Pow RNN RandomNormal RandomUniform Range Reciprocal Relu Reshape Resize Round Scan ScatterElements ScatterND Selu ' +
    'Shape Sigmoid Sign Sin Sinh Size Slice Softplus Softsign SpaceToDepth Sqrt Sub Sum Tan Tanh ThresholdedRelu Tile ' +
    'TopK Transpose Trilu Where Xor Squeeze Unsqueeze Split Softmax LogSoftmax Dropout ReduceSum ReduceMean ReduceMax ' +
    'ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare'
  ).split(' '),
);

/** Attributes that became the second input, and when. */
const ATTRIBUTE_TO_INPUT: readonly (readonly [op: RegExp, attribute: string, opset: number])[] = [
  [/^(Squeeze|Unsqueeze|ReduceSum)$/, 'axes', 13],
  [/^Split$/, 'split', 13],
  [/^Reduce(?!Sum$)/, 'axes', 18],
];

/** What keeps a model from a newer opset. */
export interface OpsetObstacle {
  readonly node: string;
  readonly operator: string;
  readonly reason: string;
}

/**
 * Raises the version of ONNX's own operators, and the IR version that goes with it. A model that has it already stays
 * as it is.
 *
 * @returns what keeps the model from it, the model unchanged then; undefined when done
 */
export function raiseOpset(model: OnnxModel, target: number): OpsetObstacle | undefined {
  const from = model.opset;
  if (from >= target) return undefined;
  const graphs = allGraphs(model.graph);
  for (const node of graphs.flatMap((graph) => graph.node)) {
    const reason = isStandard(node) ? findObstacle(node, from, target) : undefined;
    if (reason !== undefined) return { node: nodeLabel(node), operator: node.opType, reason };
  }
  const names = new UniqueNames(model.graph);
  for (const graph of graphs) for (const node of graph.node) convert(node, graph, { from, target, names });
  model.opset = target;
  const ir = IR_OF_OPSET.find(([opset]) => target >= opset)![1];
  model.message.irVersion = Math.max(model.message.irVersion ?? 0, ir);
  return undefined;
}

/**
 * Raises the opset or refuses.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_UNSUPPORTED_OPERATOR with node, operator and reason
 */
export function requireOpset(model: OnnxModel, target: number, why: string): void {
  const obstacle = raiseOpset(model, target);
  if (obstacle === undefined) return;
  const { node, operator, reason } = obstacle;
  throw new TensorRTError(
    'ERR_TRT_ONNX_UNSUPPORTED_OPERATOR',
    `${why} needs opset ${target}; the model has ${model.opset} and cannot be raised: node "${node}" (${operator}): ${reason}.`,
    { hint: `Export the model with opset ${target} or newer.`, details: { node, operator, reason } },
  );
}

function findObstacle(node: NodeMessage, from: number, target: number): string | undefined {
  if (from < OLDEST || target > NEWEST) return `opsets ${OLDEST} to ${NEWEST} are converted`;
  if (!UNCHANGED.has(node.opType)) return 'how it changed between the two is not known here';
  const crosses = (opset: number) => from < opset && target >= opset;
  if (crosses(13) && /^(Log)?Softmax$/.test(node.opType) && intAttribute(node, 'axis', 1) !== -1) {
    return 'its axis meant all axes from there on before opset 13';
  }
  if (crosses(12) && node.opType === 'Dropout' && attributeOf(node, 'ratio') !== undefined) {
    return 'its ratio was an attribute before opset 12';
  }
  if (crosses(14) && node.opType === 'BatchNormalization' && node.output.length > 1) {
    return 'it is there for training';
  }
  if (crosses(19) && node.opType === 'AveragePool' && intAttribute(node, 'ceil_mode', 0) !== 0) {
    return 'ceil_mode changed at opset 19';
  }
  return undefined;
}

interface Conversion {
  readonly from: number;
  readonly target: number;
  readonly names: UniqueNames;
}

function convert(node: NodeMessage, graph: GraphMessage, { from, target, names }: Conversion): void {
  if (!isStandard(node)) return;
  for (const [op, attribute, opset] of ATTRIBUTE_TO_INPUT) {
    const values = attributeOf(node, attribute)?.ints;
    if (from >= opset || target < opset || !op.test(node.opType) || values === undefined) continue;
    const name = names.make(`${nodeLabel(node)}_${attribute}`);
    graph.initializer.push(makeTensor(name, 'INT64', [values.length], BigInt64Array.from(values)));
    node.input = [node.input[0]!, name];
    node.attribute = node.attribute.filter((one) => one.name !== attribute);
  }
  const isEvenSplit = node.opType === 'Split' && node.input.length < 2;
  if (isEvenSplit && from < 18 && target >= 18) {
    const i = BigInt(node.output.length);
    node.attribute.push({ name: 'num_outputs', type: 2, i, floats: [], ints: [], graphs: [] });
  }
}
