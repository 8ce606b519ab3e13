// SPDX-License-Identifier: Apache-2.0
import type { ChannelRule } from './channel-analysis';
import { axesRule, concatRule, reshapeRule, splitRule, transposeRule } from './shape-rules';
import { additionRule, multiplicationRule, passRule, slopeRule, spatialRule } from './value-rules';
import { batchNormalizationRule, convolutionRule, normalizationRule, productRule } from './weighted-rules';

/**
 * Operators through which channels can be scaled. Every other one, and those of other domains, blocks what it reads:
 * Clip, HardSwish, GELU, Sigmoid, Softmax are not homogeneous; of gathers, loops and the like it is not known.
 */
export const OPERATOR_RULES: Readonly<Record<string, ChannelRule>> = {
  Conv: convolutionRule,
  ConvTranspose: convolutionRule,
  Gemm: productRule,
  MatMul: productRule,
  LayerNormalization: normalizationRule,
  RMSNormalization: normalizationRule,
  InstanceNormalization: normalizationRule,
  BatchNormalization: batchNormalizationRule,
  Relu: passRule,
  LeakyRelu: passRule,
  Identity: passRule,
  Dropout: passRule,
  Neg: passRule,
  Abs: passRule,
  PRelu: slopeRule,
  MaxPool: spatialRule,
  AveragePool: spatialRule,
  GlobalAveragePool: spatialRule,
  GlobalMaxPool: spatialRule,
  Pad: spatialRule,
  Resize: spatialRule,
  Upsample: spatialRule,
  Add: additionRule,
  Sub: additionRule,
  Sum: additionRule,
  Max: additionRule,
  Min: additionRule,
  Mul: multiplicationRule,
  Div: multiplicationRule,
  Transpose: transposeRule,
  Reshape: reshapeRule,
  Flatten: reshapeRule,
  Squeeze: axesRule,
  Unsqueeze: axesRule,
  ReduceMean: axesRule,
  ReduceSum: axesRule,
  ReduceMax: axesRule,
  Concat: concatRule,
  Split: splitRule,
};
