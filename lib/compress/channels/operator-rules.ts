// SPDX-License-Identifier: Apache-2.0
import { ELEMENTWISE_RULES } from './rules/elementwise';
import { MOVEMENT_RULES } from './rules/movement';
import { reshape } from './rules/reshape';
import type { DependencyRules } from './rules/rule';
import { shape } from './rules/shape-arithmetic';
import { WEIGHTED_RULES } from './rules/weighted';

/** Operators that channels can be followed through. Every other one, and those of other domains, keeps all it touches. */
export const DEPENDENCY_RULES: DependencyRules = {
  ...ELEMENTWISE_RULES,
  ...MOVEMENT_RULES,
  ...WEIGHTED_RULES,
  Reshape: reshape,
  Flatten: reshape,
  Shape: shape,
};
