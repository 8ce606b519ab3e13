// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { assertOnnxModel, checkOnnxModel } from '../../../../lib/onnx/check/check-onnx-model';
import { loadModel, OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { decodeMessage } from '../../../../lib/onnx/graph/wire-message';
import { MODEL_SCHEMA, type ModelMessage } from '../../../../lib/onnx/graph/onnx-messages';
import { addModel, convModel, dynamicModel, identityModel, reshapeModel } from '../../../onnx-models';
import { makeModel, type ModelSpec, type NodeSpec } from '../../../onnx-builder';
import {
  attentionModel,
  loopModel,
  normalizedModel,
  operatorModel,
  overflowModel,
  residualModel,
} from '../../../precision-models';

/** Without the checks of loading: these models are bad on purpose. */
const check = (spec: ModelSpec) =>
  checkOnnxModel(new OnnxModel(decodeMessage(MODEL_SCHEMA, makeModel(spec)) as ModelMessage));

const relu: NodeSpec = { op: 'Relu', name: 'act', inputs: ['x'], outputs: ['y'] };
const good: ModelSpec = {
  inputs: [{ name: 'x', dims: [2, 4] }],
  outputs: [{ name: 'y', dims: [2, 4] }],
  nodes: [relu],
};
const withNode = (node: Partial<NodeSpec>, more: ModelSpec = {}): ModelSpec => ({
  ...good,
  nodes: [{ ...relu, ...node }],
  ...more,
});

describe('checking a model', () => {
  it.each<readonly [string, Uint8Array]>([
    ['identity', identityModel()],
    ['add', addModel()],
    ['conv', convModel('batch')],
    ['dynamic', dynamicModel()],
    ['reshape', reshapeModel()],
    ['residual', residualModel()],
    ['attention', attentionModel()],
    ['loop', loopModel()],
    ['normalized', normalizedModel()],
    ['overflow', overflowModel()],
    ...['Clip', 'Concat', 'Gather', 'Gemm', 'Pad', 'Resize', 'Slice', 'Split', 'Where'].map(
      (op) => [op, operatorModel(op)] as const,
    ),
  ])('finds nothing wrong with the model %s', async (_name, bytes) => {
    expect(checkOnnxModel(await loadModel(bytes))).toEqual([]);
  });

  it.each<[string, ModelSpec, RegExp]>([
    [
      'an unknown operator',
      withNode({ op: 'Rleu' }),
      /"act" \(Rleu\): ONNX has no such operator. Did you mean "Relu"/,
    ],
    [
      'an operator of a later opset',
      withNode({ op: 'Gelu' }),
      /"act" \(Gelu\): opset 17 .* came with opset 20/,
    ],
    [
      'an operator that is gone',
      withNode({ op: 'Upsample', inputs: ['x', 'x'] }),
      /taken out of ONNX with opset 10/,
    ],
    [
      'an operator missing from a known domain',
      withNode({ domain: 'ai.onnx.ml' }, { opset: { '': 17, 'ai.onnx.ml': 3 } }),
      /domain "ai.onnx.ml" has no such operator/,
    ],
    [
      'a domain without opset',
      withNode({ domain: 'com.example' }),
      /domain "com.example", of which the model names no opset/,
    ],
    [
      'an unknown attribute',
      withNode({ op: 'Softmax', attributes: { axes: 1 } }),
      /\(Softmax\): has no attribute "axes". Did you mean "axis"/,
    ],
    [
      'an attribute of another type',
      withNode({ op: 'Softmax', attributes: { axis: [1] } }),
      /"axis" must be INT, but is INTS/,
    ],
    ['a missing attribute', withNode({ op: 'Concat' }), /\(Concat\): lacks its attribute "axis"/],
    ['a constant without value', withNode({ op: 'Constant', inputs: [] }), /exactly one value, but has 0/],
    ['too many inputs', withNode({ inputs: ['x', 'x'] }), /"act" \(Relu\): has 2 inputs, but takes 1/],
    ['too few inputs', withNode({ op: 'Add' }), /has 1 inputs, but takes 2/],
    ['too many outputs', withNode({ outputs: ['y', 'z'] }), /has 2 outputs, but takes 1/],
    ['a required input left out', withNode({ op: 'Add', inputs: ['', 'x'] }), /input 0 is left out/],
    [
      'an input that nothing makes',
      withNode({ inputs: ['xx'] }),
      /its input "xx" is made by nothing. Did you mean "x"/,
    ],
    [
      'an output that nothing makes',
      { ...good, outputs: [{ name: 'yy' }] },
      /output "yy" is made by no node. Did you mean "y"/,
    ],
    [
      'a value made twice',
      { ...good, nodes: [relu, { ...relu, name: 'again' }] },
      /"again" \(Relu\): its output "y" is the name of another/,
    ],
    [
      'an input given twice',
      { ...good, inputs: [...good.inputs!, ...good.inputs!] },
      /two inputs have the name "x"/,
    ],
    ['a graph without outputs', { ...good, outputs: [] }, /has no outputs/],
    [
      'a newer initializer in an old IR',
      { ...good, irVersion: 3, initializers: [{ name: 'w', dims: [1] }] },
      /"w" must be an input too/,
    ],
    [
      'a tensor with too little content',
      { ...good, initializers: [{ name: 'w', dims: [3], data: [1, 2] }] },
      /initializer "w" has 8 bytes, but dims \[3\] of FLOAT need 12/,
    ],
    ['a missing opset', { ...good, opset: {} }, /names no opset/],
    [
      'a type that the operator does not take',
      withNode(
        { op: 'Sqrt' },
        { inputs: [{ name: 'x', type: 'INT64', dims: [2, 4] }], outputs: [{ name: 'y', type: 'INT64' }] },
      ),
      /input 0 \("x"\) is INT64, which the operator does not take/,
    ],
    [
      'inputs of different types',
      withNode(
        { op: 'Add', inputs: ['x', 'w'] },
        { initializers: [{ name: 'w', type: 'INT64', dims: [1], data: [1] }] },
      ),
      /inputs 0 and 1 must have the same type, but are FLOAT and INT64/,
    ],
    [
      'shapes that do not go together',
      withNode({ op: 'Add', inputs: ['x', 'w'] }, { initializers: [{ name: 'w', dims: [3] }] }),
      /"act" \(Add\): shapes \[2, 4\] and \[3\] cannot be broadcast/,
    ],
    [
      'another shape than declared',
      { ...good, outputs: [{ name: 'y', dims: [2, 5] }] },
      /"y": declared with shape \[2, 5\], but it has \[2, 4\]/,
    ],
    [
      'another type than declared',
      { ...good, outputs: [{ name: 'y', type: 'INT32', dims: [2, 4] }] },
      /"y": declared as INT32, but it is FLOAT/,
    ],
  ])('names %s', (_what, spec, message) => {
    const errors = check(spec).filter(({ severity }) => severity === 'error');
    expect(errors.map((problem) => problem.message)).toContainEqual(expect.stringMatching(message));
  });

  it('names nodes that are not sorted', () => {
    const nodes = [
      { op: 'Relu', name: 'late', inputs: ['m'], outputs: ['y'] },
      { op: 'Sigmoid', name: 'early', inputs: ['x'], outputs: ['m'] },
    ];
    expect(check({ ...good, nodes })).toEqual([
      {
        severity: 'error',
        node: 'late',
        operator: 'Relu',
        message: expect.stringContaining('"m" is made by "early" (Sigmoid), which comes later') as string,
      },
    ]);
  });

  it('names the nodes of a cycle', () => {
    const nodes = [
      { op: 'Add', name: 'a', inputs: ['x', 'q'], outputs: ['p'] },
      { op: 'Relu', name: 'b', inputs: ['p'], outputs: ['q'] },
      { op: 'Relu', name: 'c', inputs: ['q'], outputs: ['y'] },
    ];
    const messages = check({ ...good, nodes }).map(({ message }) => message);
    expect(messages).toEqual([expect.stringMatching(/cycle: "a" -> "b" -> "a"/)]);
  });

  it('finds inputs and outputs without type', () => {
    const message = decodeMessage(MODEL_SCHEMA, makeModel(good)) as ModelMessage;
    message.graph.input[0]!.type = undefined;
    expect(checkOnnxModel(new OnnxModel(message))[0]).toMatchObject({
      severity: 'error',
      message: 'input "x" has no type',
    });
  });

  it('looks into bodies, which see the values around them and no others', () => {
    const body = (input: string): NodeSpec => {
      const graph = {
        outputs: [{ name: 'r' }],
        nodes: [{ op: 'Relu', name: 'in', inputs: [input], outputs: ['r'] }],
      };
      const branches = { then_branch: { graph }, else_branch: { graph } };
      return { op: 'If', name: 'choice', inputs: ['go'], outputs: ['y'], attributes: branches };
    };
    const inputs = [...good.inputs!, { name: 'go', type: 'BOOL' as const, dims: [] }];
    expect(check({ ...good, inputs, nodes: [body('x')] })).toEqual([]);
    const [first, second, ...rest] = check({ ...good, inputs, nodes: [body('hidden')] });
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ graph: 'then_branch of "choice"', node: 'in', severity: 'error' });
    expect(second!.message).toContain('in the else_branch of "choice"');
  });

  it('warns of custom operators and newer versions, and leaves them alone', () => {
    const opset = { '': 99, 'com.example': 1 };
    const problems = check(withNode({ op: 'Mystery', domain: 'com.example' }, { opset, irVersion: 99 }));
    expect(problems.map(({ severity }) => severity)).toEqual(['warning', 'warning', 'warning']);
    expect(problems[2]!.message).toContain('"act" (Mystery): is a custom operator of domain "com.example"');
  });

  it('throws with all problems', () => {
    const spec = withNode({ op: 'Rleu', inputs: ['q'] }, { outputs: [{ name: 'z' }], opset: 17 });
    const model = new OnnxModel(decodeMessage(MODEL_SCHEMA, makeModel(spec)) as ModelMessage);
    expect(() => assertOnnxModel(model)).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_ONNX_INVALID',
        details: expect.objectContaining({ problems: checkOnnxModel(model) }) as unknown,
      }),
    );
    expect(checkOnnxModel(model)).toHaveLength(3);
  });

  it('does not throw for warnings', () => {
    const spec = withNode({ domain: 'com.example' }, { opset: { '': 17, 'com.example': 1 } });
    const message = decodeMessage(MODEL_SCHEMA, makeModel(spec)) as ModelMessage;
    expect(() => assertOnnxModel(new OnnxModel(message))).not.toThrow();
  });
});
