// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  newestOpset,
  operatorNames,
  operatorSchema,
  operatorVersions,
  parameterAt,
} from '../../../../lib/onnx/schema/operator-schema';

describe('the table of operators', () => {
  it('has the operators of ONNX and the names of its other domains', () => {
    expect(newestOpset()).toBeGreaterThanOrEqual(27);
    expect(operatorNames()).toHaveLength(202);
    expect(operatorNames('ai.onnx.ml')).toContain('TreeEnsembleClassifier');
    expect(operatorNames('com.example')).toEqual([]);
  });

  it('gives the version of an operator that an opset has', () => {
    expect(operatorSchema('Add', 12)!.sinceVersion).toBe(7);
    expect(operatorSchema('Add', 13)!.sinceVersion).toBe(13);
    expect(operatorSchema('Add', 99)!.sinceVersion).toBe(14);
    expect(operatorSchema('Gelu', 19)).toBeUndefined();
    expect(operatorVersions('Gelu')).toEqual([20]);
  });

  it('has no schemas of other domains, and no operators named like parts of objects', () => {
    expect(operatorSchema('Add', 17, 'com.example')).toBeUndefined();
    expect(operatorSchema('toString', 17)).toBeUndefined();
    expect(operatorVersions('constructor')).toEqual([]);
  });

  it('tells inputs, outputs and type variables', () => {
    const conv = operatorSchema('Conv', 17)!;
    expect(conv.inputs.map(({ option, type }) => `${type} ${option}`)).toEqual([
      'T single',
      'T single',
      'T optional',
    ]);
    expect(conv.typeConstraints.get('T')).toEqual([1, 10, 11]);
    expect(operatorSchema('Identity', 17)!.typeConstraints.get('V')).toContain('seq(tensor(float))');
    expect(operatorSchema('TopK', 17)!.inputs[1]!.type).toBe('tensor(int64)');
  });

  it('tells attributes with type, need and default', () => {
    const { attributes } = operatorSchema('Gemm', 17)!;
    expect(attributes.get('alpha')).toEqual({ name: 'alpha', type: 1, required: false, default: 1 });
    expect(attributes.get('transB')).toEqual({ name: 'transB', type: 2, required: false, default: 0 });
    expect(operatorSchema('Concat', 17)!.attributes.get('axis')).toEqual({
      name: 'axis',
      type: 2,
      required: true,
    });
    expect(operatorSchema('Conv', 17)!.attributes.get('auto_pad')!.default).toBe('NOTSET');
    expect(operatorSchema('BatchNormalization', 17)!.attributes.get('epsilon')!.default).toBe(1e-5);
  });

  it('knows variadic parameters and what was taken out', () => {
    const { inputs } = operatorSchema('Concat', 17)!;
    expect(inputs).toEqual([{ option: 'variadic', type: 'T', homogeneous: true, least: 1 }]);
    expect(parameterAt(inputs, 5)).toBe(inputs[0]);
    expect(operatorSchema('Loop', 17)!.inputs[2]!.homogeneous).toBe(false);
    expect(operatorSchema('Upsample', 17)!.deprecated).toBe(true);
    expect(operatorSchema('Upsample', 9)!.deprecated).toBe(false);
  });
});
