// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { readModelInfo } from '../../../lib/onnx';
import { makeModel } from '../../onnx-builder';
import * as models from '../../onnx-models';

describe('type census', () => {
  it('counts weights by type', async () => {
    const { typeCensus } = await readModelInfo(models.convModel(1, 'FLOAT16'));
    expect(typeCensus.weights).toEqual({ FLOAT16: { tensors: 5, elements: 1402, bytes: 2804 } });
    expect(typeCensus.compute).toEqual({ FLOAT16: 3 });
  });

  it('finds quantised arithmetic behind Q/DQ pairs', async () => {
    const info = await readModelInfo(models.quantizedModel());
    expect(info.typeCensus.quantize).toEqual({ INT8: 3 });
    expect(info.typeCensus.quantizedCompute).toEqual({ INT8: 1 });
    expect(info.typeCensus.compute).toEqual({ FLOAT: 1 });
    expect(info.quantization.map(({ name }) => name)).toEqual(['quantize', 'dequantize', 'weights']);
  });

  it('takes a QuantizeLinear without zero point as UINT8, the default of ONNX', async () => {
    const info = await readModelInfo(
      makeModel({
        inputs: [{ name: 'x', dims: [4] }],
        outputs: [{ name: 'y', dims: [4] }],
        nodes: [
          { op: 'QuantizeLinear', inputs: ['x', 's'], outputs: ['q'] },
          { op: 'DequantizeLinear', inputs: ['q', 's'], outputs: ['y'] },
        ],
        initializers: [{ name: 's', dims: [], data: [0.1] }],
      }),
    );
    expect(info.typeCensus.quantize).toEqual({ UINT8: 2 });
  });

  it('follows types through casts, constants and subgraphs', async () => {
    const half = { name: 'c', type: 'FLOAT16', dims: [2, 2] } as const;
    const info = await readModelInfo(
      makeModel({
        inputs: [
          { name: 'x', dims: [2, 2] },
          { name: 'flag', type: 'BOOL', dims: [] },
        ],
        outputs: [{ name: 'y', dims: [2, 2] }],
        nodes: [
          { op: 'Cast', inputs: ['x'], outputs: ['h'], attributes: { to: 10 } },
          { op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: { tensor: half } } },
          {
            op: 'If',
            name: 'if',
            inputs: ['flag'],
            outputs: ['z'],
            attributes: {
              then_branch: { graph: { nodes: [{ op: 'MatMul', inputs: ['h', 'c'], outputs: ['m'] }] } },
            },
          },
          { op: 'MatMul', inputs: ['c', 'h'], outputs: ['n'] },
          { op: 'Cast', inputs: ['n'], outputs: ['y'], attributes: { to: 1 } },
        ],
      }),
    );
    expect(info.typeCensus.casts).toEqual({ FLOAT16: 1, FLOAT: 1 });
    expect(info.typeCensus.compute).toEqual({ FLOAT16: 2 });
    expect(info.parameterCount).toBe(4);
  });
});

describe('shape inputs', () => {
  it('finds an input that is a shape', async () => {
    expect((await readModelInfo(models.reshapeModel())).shapeInputs).toEqual(['shape']);
  });

  it('finds it behind arithmetic, and leaves data inputs alone', async () => {
    const info = await readModelInfo(
      makeModel({
        inputs: [
          { name: 'ids', type: 'INT64', dims: [4] },
          { name: 'size', type: 'INT64', dims: [1] },
          { name: 'x', dims: [1] },
        ],
        outputs: [
          { name: 'y', dims: ['n'] },
          { name: 'e', dims: [4] },
        ],
        nodes: [
          { op: 'Mul', inputs: ['size', 'two'], outputs: ['twice'] },
          { op: 'Expand', inputs: ['x', 'twice'], outputs: ['y'] },
          { op: 'Gather', inputs: ['table', 'ids'], outputs: ['e'] },
        ],
        initializers: [
          { name: 'two', type: 'INT64', dims: [1], data: [2] },
          { name: 'table', dims: [9] },
        ],
      }),
    );
    expect(info.shapeInputs).toEqual(['size']);
  });

  it('does not take the shape of an input for its values', async () => {
    const info = await readModelInfo(
      makeModel({
        inputs: [{ name: 'ids', type: 'INT64', dims: ['n'] }],
        outputs: [{ name: 'y', dims: ['n'] }],
        nodes: [
          { op: 'Shape', inputs: ['ids'], outputs: ['s'] },
          { op: 'ConstantOfShape', inputs: ['s'], outputs: ['y'] },
        ],
      }),
    );
    expect(info.shapeInputs).toEqual([]);
  });
});
