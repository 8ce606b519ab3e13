// SPDX-License-Identifier: Apache-2.0
import { intAttribute, isStandard } from '../../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../../onnx/graph/onnx-messages';
import type { GradientRule } from '../node-gradient';
import { ACTIVATION_RULES } from './activations';
import { ARITHMETIC_RULES } from './arithmetic';
import { CONVOLUTION_RULES } from './convolutions';
import { PRODUCT_RULES } from './matrix-products';
import { NORMALIZATION_RULES } from './normalizations';
import { POOLING_RULES } from './pooling';
import { REDUCTION_RULES } from './reductions';
import { RESHAPING_RULES } from './reshaping';
import { SELECTION_RULES } from './selection';
import { ROUNDING_RULES } from './straight-through';

/** The rule of each operator that can be trained through. */
export const GRADIENT_RULES: ReadonlyMap<string, GradientRule> = new Map(
  [
    ACTIVATION_RULES,
    ARITHMETIC_RULES,
    CONVOLUTION_RULES,
    PRODUCT_RULES,
    NORMALIZATION_RULES,
    POOLING_RULES,
    REDUCTION_RULES,
    RESHAPING_RULES,
    SELECTION_RULES,
    ROUNDING_RULES,
  ].flatMap((rules) => Object.entries(rules)),
);

/** Operators whose outputs do not change with small changes of their inputs. */
const STEPS: ReadonlySet<string> = new Set([
  ...['Shape', 'Size', 'ConstantOfShape', 'EyeLike', 'Range', 'NonZero', 'OneHot'],
  ...['ArgMax', 'ArgMin', 'Floor', 'Ceil', 'Sign', 'IsNaN', 'IsInf'],
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'],
  ...['And', 'Or', 'Xor', 'Not'],
]);

const FLOAT_TYPES: ReadonlySet<number> = new Set([1, 10, 11, 16]);

/** True for nodes that stop gradients: classes, indices, sizes. */
export function isConstantAlmostEverywhere(node: NodeMessage): boolean {
  if (!isStandard(node)) return false;
  if (node.opType === 'Cast') return !FLOAT_TYPES.has(intAttribute(node, 'to', 0));
  return STEPS.has(node.opType);
}
