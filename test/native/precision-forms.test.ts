// SPDX-License-Identifier: Apache-2.0
// Every form of quantisation: TensorRT-RTX builds it, and the CPU runtime computes nearly what the FP32 model does.
import { describe, expect, it } from 'vitest';

import { openFeeds } from '../../lib/compress/calibrate/feed-source';
import { collectRanges } from '../../lib/compress/calibrate/collect-ranges';
import {
  listCalibrationTensors,
  quantizeModel,
  type QuantizeModelOptions,
} from '../../lib/compress/quantize/quantize-model';
import { checkQuantized } from '../../lib/compress/quantize/self-check';
import { asCpuModel } from '../../lib/compress/quantize/cpu-arithmetic';
import { buildEngine, createSession, type BuildOptions, type Feeds } from '../../lib/index';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { castModel } from '../../lib/onnx/passes/cast-model';
import type { HalfType } from '../../lib/onnx/graph/half-floats';
import { makeModel, type NodeSpec, type TensorSpec } from '../onnx-builder';
import { attentionModel, noise, sqnr, weight } from '../precision-models';

async function* runOnCpu(model: string | Uint8Array, feeds: AsyncIterable<Feeds>) {
  const session = await createSession(model, { device: 'cpu', intraOpNumThreads: 1 });
  try {
    for await (const one of feeds) yield await session.run(one);
  } finally {
    await session.close();
  }
}

async function runOnce(model: Uint8Array, feeds: Feeds): Promise<Float32Array> {
  const list = await openFeeds([feeds]);
  for await (const outputs of runOnCpu(model, list)) return Object.values(outputs)[0]!.data as Float32Array;
  throw new Error('nothing ran');
}

async function quantize(
  bytes: Uint8Array,
  feeds: readonly Feeds[],
  { rest, ...options }: QuantizeModelOptions & { rest?: HalfType },
) {
  const model = await loadModel(bytes);
  const tensors = listCalibrationTensors(model, options);
  const data = await openFeeds(feeds);
  const ranges =
    tensors.length === 0 ? {} : await collectRanges(model, { tensors, feeds: data, runner: runOnCpu });
  const report = quantizeModel(model, { ...options, ranges });
  if (rest !== undefined) castModel(model, { to: rest });
  checkQuantized(model, await loadModel(bytes));
  return { bytes: model.toBytes(), runnable: asCpuModel(model).toBytes(), report };
}

const node = (
  op: string,
  inputs: string[],
  output: string,
  attributes?: NodeSpec['attributes'],
): NodeSpec => ({ op, name: output, inputs, outputs: [output], attributes });

function network(dims: (number | string)[], nodes: NodeSpec[], initializers: TensorSpec[]): Uint8Array {
  const outputs = [{ name: nodes.at(-1)!.outputs[0]! }];
  return makeModel({ opset: 17, inputs: [{ name: 'x', dims }], outputs, nodes, initializers });
}

const pads = { pads: [1, 1, 1, 1] };
/** Two of the operator in a row, a Relu between them, so that the second one reads something that was computed. */
const OPERATORS: Readonly<
  Record<string, { dims: number[]; model: Uint8Array; ops: string; types?: string }>
> = {
  'a convolution': {
    ops: 'Conv Conv',
    dims: [2, 32, 8, 8],
    model: network(
      [2, 32, 8, 8],
      [node('Conv', ['x', 'a', 'b'], 'c', pads), node('Relu', ['c'], 'r'), node('Conv', ['r', 'd'], 'y')],
      [weight('a', [32, 32, 3, 3], 0.2), weight('b', [32], 0.2), weight('d', [24, 32, 1, 1], 0.4)],
    ),
  },
  'transposed convolutions, one of them in groups': {
    ops: 'ConvTranspose ConvTranspose',
    dims: [2, 32, 8, 8],
    model: network(
      [2, 32, 8, 8],
      [
        node('ConvTranspose', ['x', 'a'], 'c', { strides: [2, 2] }),
        node('Relu', ['c'], 'r'),
        node('ConvTranspose', ['r', 'd'], 'y', { group: 2 }),
      ],
      [weight('a', [32, 64, 2, 2], 0.3), weight('d', [64, 32, 3, 3], 0.2)],
    ),
  },
  'products with weights of three dimensions': {
    ops: 'MatMul MatMul',
    types: 'int8 fp8 int4',
    dims: [4, 8, 32],
    model: network(
      [4, 8, 32],
      [node('MatMul', ['x', 'a'], 'c'), node('Relu', ['c'], 'r'), node('MatMul', ['r', 'b'], 'y')],
      [weight('a', [4, 32, 48], 0.3), weight('b', [1, 48, 32], 0.3)],
    ),
  },
  'products with the weights first': {
    ops: 'MatMul MatMul',
    types: 'int8 fp8',
    dims: [2, 32, 16],
    model: network(
      [2, 32, 16],
      [node('MatMul', ['a', 'x'], 'c'), node('Relu', ['c'], 'r'), node('MatMul', ['b', 'r'], 'y')],
      [weight('a', [48, 32], 0.3), weight('b', [2, 32, 48], 0.3)],
    ),
  },
  'Gemm in all its turns': {
    ops: 'Gemm Gemm Gemm Gemm',
    types: 'int8 fp8',
    dims: [32, 32],
    model: network(
      [32, 32],
      [
        node('Gemm', ['x', 'a', 'bias'], 'c', { transB: 1 }),
        node('Relu', ['c'], 'r'),
        node('Gemm', ['r', 'b'], 'd', { transA: 1 }),
        node('Gemm', ['e', 'd'], 'f'),
        node('Gemm', ['g', 'f'], 'y', { transA: 1, transB: 1 }),
      ],
      [
        weight('a', [48, 32], 0.3),
        weight('bias', [48], 0.3),
        weight('b', [32, 64], 0.3),
        weight('e', [32, 48], 0.3),
        weight('g', [64, 32], 0.3),
      ],
    ),
  },
  'Gemm with weights second': {
    ops: 'Gemm Gemm Gemm',
    types: 'int4',
    dims: [32, 64],
    model: network(
      [32, 64],
      [
        node('Gemm', ['x', 'a', 'bias'], 'c', { transB: 1 }),
        node('Relu', ['c'], 'r'),
        node('Gemm', ['r', 'b'], 'd'),
        node('Gemm', ['d', 'e'], 'y'),
      ],
      [
        weight('a', [48, 64], 0.3),
        weight('bias', [48], 0.3),
        weight('b', [48, 32], 0.3),
        weight('e', [32, 64], 0.3),
      ],
    ),
  },
  'depth-wise convolutions that share their weights': {
    ops: 'Conv Conv',
    types: 'int8',
    dims: [2, 32, 8, 8],
    model: network(
      [2, 32, 8, 8],
      [
        node('Conv', ['x', 'a'], 'c', { ...pads, group: 32 }),
        node('Relu', ['c'], 'r'),
        node('Conv', ['r', 'a'], 'y', { ...pads, group: 32 }),
      ],
      [weight('a', [32, 1, 3, 3], 0.6)],
    ),
  },
};

interface Form extends QuantizeModelOptions {
  readonly rest?: HalfType;
  /** Least signal to noise in dB; absent where ONNX Runtime's CPU library cannot run it: it has no BFLOAT16. */
  readonly least?: number;
  readonly profile?: BuildOptions;
}

const FORMS: Readonly<Record<string, Form>> = {
  'in int8': { least: 31 },
  'in int8 and fp16': { rest: 'fp16', least: 31 },
  'in int8 and bf16': { rest: 'bf16' },
  'with weights in int8, the rest in fp16': { weightOnly: true, rest: 'fp16', least: 38 },
  'in fp8 and fp16': { type: 'fp8', rest: 'fp16', least: 22 },
  'with weights in int4, the rest in fp16': {
    type: 'int4',
    // The last block of 48 inputs is half as long.
    blockSize: 32,
    rounding: 'mse',
    rest: 'fp16',
    least: 14,
  },
};

async function buildsAndRuns(
  model: Uint8Array,
  feeds: (seed: number) => Feeds,
  { least, profile, ...options }: Form,
) {
  const { bytes, runnable, report } = await quantize(model, [1, 2, 3, 4].map(feeds), options);
  if (least !== undefined) {
    const [expected, actual] = [await runOnce(model, feeds(99)), await runOnce(runnable, feeds(99))];
    expect(sqnr(expected, actual)).toBeGreaterThan(least);
  }
  const settings = {
    runtime: 'tensorrt-rtx',
    isolation: 'thread',
    optimizationLevel: 0,
    ...profile,
  } as const;
  const engine = await buildEngine(bytes, settings);
  expect(engine.bytes).toBeGreaterThan(0);
  return report;
}

describe.each(Object.entries(OPERATORS))('%s', (_, { dims, model, ops, types = 'int8 fp8' }) => {
  const feeds = (seed: number): Feeds => ({
    x: {
      data: noise(
        dims.reduce((product, dim) => product * dim, 1),
        1,
        seed,
      ),
      dims,
    },
  });
  const forms = Object.entries(FORMS).filter(([, { type = 'int8' }]) => types.includes(type));

  it.each(forms)('build and run %s', async (__, form) => {
    const report = await buildsAndRuns(model, feeds, form);
    expect(report.quantized.map(({ op }) => op).join(' ')).toBe(ops);
    expect(report.kept).toEqual([]);
  });
});

const profile = { dynamicAxes: { batch: [1, 2, 4] as const } };

describe('attention', () => {
  const feeds = (seed: number): Feeds => ({
    x: { data: noise(2 * 256, 1, seed), dims: [2, 8, 32] },
    mask: { data: Float32Array.from({ length: 16 }, (_, i) => (i % 8 < 6 ? 1 : 0)), dims: [2, 1, 8] },
  });
  const model = attentionModel();

  it.each([
    ['in int8 and fp16', { attention: true, rest: 'fp16', least: 28 }],
    ['in fp8', { attention: true, type: 'fp8', least: 20 }],
  ] as const)('has both products %s', async (_, form) => {
    const report = await buildsAndRuns(model, feeds, { profile, ...form });
    const products = report.quantized.filter(({ what }) => what === 'activations');
    expect(products.map(({ node: name }) => name)).toEqual(['scores', 'mix']);
    expect(report.scales['p']).toBe(Math.fround(1 / ('type' in form ? 448 : 127)));
  });
});

describe('a table of embeddings', () => {
  const model = makeModel({
    opset: 13,
    inputs: [{ name: 'ids', type: 'INT64', dims: ['batch', 6] }],
    outputs: [{ name: 'y', dims: ['batch', 6, 32] }],
    nodes: [node('Gather', ['table', 'ids'], 'e'), node('MatMul', ['e', 'w'], 'y')],
    initializers: [weight('table', [40, 32], 1), weight('w', [32, 32], 0.3)],
  });
  const feeds = (seed: number): Feeds => ({
    ids: { data: BigInt64Array.from({ length: 12 }, (_, i) => BigInt((i * 7 + seed) % 40)), dims: [2, 6] },
  });

  it.each([
    ['in int8', { least: 34 }],
    ['in int8, the rest in fp16', { rest: 'fp16', least: 34 }],
    ['in int8, the weights in int4, the rest in fp16', { type: 'int4', rest: 'fp16', least: 15 }],
  ] as const)('is stored %s', async (_, form) => {
    const report = await buildsAndRuns(model, feeds, { embeddings: true, profile, ...form });
    expect(report.quantized[0]).toMatchObject({ node: 'e', what: 'weights', type: 'int8', axis: 0 });
    expect(report.weightBytes.after).toBeLessThan(report.weightBytes.before / 2.5);
  });
});
