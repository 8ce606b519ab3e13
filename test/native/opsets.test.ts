// SPDX-License-Identifier: Apache-2.0
// Every operator that means something else, or is written in another way, in a newer opset: ONNX Runtime computes the
// same of both, and TensorRT-RTX builds the new one.
import { describe, expect, it } from 'vitest';
import { buildEngine, createSession } from '../../lib/index';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { raiseOpset } from '../../lib/onnx/passes/raise-opset';
import { makeModel, type NodeSpec, type TensorSpec } from '../onnx-builder';
import { noise } from '../precision-models';

interface Change {
  readonly op: string;
  readonly opset: number;
  /** Of the input `x`. */
  readonly dims: readonly number[];
  readonly attributes?: NodeSpec['attributes'];
  readonly more?: readonly TensorSpec[];
  readonly outputs?: number;
  /** What comes of it: operators of the raised graph, where they are others. */
  readonly becomes?: readonly string[];
  /** Default 22; ONNX Runtime has no kernel for some operators there. */
  readonly to?: number;
  /** Where TensorRT-RTX has no such operator. */
  readonly isRefused?: boolean;
}

const longs = (name: string, ...data: number[]): TensorSpec => ({
  name,
  type: 'INT64',
  dims: [data.length],
  data,
});
const floats = (name: string, dims: readonly number[], ...data: number[]): TensorSpec => ({
  name,
  dims,
  data,
});
const flat = ['Flatten', 'Shape', 'Reshape'];
const reduce = (op: string): Change => ({
  op,
  opset: 13,
  dims: [2, 3, 4],
  attributes: { axes: [1], keepdims: 0 },
});

const CHANGES: readonly Change[] = [
  { op: 'Slice', opset: 9, dims: [2, 4], attributes: { starts: [1], ends: [3], axes: [1] } },
  { op: 'TopK', opset: 9, dims: [2, 4], attributes: { k: 2 }, outputs: 2 },
  {
    op: 'Upsample',
    opset: 7,
    dims: [1, 2, 3, 3],
    attributes: { scales: { floats: [1, 1, 2, 2] } },
    becomes: ['Resize'],
  },
  { op: 'Upsample', opset: 9, dims: [1, 2, 3, 3], more: [floats('s', [4], 1, 1, 2, 2)], becomes: ['Resize'] },
  {
    op: 'Upsample',
    opset: 9,
    dims: [1, 2, 3, 3],
    attributes: { mode: 'linear' },
    more: [floats('s', [4], 1, 1, 3, 2)],
    becomes: ['Resize'],
  },
  { op: 'Resize', opset: 10, dims: [1, 2, 4, 4], more: [floats('s', [4], 1, 1, 2, 2)] },
  {
    op: 'Resize',
    opset: 11,
    dims: [1, 2, 4, 4],
    more: [floats('roi', [0]), floats('s', [0]), longs('sizes', 1, 2, 6, 6)],
  },
  { op: 'Clip', opset: 10, dims: [8], attributes: { max: { float: 0.25 } } },
  { op: 'Clip', opset: 10, dims: [8], attributes: { min: { float: -0.25 }, max: { float: 0.25 } } },
  { op: 'Pad', opset: 10, dims: [2, 3], attributes: { pads: [0, 1, 1, 0], value: { float: 0.5 } } },
  {
    op: 'Scatter',
    opset: 10,
    dims: [3],
    more: [longs('i', 1), floats('u', [1], 9)],
    becomes: ['ScatterElements'],
  },
  { op: 'Dropout', opset: 11, dims: [4], attributes: { ratio: { float: 0.3 } } },
  { op: 'Squeeze', opset: 11, dims: [1, 4], attributes: { axes: [0] } },
  { op: 'Unsqueeze', opset: 11, dims: [4], attributes: { axes: [0, 2] } },
  { op: 'ReduceSum', opset: 11, dims: [2, 3, 4], attributes: { axes: [-1] } },
  { op: 'ReduceSum', opset: 11, dims: [2, 3] },
  { op: 'Split', opset: 11, dims: [2, 6], attributes: { axis: 1, split: [2, 4] }, outputs: 2 },
  { op: 'Split', opset: 13, dims: [2, 6], attributes: { axis: 1 }, outputs: 3 },
  { op: 'Softmax', opset: 11, dims: [2, 5] },
  { op: 'Softmax', opset: 11, dims: [2, 5, 1, 1] },
  { op: 'Softmax', opset: 11, dims: [2, 3, 4], becomes: ['Softmax', ...flat] },
  {
    op: 'LogSoftmax',
    opset: 11,
    dims: [2, 3, 4],
    attributes: { axis: -2 },
    becomes: ['LogSoftmax', ...flat],
  },
  { op: 'Hardmax', opset: 11, dims: [2, 3, 2], attributes: { axis: 0 }, becomes: ['Hardmax', ...flat] },
  {
    op: 'RoiAlign',
    opset: 11,
    to: 21,
    isRefused: true,
    dims: [1, 1, 6, 6],
    attributes: { output_height: 2, output_width: 2 },
    more: [floats('rois', [1, 4], 0.5, 1, 4, 5), { name: 'b', type: 'INT64', dims: [1], data: [0] }],
  },
  ...['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'].map(
    reduce,
  ),
  {
    op: 'GridSample',
    opset: 16,
    dims: [1, 1, 4, 4],
    attributes: { mode: 'bicubic' },
    more: [floats('grid', [1, 2, 2, 2], -0.5, 0.1, 0.3, 0.8, -0.2, -0.9, 0.6, 0.4)],
  },
  {
    op: 'GridSample',
    opset: 16,
    dims: [1, 1, 4, 4],
    more: [floats('grid', [1, 1, 2, 2], -0.5, 0.1, 0.3, 0.8)],
  },
  { op: 'DFT', opset: 17, dims: [1, 8, 1], attributes: { axis: 1 }, isRefused: true },
  {
    op: 'GroupNormalization',
    opset: 18,
    dims: [2, 4, 3],
    attributes: { num_groups: 2 },
    more: [floats('scale', [2], 1.5, 0.5), floats('bias', [2], 0.1, -0.3)],
  },
];

function modelOf({ op, opset, dims, attributes, more = [], outputs = 1 }: Change): Uint8Array {
  const names = Array.from({ length: outputs }, (_, index) => `y${index}`);
  return makeModel({
    opset,
    irVersion: opset > 9 ? 8 : 4,
    inputs: [{ name: 'x', dims }],
    outputs: names.map((name) => ({
      name,
      type: op === 'TopK' && name === 'y1' ? ('INT64' as const) : ('FLOAT' as const),
    })),
    nodes: [{ op, name: 'it', inputs: ['x', ...more.map(({ name }) => name)], outputs: names, attributes }],
    initializers: more,
  });
}

async function run(model: Uint8Array, { dims }: Change): Promise<unknown> {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const session = await createSession(model, { device: 'cpu', intraOpNumThreads: 1 });
  try {
    return await session.run({ x: { data: noise(count, 1, count), dims } });
  } finally {
    await session.close();
  }
}

describe('a node at a newer opset', () => {
  it.each(CHANGES)('computes what $op of opset $opset did (%#)', async (change) => {
    const model = await loadModel(modelOf(change));
    const before = await run(modelOf(change), change);
    expect(raiseOpset(model, change.to ?? 22)).toBeUndefined();
    expect(model.graph.node.map(({ opType }) => opType).sort()).toEqual(
      [...(change.becomes ?? [change.op])].sort(),
    );
    expect(await run(model.toBytes(), change)).toEqual(before);
    const built = buildEngine(model.toBytes(), {
      runtime: 'tensorrt-rtx',
      isolation: 'thread',
      optimizationLevel: 0,
    });
    if (change.isRefused === true) await expect(built).rejects.toThrow();
    else expect((await built).bytes).toBeGreaterThan(0);
  });
});
