// SPDX-License-Identifier: Apache-2.0
import type { ShapeRules } from '../node-view';
import { CONVOLUTION_RULES } from './convolutions';
import { ELEMENTWISE_RULES } from './elementwise';
import { GENERATOR_RULES } from './generators';
import { MATRIX_PRODUCT_RULES } from './matrix-products';
import { NORMALIZATION_RULES } from './normalizations';
import { REDUCTION_RULES } from './reductions';
import { RESHAPING_RULES } from './reshaping';
import { RESIZING_RULES } from './resizing';
import { SELECTION_RULES } from './selection';
import { SEQUENCE_RULES } from './sequences';

/** Rules of all operators but those with bodies; source of each: https://onnx.ai/onnx/operators/ */
export const SHAPE_RULES: ShapeRules = {
  ...ELEMENTWISE_RULES,
  ...CONVOLUTION_RULES,
  ...MATRIX_PRODUCT_RULES,
  ...RESHAPING_RULES,
  ...SELECTION_RULES,
  ...REDUCTION_RULES,
  ...NORMALIZATION_RULES,
  ...RESIZING_RULES,
  ...SEQUENCE_RULES,
  ...GENERATOR_RULES,
};
