// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { CAST_RULES, STATISTICS } from '../../../../lib/onnx/passes/cast-rules';
import {
  newestOpset,
  operatorSchema,
  operatorVersions,
  parameterAt,
} from '../../../../lib/onnx/schema/operator-schema';

const FLOAT = 1;
const FLOAT16 = 10;
const BFLOAT16 = 16;

/** True where the definition at an opset allows a type for the inputs that change. */
function allows(op: string, opset: number, type: number): boolean {
  const schema = operatorSchema(op, opset)!;
  const { inputs } = CAST_RULES.get(op)!;
  const parameters = schema.inputs.filter((_, index) => inputs?.includes(index) ?? true);
  const types = parameters.map((parameter) => schema.typeConstraints.get(parameter.type) ?? []);
  return types.filter((list) => list.includes(FLOAT)).every((list) => list.includes(type));
}

describe.each([...CAST_RULES])('the rule of %s', (op, rule) => {
  it('agrees with what ONNX defines', () => {
    const first = Math.max(13, operatorVersions(op)[0]!);
    expect(allows(op, first, FLOAT16)).toBe(true);
    const opsets = Array.from({ length: newestOpset() - 10 }, (_, i) => 11 + i);
    const since = opsets.find(
      (opset) => operatorSchema(op, opset) !== undefined && allows(op, opset, BFLOAT16),
    )!;
    // TensorRT refuses some that ONNX allows.
    if (Number.isFinite(rule.bf16Since)) expect(rule.bf16Since).toBe(since);
    for (const index of rule.inputs ?? [])
      expect(parameterAt(operatorSchema(op, first)!.inputs, index)).toBeDefined();
  });
});

it('has no operator whose results are statistics', () => {
  expect([...STATISTICS].filter((op) => CAST_RULES.has(op))).toEqual([]);
  expect([...STATISTICS].filter((op) => operatorVersions(op).length === 0)).toEqual([]);
});
