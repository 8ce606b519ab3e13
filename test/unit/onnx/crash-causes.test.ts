// SPDX-License-Identifier: Apache-2.0
// Each of these models ends a process in which TensorRT-RTX 1.7.1 parses it. If one is accepted, fuzzing of native
// builds will die of it.
import { describe, expect, it } from 'vitest';
import { readModelInfo } from '../../../lib/onnx';
import { makeModel, type FunctionSpec, type GraphSpec, type NodeSpec } from '../../onnx-builder';
import { loopModel } from '../../onnx-models';

const graph = (nodes: readonly NodeSpec[], functions: readonly FunctionSpec[] = []) =>
  makeModel({ inputs: [{ name: 'x', dims: [2] }], outputs: [{ name: 'y', dims: [2] }], nodes, functions });

const call = (name: string, [input, output]: readonly [string, string]): NodeSpec => ({
  op: name,
  domain: 'my',
  inputs: [input],
  outputs: [output],
});
const define = (name: string, nodes: readonly NodeSpec[]): FunctionSpec => ({
  name,
  domain: 'my',
  inputs: ['a'],
  outputs: ['b'],
  nodes,
});

function loop(inputs: readonly string[], body: GraphSpec): Uint8Array {
  return graph([{ op: 'Loop', name: 'loop', inputs, outputs: ['y'], attributes: { body: { graph: body } } }]);
}
const values = (...names: string[]) => names.map((name) => ({ name, dims: [2] }));

async function expectInvalid(model: Uint8Array, message: string): Promise<void> {
  const error: unknown = await readModelInfo(model).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'ERR_TRT_ONNX_INVALID',
    message: expect.stringContaining(message) as string,
  });
}

describe('models that crash the parser of TensorRT', () => {
  it('a node without outputs', async () => {
    const node = { op: 'Relu', name: 'lost', inputs: ['x'], outputs: [] };
    await expectInvalid(
      graph([node, { op: 'Relu', inputs: ['x'], outputs: ['y'] }]),
      'node "lost" (Relu) has no outputs',
    );
  });

  it('functions that call themselves, directly or through another', async () => {
    const self = define('F', [call('F', ['a', 'b'])]);
    await expectInvalid(graph([call('F', ['x', 'y'])], [self]), 'function my.F calls itself');
    const [f, g] = [define('F', [call('G', ['a', 'b'])]), define('G', [call('F', ['a', 'b'])])];
    await expectInvalid(graph([call('F', ['x', 'y'])], [f, g]), 'calls itself');
  });

  it('a function that calls itself from a branch', async () => {
    const branch = { outputs: values('b'), nodes: [call('F', ['a', 'b'])] };
    const choice = {
      op: 'If',
      inputs: ['a'],
      outputs: ['b'],
      attributes: { then_branch: { graph: branch } },
    };
    await expectInvalid(
      graph([call('F', ['x', 'y'])], [define('F', [choice])]),
      'function my.F calls itself',
    );
  });

  it('a Loop with more inputs than its body, or fewer results', async () => {
    const body = { inputs: values('i', 'c', 'v'), outputs: values('c', 'v') };
    await expectInvalid(loop(['n', '', 'x', 'x'], body), 'has 4 inputs, its body 3');
    await expectInvalid(loop(['n', '', 'x'], {}), 'has 3 inputs, its body 0');
    await expectInvalid(
      loop(['n', '', 'x'], { ...body, outputs: values('c') }),
      'has 1 outputs where 2 are needed',
    );
  });
});

describe('models that only look like them', () => {
  it('a function called twice, and functions in a chain', async () => {
    const relu = { op: 'Relu', inputs: ['a'], outputs: ['b'] };
    const functions = [define('F', [call('G', ['a', 'm']), call('G', ['m', 'b'])]), define('G', [relu])];
    const info = await readModelInfo(graph([call('F', ['x', 'm']), call('F', ['m', 'y'])], functions));
    expect(info.nodes.count).toBe(5);
  });

  it('a Loop that fits', async () => {
    expect((await readModelInfo(loopModel())).nodes.count).toBe(3);
  });
});
