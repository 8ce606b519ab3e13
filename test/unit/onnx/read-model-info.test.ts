// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelInfo } from '../../../lib/onnx';
import { makeModel } from '../../onnx-builder';
import * as models from '../../onnx-models';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-read-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The same result from bytes and from a file. */
async function readBothWays(bytes: Uint8Array) {
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes);
  const [fromBytes, fromFile] = [await readModelInfo(bytes), await readModelInfo(path)];
  expect(fromFile).toEqual(fromBytes);
  return fromBytes;
}

describe('readModelInfo', () => {
  it('reads versions, producer and graph name', async () => {
    const model = makeModel({
      name: 'net',
      producer: 'me',
      irVersion: 10,
      opset: { 'ai.onnx': 21, 'com.example': 2 },
      outputs: [{ name: 'y', dims: [1] }],
    });
    const info = await readBothWays(model);
    expect(info).toMatchObject({ graphName: 'net', producer: 'me', irVersion: 10, fileBytes: model.length });
    expect(info.opsets).toEqual({ '': 21, 'com.example': 2 });
  });

  it('reads inputs and outputs with types, symbols and unnamed dynamic dimensions', async () => {
    const info = await readBothWays(models.dynamicModel(['batch', 3, -1, 'width']));
    expect(info.inputs).toEqual([
      {
        name: 'x',
        type: 'float32',
        onnxType: 'FLOAT',
        dims: ['batch', 3, -1, 'width'],
        hasShape: true,
        kind: 'tensor',
      },
    ]);
    expect(info.outputs[0]).toMatchObject({ name: 'y', dims: ['batch', 3, -1, 'width'] });
    expect(info.symbols).toEqual(['batch', 'width']);
  });

  it('tells a scalar from an unknown rank', async () => {
    const info = await readBothWays(
      makeModel({ inputs: [{ name: 'a', dims: [] }, { name: 'b' }], outputs: [{ name: 'a', dims: [] }] }),
    );
    expect(info.inputs.map(({ dims, hasShape }) => [dims, hasShape])).toEqual([
      [[], true],
      [[], false],
    ]);
  });

  it('leaves initializers out of the inputs, as old IR versions list them there', async () => {
    const info = await readBothWays(
      makeModel({
        irVersion: 3,
        inputs: [
          { name: 'x', dims: [2] },
          { name: 'w', dims: [2] },
        ],
        outputs: [{ name: 'y', dims: [2] }],
        nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
        initializers: [{ name: 'w', dims: [2] }],
      }),
    );
    expect(info.inputs.map((input) => input.name)).toEqual(['x']);
  });

  it('counts nodes, parameters and bytes', async () => {
    const info = await readBothWays(models.convModel('batch'));
    expect(info.nodes.count).toBe(6);
    expect(info.nodes.operators['']).toEqual({ Conv: 2, Relu: 1, GlobalAveragePool: 1, Flatten: 1, Gemm: 1 });
    expect(info.nodes.list[0]).toMatchObject({ name: 'conv1', opType: 'Conv', index: 0, scope: '' });
    expect(info.parameterCount).toBe(72 + 8 + 1152 + 160 + 10);
    expect(info.weightBytes).toBe(4 * info.parameterCount);
    expect(info.initializers[0]).toMatchObject({ name: 'w1', dims: [8, 1, 3, 3], elements: 72, bytes: 288 });
  });

  it('reads subgraphs with their nodes and initializers', async () => {
    const info = await readBothWays(models.branchModel());
    expect(info.nodes.list.map(({ opType, scope }) => [opType, scope])).toEqual([
      ['If', ''],
      ['Add', 'choice/then_branch'],
      ['Mul', 'choice/else_branch'],
    ]);
    expect(info.initializers.map(({ name, scope }) => [name, scope])).toEqual([
      ['Add_w', 'choice/then_branch'],
      ['Mul_w', 'choice/else_branch'],
    ]);
  });

  it('reads the nodes of functions', async () => {
    const info = await readBothWays(
      makeModel({
        inputs: [{ name: 'x', dims: [2] }],
        outputs: [{ name: 'y', dims: [2] }],
        nodes: [{ op: 'Twice', domain: 'my.ops', inputs: ['x'], outputs: ['y'] }],
        functions: [
          {
            name: 'Twice',
            domain: 'my.ops',
            inputs: ['a'],
            outputs: ['b'],
            nodes: [{ op: 'Add', inputs: ['a', 'a'], outputs: ['b'] }],
          },
        ],
      }),
    );
    expect(info.nodes.operators).toEqual({ 'my.ops': { Twice: 1 }, '': { Add: 1 } });
    expect(info.nodes.list[1]!.scope).toBe('function my.ops.Twice');
  });

  it('survives operators and domains named like parts of JavaScript objects', async () => {
    const info = await readBothWays(
      makeModel({
        opset: { __proto__x: 1, '': 17, constructor: 3 },
        inputs: [{ name: '__proto__', dims: [2] }],
        outputs: [{ name: 'y', dims: [2] }],
        nodes: [{ op: 'constructor', domain: '__proto__', inputs: ['__proto__'], outputs: ['y'] }],
      }),
    );
    expect(info.opsets['constructor']).toBe(3);
    expect(Object.entries(info.nodes.operators)).toEqual([['__proto__', { constructor: 1 }]]);
  });

  it('lists external tensors and their files without opening them', async () => {
    const info = await readBothWays(models.externalModel('data/w.bin', 128, 64));
    expect(info.externalFiles).toEqual(['data/w.bin']);
    expect(info.externalTensors[0]).toMatchObject({
      name: 'w',
      bytes: 64,
      external: { location: 'data/w.bin', offset: 128, length: 64 },
    });
  });

  it('names inputs that no node reads', async () => {
    const info = await readModelInfo(
      makeModel({ inputs: [{ name: 'idle', dims: [1] }], outputs: [{ name: 'y', dims: [1] }] }),
    );
    expect(info.problems).toEqual(['No node reads the input "idle".']);
  });

  it('reads around weights of gigabytes without loading them', async () => {
    // A sparse file: tag 7 (graph) holding one initializer whose raw_data is 3 GiB of hole, then name and output.
    const path = join(folder, 'huge.onnx');
    const hole = 3 * 2 ** 30;
    const { head, tail } = hugeModel(hole);
    await writeFile(path, head);
    await truncate(path, head.length + hole);
    await writeFile(path, tail, { flag: 'a' });
    const before = process.memoryUsage().rss;
    const info = await readModelInfo(path);
    expect(info.weightBytes).toBe(hole);
    expect(info.outputs[0]!.name).toBe('y');
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  });
});

/** Field headers written by hand: the sizes are beyond what a writer holds in memory. */
function hugeModel(hole: number): { head: Uint8Array; tail: Uint8Array } {
  const field = (number: number, length: number) => [...varint(number * 8 + 2), ...varint(length)];
  const name = [...field(8, 1), 'w'.charCodeAt(0)];
  const tensorHead = [
    ...field(1, varint(hole / 4).length),
    ...varint(hole / 4),
    0x10,
    1,
    ...name,
    ...field(9, hole),
  ];
  const initializer = [...field(5, tensorHead.length + hole), ...tensorHead];
  const output = [...field(12, 3), ...field(1, 1), 'y'.charCodeAt(0)];
  const graph = field(7, initializer.length + hole + output.length);
  const opset = [...field(8, 2), 0x10, 17];
  return {
    head: Uint8Array.from([0x08, 8, ...graph, ...initializer]),
    tail: Uint8Array.from([...output, ...opset]),
  };
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
