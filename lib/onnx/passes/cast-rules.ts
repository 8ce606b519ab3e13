// SPDX-License-Identifier: Apache-2.0
// Which operators may compute in a half-wide type. What is not here stays FP32: normalisations, softmax, reductions,
// exponentials, logarithms and roots lose too much in FP16, loops count, and of the rest nothing is known.

import type { HalfType } from '../graph/half-floats';

/** How an operator takes part in a cast. */
export interface CastRule {
  /**
   * `compute` always goes to the half type; `elementwise` too, unless it works on a reduction's result; `mover` goes
   * where the values come from.
   */
  readonly kind: 'compute' | 'elementwise' | 'mover';
  /**
   * First opset whose definition allows BFLOAT16, `Infinity` if TensorRT does not take it in any; FLOAT16 is allowed
   * from the first one.
   */
  readonly bf16Since: number;
  /** Inputs that change; all of FLOAT if absent. */
  readonly inputs?: readonly number[];
}

/** TensorRT-RTX 1.7 refuses these in BFLOAT16, whatever ONNX says. */
const NOT_IN_TENSORRT = Infinity;

/** Name of the operator, first opset with BFLOAT16, inputs that change. */
type Row = readonly [op: string, bf16Since: number, inputs?: readonly number[]];

const COMPUTE: readonly Row[] = [
  ['Conv', 22],
  ['ConvTranspose', NOT_IN_TENSORRT],
  ['Gemm', 13],
  ['MatMul', 13],
];
const ELEMENTWISE: readonly Row[] = [
  ['Abs', 13],
  ['Add', 13],
  ['AveragePool', 22],
  ['Clip', 13],
  ['Div', 13],
  ['Elu', 22],
  ['Erf', 13],
  ['Gelu', 20],
  ['GlobalAveragePool', 22],
  ['GlobalMaxPool', 22],
  ['HardSigmoid', 22],
  ['HardSwish', NOT_IN_TENSORRT],
  ['LeakyRelu', 16],
  ['Max', 13],
  ['MaxPool', 22],
  ['Min', 13],
  ['Mul', 13],
  ['Neg', 13],
  ['PRelu', 16],
  ['Relu', 13],
  ['Sigmoid', 13],
  ['Sub', 13],
  ['Sum', 13],
  ['Tanh', 13],
];
const MOVERS: readonly Row[] = [
  ['Concat', 13],
  ['DepthToSpace', 13],
  ['Dropout', 13, [0]],
  ['Expand', 13],
  ['Flatten', 13],
  ['Gather', 13],
  ['GatherElements', 13],
  ['Identity', 13],
  ['Pad', 13],
  ['Reshape', 13],
  // Region and scales of a Resize are FLOAT by definition.
  ['Resize', 13, [0]],
  ['Slice', 13],
  ['SpaceToDepth', 13],
  ['Split', 13],
  ['Squeeze', 13],
  ['Tile', 13],
  ['Transpose', 13],
  ['Unsqueeze', 13],
  ['Where', 16],
];

const rows = (kind: CastRule['kind'], list: readonly Row[]): [string, CastRule][] =>
  list.map(([op, bf16Since, inputs]) => [op, { kind, bf16Since, ...(inputs && { inputs }) }]);

/** Rules by operator. */
export const CAST_RULES: ReadonlyMap<string, CastRule> = new Map([
  ...rows('compute', COMPUTE),
  ...rows('elementwise', ELEMENTWISE),
  ...rows('mover', MOVERS),
]);

/** Operators whose results are sums, squares, exponentials or roots: what is computed from them stays FP32 too. */
export const STATISTICS: ReadonlySet<string> = new Set(
  (
    'CumSum Exp Log Pow Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMean ReduceProd ReduceSum ' +
    'ReduceSumSquare Softplus Sqrt'
  ).split(' '),
);

/** Operators whose results are small whatever comes in. */
export const BOUNDED: ReadonlySet<string> = new Set(
  (
    'BatchNormalization Erf GroupNormalization HardSigmoid Hardmax InstanceNormalization LayerNormalization ' +
    'LpNormalization RMSNormalization Sigmoid Sign Softmax Softsign Tanh'
  ).split(' '),
);

/** True where an operator's definition allows the type at an opset. */
export function allowsType(rule: CastRule, type: HalfType, opset: number): boolean {
  return type === 'fp16' || opset >= rule.bf16Since;
}
