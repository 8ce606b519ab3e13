// SPDX-License-Identifier: Apache-2.0
// Models whose weights are stored in codes, on the real ONNX Runtime and in the real TensorRT-RTX builder.
import { describe, expect, it } from 'vitest';
import { createMapping, type MappingOptions } from '../../lib/compress/mapping/create-mapping';
import { mapWeights } from '../../lib/compress/mapping/map-weights';
import { buildEngine, sessionRunner, type Feeds } from '../../lib/index';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../lib/onnx/graph/tensor-values';
import { makeModel } from '../onnx-builder';
import { attentionModel, noise, normalizedModel, residualModel, sqnr, weight } from '../precision-models';
import { rejection } from '../temporary-folder';

const runner = sessionRunner({ device: 'cpu', intraOpNumThreads: 1 });

async function runOnce(model: Uint8Array, feeds: Feeds): Promise<Float32Array> {
  for await (const outputs of runner(model, [feeds])) return Object.values(outputs)[0]!.data as Float32Array;
  throw new Error('nothing ran');
}

async function mapped(bytes: Uint8Array, options: MappingOptions & { exclude?: object }) {
  const model = await loadModel(bytes);
  const report = mapWeights(model, options);
  return { model, report, bytes: model.toBytes() };
}

const images = { images: { data: noise(4 * 768, 1, 9), dims: [4, 3, 16, 16] } };
const sequence = {
  x: { data: noise(2 * 256, 1, 9), dims: [2, 8, 32] },
  mask: { data: new Float32Array(16).fill(1), dims: [2, 1, 8] },
};
const MAPPINGS: (MappingOptions & { least: number })[] = [
  { mapping: 'uniform', least: 35 },
  { mapping: 'uniform', symmetric: false, least: 30 },
  { mapping: 'linear', least: 30 },
  { mapping: 'logarithmic', least: 25 },
  { mapping: 'normalized', least: 30 },
  { mapping: 'kmeans', least: 35 },
  { mapping: 'kmeans', bits: 4, least: 12 },
];

/** A table of 64 rows of 32 and a product with its result: `ids` to `y`. */
function embeddingModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'ids', type: 'INT64', dims: [4] }],
    outputs: [{ name: 'y', dims: [4, 32] }],
    nodes: [
      { op: 'Gather', name: 'embed', inputs: ['table', 'ids'], outputs: ['rows'] },
      { op: 'MatMul', name: 'fc', inputs: ['rows', 'w'], outputs: ['y'] },
    ],
    initializers: [weight('table', [64, 32], 1), weight('w', [32, 32], 1)],
  });
}

describe.each(MAPPINGS)(
  'weights by $mapping mapping (bits $bits, symmetric $symmetric)',
  ({ least, ...options }) => {
    it('give nearly the same outputs from smaller files', async () => {
      for (const [source, feeds] of [
        [residualModel(), images],
        [residualModel(11), images],
        [normalizedModel(), images],
        [attentionModel(), sequence],
        [embeddingModel(), { ids: BigInt64Array.of(0n, 7n, 63n, 7n) }],
      ] as const) {
        const { report, bytes } = await mapped(source, options);
        expect(report.mapped.length).toBeGreaterThan(1);
        const { before, after } = report.bytes;
        expect(after).toBeLessThan(before * 0.85);
        expect(source.length - bytes.length).toBeGreaterThan((before - after) * 0.5);
        expect(sqnr(await runOnce(source, feeds), await runOnce(bytes, feeds))).toBeGreaterThan(least);
        for (const { sqnrDb } of report.mapped) expect(sqnrDb).toBeGreaterThan(least);
      }
    });
  },
);

// One with a DequantizeLinear, the others with tables: the graphs of all tables have the same form.
it.each(['uniform', 'logarithmic', 'kmeans'] as const)(
  'a model with weights by %s mapping builds with TensorRT-RTX',
  async (mapping) => {
    const { bytes } = await mapped(residualModel(), { mapping });
    const engine = await buildEngine(bytes, { runtime: 'tensorrt-rtx', dynamicAxes: { batch: [1, 4, 8] } });
    expect(engine.bytes).toBeGreaterThan(0);
  },
);

describe('mapped weights', () => {
  it('are, in the runtime, what the mapping decodes to', async () => {
    const identity = Float32Array.from({ length: 1024 }, (_, i) => (i % 33 === 0 ? 1 : 0));
    const source = makeModel({
      inputs: [{ name: 'x', dims: [32, 32] }],
      outputs: [{ name: 'y', dims: [32, 32] }],
      nodes: [{ op: 'MatMul', name: 'fc', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [weight('w', [32, 32], 1)],
    });
    const values = readFloats((await loadModel(source)).graph.initializer[0]!);
    const mapping = createMapping(values, { mapping: 'kmeans', bits: 5 });
    const { bytes } = await mapped(source, { mapping: 'kmeans', bits: 5 });
    expect(await runOnce(bytes, { x: { data: identity, dims: [32, 32] } })).toEqual(
      mapping.decode(mapping.encode(values)),
    );
  });

  it('are stored once where nodes share them, and left where they are excluded or too few', async () => {
    const matmul = (name: string, from: string, by: string, to: string) => ({
      op: 'MatMul',
      name,
      inputs: [from, by],
      outputs: [to],
    });
    const source = makeModel({
      inputs: [{ name: 'x', dims: [4, 32] }],
      outputs: [{ name: 'y', dims: [4, 9] }],
      nodes: [
        matmul('a', 'x', 'w', 'h'),
        matmul('b', 'h', 'w', 'i'),
        matmul('c', 'i', 'v', 'j'),
        matmul('d', 'j', 'small', 'k'),
        matmul('e', 'k', 'tiny', 'y'),
      ],
      initializers: [
        weight('w', [32, 32], 0.3),
        weight('v', [32, 32], 0.3),
        weight('small', [32, 9], 0.3),
        weight('tiny', [9, 9], 0.3),
      ],
    });
    const { report, model } = await mapped(source, { mapping: 'kmeans', exclude: { names: ['c'] } });
    expect(report.mapped).toMatchObject([{ weight: 'w', nodes: ['a', 'b'], levels: 256 }]);
    expect(report.kept.map(({ node, reason }) => [node, reason])).toEqual([
      ['c', 'excluded'],
      ['e', expect.stringContaining('too few') as string],
      ['d', expect.stringContaining('larger than its weights') as string],
    ]);
    expect(model.graph.initializer.map(({ name }) => name)).toEqual([
      'v',
      'small',
      'tiny',
      'w_levels',
      'w_codes',
    ]);
    expect(mapWeights(model, { mapping: 'kmeans', exclude: { names: ['c'] } }).mapped).toEqual([]);
  });

  it('have to be finite, and exclusions have to be of the model', async () => {
    const broken = makeModel({
      inputs: [{ name: 'x', dims: [4, 32] }],
      outputs: [{ name: 'y', dims: [4, 32] }],
      nodes: [{ op: 'MatMul', name: 'fc', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [{ name: 'w', dims: [32, 32], data: noise(1024, 1, 1).fill(NaN, 5, 6) }],
    });
    for (const mapping of ['kmeans', 'uniform'] as const) {
      const error = await rejection(mapped(broken, { mapping }));
      expect(error).toMatchObject({ code: 'ERR_TRT_QUANT_WEIGHTS' });
      expect(error.message).toContain('"w"');
    }
    const unknown = mapped(residualModel(), { mapping: 'kmeans', exclude: { names: ['stam'] } });
    expect(await rejection(unknown)).toMatchObject({ code: 'ERR_TRT_QUANT_EXCLUDE' });
  });
});
