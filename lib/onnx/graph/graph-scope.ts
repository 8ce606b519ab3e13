// SPDX-License-Identifier: Apache-2.0
// Element types of the values of a graph, by declaration or by the operators' rules. A type that is not sure is not
// told: a pass then leaves the nodes around it alone.

import { DATA_TYPE } from '../data-type';
import { attributeOf, intAttribute, isStandard, subgraphsOf } from './graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from './onnx-messages';

const { FLOAT, BOOL, INT64, UINT8 } = DATA_TYPE;

const SAME_AS_INPUT_0 = new Set(
  (
    'Abs Acos Acosh Add Asin Asinh Atan Atanh AveragePool BatchNormalization Ceil Celu Clip Compress Concat Conv ' +
    'ConvTranspose Cos Cosh CumSum DepthToSpace Div Dropout Einsum Elu Erf Exp Expand Flatten Floor GRU Gather ' +
    'GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool GroupNormalization HardSigmoid HardSwish Hardmax ' +
    'Identity InstanceNormalization LRN LSTM LayerNormalization LeakyRelu Log LogSoftmax LpNormalization MatMul Max ' +
    'MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul Neg PRelu Pad Pow RMSNormalization Reciprocal ReduceL1 ' +
    'ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd RNN ReduceSum ReduceSumSquare Relu ' +
    'Reshape Resize ReverseSequence Round ScatterElements ScatterND Selu Sigmoid Sign Sin Sinh Slice Softmax Softplus ' +
    'Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu ' +
    'Unsqueeze Upsample Range'
  ).split(' '),
);
const TO_BOOL = new Set(
  'Not Or Xor Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf And'.split(' '),
);
const TO_INT64 = new Set('Shape Size NonZero ArgMax ArgMin NonMaxSuppression'.split(' '));
/** Second outputs that are indices or masks. */
const SECOND_OUTPUT = new Map([
  ['MaxPool', INT64],
  ['TopK', INT64],
  ['Dropout', BOOL],
]);

/** A graph with the types of its values; inner graphs see the values of the outer ones. */
export class GraphScope {
  private readonly types = new Map<string, number>();
  /** Names of this graph, also of values whose type is not known. */
  private readonly own = new Set<string>();
  /** Initializers that callers cannot replace, by name. */
  readonly constants = new Map<string, TensorMessage>();
  /** Scopes of the graphs inside nodes, by graph. */
  readonly inner = new Map<GraphMessage, GraphScope>();

  constructor(
    readonly graph: GraphMessage,
    readonly parent?: GraphScope,
  ) {
    for (const { name, type } of [...graph.valueInfo, ...graph.output, ...graph.input]) {
      const element = type?.tensorType?.elemType ?? 0;
      if (element !== 0) this.types.set(name, element);
    }
    const inputs = new Set(graph.input.map(({ name }) => name));
    for (const tensor of graph.initializer) {
      this.types.set(tensor.name ?? '', tensor.dataType);
      if (!inputs.has(tensor.name ?? '')) this.constants.set(tensor.name ?? '', tensor);
    }
    for (const { name } of [...graph.input, ...graph.initializer]) this.own.add(name ?? '');
    for (const { output } of graph.node) for (const name of output) this.own.add(name);
    for (const node of graph.node) this.visit(node);
  }

  /** True for a value of this graph itself, not of one around it. */
  owns(name: string): boolean {
    return this.own.has(name);
  }

  /** The number of a value's ONNX type, if that is sure. */
  typeOf(name: string): number | undefined {
    return this.own.has(name) ? this.types.get(name) : this.parent?.typeOf(name);
  }

  /** A constant, of this graph or of one around it. */
  constantOf(name: string): TensorMessage | undefined {
    if (this.own.has(name)) return this.constants.get(name);
    return this.parent?.constantOf(name);
  }

  private visit(node: NodeMessage): void {
    for (const graph of subgraphsOf(node)) this.inner.set(graph, new GraphScope(graph, this));
    if (!isStandard(node)) return;
    node.output.forEach((output, index) => {
      if (output === '' || this.types.has(output)) return;
      const type = this.outputType(node, index);
      if (type !== undefined) this.types.set(output, type);
    });
  }

  private outputType(node: NodeMessage, index: number): number | undefined {
    const { opType } = node;
    const typeOfInput = (position: number) => this.typeOf(node.input[position] ?? '');
    if (index === 1 && SECOND_OUTPUT.has(opType)) return SECOND_OUTPUT.get(opType);
    if (TO_BOOL.has(opType)) return BOOL;
    if (TO_INT64.has(opType)) return INT64;
    if (SAME_AS_INPUT_0.has(opType)) return typeOfInput(0);
    switch (opType) {
      case 'Cast':
        return intAttribute(node, 'to', 0) || undefined;
      case 'Where':
      case 'CastLike':
        return typeOfInput(1);
      case 'OneHot':
        return typeOfInput(2);
      case 'ConstantOfShape':
        return attributeOf(node, 'value')?.t?.dataType ?? FLOAT;
      case 'Constant':
        return constantType(node);
      case 'RandomNormal':
      case 'RandomUniform':
        return intAttribute(node, 'dtype', FLOAT);
      case 'DequantizeLinear':
        return typeOfInput(1);
      case 'QuantizeLinear':
        return typeOfInput(2) ?? (intAttribute(node, 'output_dtype', 0) || UINT8);
      case 'If':
        return this.bodyType(node, 'then_branch', index);
      case 'Loop':
        // The first output of a body says whether to go on.
        return this.bodyType(node, 'body', index + 1);
      case 'Scan':
        return this.bodyType(node, 'body', index);
      default:
        return undefined;
    }
  }

  private bodyType(node: NodeMessage, attribute: string, index: number): number | undefined {
    const graph = attributeOf(node, attribute)?.g;
    const name = graph?.output[index]?.name;
    return graph === undefined || name === undefined ? undefined : this.inner.get(graph)?.typeOf(name);
  }
}

function constantType(node: NodeMessage): number | undefined {
  const value = attributeOf(node, 'value')?.t;
  if (value !== undefined) return value.dataType;
  if (attributeOf(node, 'value_float') ?? attributeOf(node, 'value_floats')) return FLOAT;
  return (attributeOf(node, 'value_int') ?? attributeOf(node, 'value_ints')) ? INT64 : undefined;
}
