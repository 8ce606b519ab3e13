// SPDX-License-Identifier: Apache-2.0
// Operators that work element by element: outputs have the shape of the input, or of all inputs broadcast.

import { ruleFor, type ShapeRules } from '../node-view';

const SAME_SHAPE =
  'Abs Acos Acosh Asin Asinh Atan Atanh Bernoulli BitCast BitwiseNot Cast CastLike Ceil Celu Clip Cos Cosh CumProd CumSum ' +
  'DequantizeLinear Dropout Elu Erf Exp EyeLike Floor Gelu HardSigmoid HardSwish Hardmax Identity IsInf IsNaN LRN ' +
  'LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg Not OptionalGetElement QuantizeLinear RMSNormalization ' +
  'RandomNormalLike RandomUniformLike Reciprocal RegexFullMatch Relu ReverseSequence RotaryEmbedding Round Scatter ' +
  'ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Swish Tan Tanh ' +
  'TensorScatter ThresholdedRelu Trilu InstanceNormalization GroupNormalization PRelu';

const BROADCAST =
  'Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod ' +
  'Mul Or Pow StringConcat Sub Sum Where Xor';

/** Before opset 7, operators of two inputs had the shape of the first. */
const FIRST_BROADCAST_OPSET = 7;

export const ELEMENTWISE_RULES: ShapeRules = {
  ...ruleFor(SAME_SHAPE, (node) => Array.from({ length: node.outputCount }, () => node.dims(0))),
  ...ruleFor(BROADCAST, (node) => {
    if (node.opset < FIRST_BROADCAST_OPSET) return [node.dims(0)];
    return [node.broadcast(...node.node.input.map((_, index) => node.dims(index)))];
  }),
  DynamicQuantizeLinear: (node) => [node.dims(0), [], []],
};
