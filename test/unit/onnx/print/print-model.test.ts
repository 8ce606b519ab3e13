// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { printModel } from '../../../../lib/onnx/print/print-model';
import { makeModel } from '../../../onnx-builder';
import { branchModel, convModel, externalModel, stringModel } from '../../../onnx-models';
import { temporaryFolder } from '../../../temporary-folder';

const print = async (bytes: Uint8Array, weights?: 'types' | 'summary') => printModel(bytes, { weights });

describe('a printed model', () => {
  it('has its numbers, then one line for each value and node', async () => {
    expect(await print(convModel('batch'))).toBe(`# graph        graph
# opset        ONNX 17; IR 8
# nodes        6: Conv 2, Relu 1, GlobalAveragePool 1, Flatten 1, Gemm 1
# parameters   1,402; 5,608 bytes (FLOAT 5,608)
# computes in  FLOAT 3
# dynamic      batch

input images: float32 [batch, 1, 8, 8]
constant w1: float32 [8, 1, 3, 3], 288 bytes
constant b1: float32 [8] = [-0.5, 0.0384615, -0.423077, 0.115385, -0.346154, 0.192308, -0.269231, 0.269231]
constant w2: float32 [16, 8, 3, 3], 4,608 bytes
constant w3: float32 [16, 10], 640 bytes
constant b3: float32 [10], 40 bytes
c1: float32 [batch, 8, 8, 8] = Conv(images, w1, b1) {kernel_shape: [3, 3], pads: [1, 1, 1, 1]}  # conv1
r1: float32 [batch, 8, 8, 8] = Relu(c1)  # relu1
c2: float32 [batch, 16, 6, 6] = Conv(r1, w2) {kernel_shape: [3, 3]}  # conv2
p: float32 [batch, 16, 1, 1] = GlobalAveragePool(c2)  # pool
f: float32 [batch, 16] = Flatten(p)  # flatten
logits: float32 [batch, 10] = Gemm(f, w3, b3)  # fc
output logits: float32 [batch, 10]
`);
  });

  it('has the ranges of weights if they are asked for, which are read from files then', async () => {
    expect(await print(convModel(), 'summary')).toContain(
      'constant w1: float32 [8, 1, 3, 3], 288 bytes, -0.5 to 0.423077\n',
    );
    const path = join(temporaryFolder(), 'm.onnx');
    writeFileSync(path, externalModel());
    writeFileSync(
      join(path, '../weights.bin'),
      new Uint8Array(Float32Array.from({ length: 16 }, (_, i) => (i === 3 ? NaN : i)).buffer),
    );
    expect(await printModel(path, { weights: 'summary' })).toContain(
      'w: float32 [4, 4], 64 bytes, 0 to 15, 1 not finite',
    );
    expect(await printModel(path)).toContain('w: float32 [4, 4], 64 bytes\n');
  });

  it('has the graphs inside nodes below them, indented', async () => {
    const lines = (await print(branchModel())).split('\n');
    const at = lines.findIndex((line) => line.startsWith('y: '));
    expect(lines.slice(at, at + 5)).toEqual([
      'y: float32 [2] = If(flag)  # choice',
      '  then_branch:',
      '    constant Add_w: float32 [2] = [-0.5, 0.0384615]',
      '    Add_out: float32 [2] = Add(x, Add_w)  # Add_node',
      '    output Add_out: float32 [2]',
    ]);
  });

  it('shows attributes of all kinds, other domains and inputs that are left out', async () => {
    const bytes = makeModel({
      opset: { '': 17, vendor: 3 },
      inputs: [{ name: 'x' }],
      outputs: [{ name: 'two words' }],
      nodes: [
        {
          op: 'Any',
          domain: 'vendor',
          name: '',
          inputs: ['x', '', 'x'],
          outputs: ['two words', ''],
          attributes: {
            i: 3,
            s: 'te"xt',
            f: { float: 0.1 },
            fs: { floats: [1, 2.5] },
            is: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            ss: { strings: ['a', 'b'] },
            t: { tensor: { name: 't', type: 'INT64', dims: [2], data: [3, -1] } },
          },
        },
      ],
    });
    expect((await print(bytes)).split('\n').slice(-3)).toEqual([
      '"two words": float32, - = vendor.Any(x, -, x) {i: 3, s: "te\\"xt", f: 0.1, fs: [1, 2.5], ' +
        'is: [1, 2, 3, 4, 5, 6, 7, 8, … 2 more], ss: ["a", "b"], t: int64 [2] = [3, -1]}',
      'output "two words": float32',
      '',
    ]);
  });

  it('is of a model as it is now, and takes strings and functions', async () => {
    const model = await loadModel(convModel());
    model.graph.node[1]!.opType = 'Tanh';
    expect(await printModel(model)).toContain('Tanh(c1)');
    expect(await print(stringModel())).toMatch(/string \[\d+\]/);
    const body = { op: 'Neg', inputs: ['a'], outputs: ['b'] };
    const functions = makeModel({
      opset: { '': 17, local: 1 },
      inputs: [{ name: 'x', dims: [1] }],
      outputs: [{ name: 'y', dims: [1] }],
      nodes: [{ op: 'Twice', domain: 'local', inputs: ['x'], outputs: ['y'] }],
      functions: [{ name: 'Twice', domain: 'local', inputs: ['a'], outputs: ['b'], nodes: [body] }],
    });
    const lines = (await print(functions)).split('\n');
    expect(lines).toContain('# functions    Twice');
    expect(lines.slice(-3)).toEqual(['function b = local.Twice(a)', '  b = Neg(a)  # Neg:b', '']);
  });
});
