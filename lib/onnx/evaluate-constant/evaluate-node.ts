// SPDX-License-Identifier: Apache-2.0
import { isStandard } from '../graph/graph-walk';
import type { NodeMessage } from '../graph/onnx-messages';
import { cast } from './cast';
import { hasUnknown, isExact, NotEvaluable, type ConstantValue } from './constant-value';
import { ELEMENTWISE } from './elementwise';
import { Evaluation, type Evaluator } from './evaluation';
import { GENERATORS } from './generators';
import { MOVEMENT } from './movement';
import { REDUCTION_EVALUATORS } from './reductions';
import { RESHAPES } from './reshapes';

const EVALUATORS = new Map<string, Evaluator>([
  ...ELEMENTWISE,
  ...MOVEMENT,
  ...RESHAPES,
  ...REDUCTION_EVALUATORS,
  ...GENERATORS,
  ['Cast', cast],
]);
/** Operators that hand elements on that are not known, by their first input or by all. */
const FIRST_UNKNOWN = new Set(
  'Gather Slice Squeeze Unsqueeze Reshape Flatten Transpose Split Identity Cast'.split(' '),
);
const ANY_UNKNOWN = new Set('Concat Add Sub Mul Div'.split(' '));

/** Limits of an evaluation. */
export interface EvaluateOptions {
  /** Version of ONNX's operators that the model imports. */
  readonly opset: number;
  /** Most bytes of a result that is larger than the node's inputs. */
  readonly mostBytes: number;
}

/** True for operators that can be computed without a runtime. */
export function isEvaluable(node: NodeMessage): boolean {
  return isStandard(node) && EVALUATORS.has(node.opType);
}

/**
 * Computes a node of constants: pure arithmetic, as ONNX Runtime's CPU kernels have it up to the rounding of
 * transcendental functions and the order of sums. Broadcasting is numpy's.
 *
 * Refused (undefined): operators and element types that are not known here; whole numbers beyond 2^53 and divisions of
 * them by zero; numbers outside of the type they are cast to; FLOAT16 and BFLOAT16 except to move and cast them; results
 * that are too large.
 *
 * @param inputs - Undefined where the node leaves an optional input out.
 */
export function evaluateNode(
  node: NodeMessage,
  inputs: readonly (ConstantValue | undefined)[],
  { opset, mostBytes }: EvaluateOptions,
): ConstantValue[] | undefined {
  const evaluator = EVALUATORS.get(node.opType);
  const given = inputs.filter((one) => one !== undefined);
  if (evaluator === undefined || !acceptsUnknown(node, inputs)) return undefined;
  // Ends of a Slice may be anything: they are clamped.
  const counted = node.opType === 'Slice' ? given.slice(0, 1) : given;
  if (!counted.every(isExact)) return undefined;
  // A value that is read twice is there once: squares of squares would grow without an end.
  const bytes = [...new Set(given)].reduce((sum, { data }) => sum + data.byteLength, 0);
  try {
    const results = evaluator(new Evaluation(node, inputs, opset, Math.max(mostBytes, bytes)));
    return results.every(isExact) ? results : undefined;
  } catch (error) {
    if (error instanceof NotEvaluable) return undefined;
    throw error;
  }
}

function acceptsUnknown({ opType }: NodeMessage, inputs: readonly (ConstantValue | undefined)[]): boolean {
  const isUnknown = (one: ConstantValue | undefined) => one !== undefined && hasUnknown(one);
  if (ANY_UNKNOWN.has(opType)) return true;
  const [first, ...others] = inputs;
  return !others.some(isUnknown) && (FIRST_UNKNOWN.has(opType) || !isUnknown(first));
}
