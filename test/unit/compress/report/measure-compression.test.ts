// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { describeGains } from '../../../../lib/compress/report/describe-gains';
import { measureCompression } from '../../../../lib/compress/report/measure-compression';
import { measureLatency } from '../../../../lib/compress/report/measure-latency';
import { findWeightFacts } from '../../../../lib/compress/report/weight-facts';
import { cast, cluster, factorize, prune, quantize } from '../../../../lib/compress';
import type { TensorMessage } from '../../../../lib/onnx/graph/onnx-messages';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { createUniform } from '../../../../lib/random';
import { makeModel } from '../../../onnx-builder';
import { temporaryFolder } from '../../../temporary-folder';

/** Two products, 32 x 64 and 64 x 32, with a bias: the same bytes at each call. */
function bytesOf(): Uint8Array {
  const random = createUniform(7);
  const values = (count: number) => Array.from({ length: count }, () => random() - 0.5);
  return makeModel({
    inputs: [{ name: 'x', dims: ['n', 32] }],
    outputs: [{ name: 'y' }],
    initializers: [
      { name: 'a', dims: [32, 64], data: values(32 * 64) },
      { name: 'b', dims: [64, 32], data: values(64 * 32) },
      { name: 'c', dims: [32], data: values(32) },
    ],
    nodes: [
      { op: 'MatMul', name: 'up', inputs: ['x', 'a'], outputs: ['h'] },
      { op: 'Relu', name: 'relu', inputs: ['h'], outputs: ['r'] },
      { op: 'Gemm', name: 'down', inputs: ['r', 'b', 'c'], outputs: ['y'] },
    ],
  });
}

describe('measureCompression', () => {
  it('tells sizes as files and archives have them, weights, arithmetic and what changed', async () => {
    const path = join(temporaryFolder(), 'm.onnx');
    writeFileSync(path, bytesOf());
    const { model } = await prune(path, { sparsity: 0.5 });
    const { before, after, changed } = await measureCompression(path, model, { inputs: { x: [3, 32] } });
    expect(before).toMatchObject({
      bytes: statSync(path).size,
      zippedBytes: deflateRawSync(readFileSync(path), { level: 6 }).length,
      parameters: 2 * 32 * 64 + 32,
      multiplyAdds: 3 * 2 * 32 * 64,
      stored: { float32: 2 * 32 * 64 },
      zeros: 0,
      twoOfFour: 0,
      layers: 2,
      uncounted: [],
    });
    expect(after).toMatchObject({ zeros: 0.5, multiplyAdds: before.multiplyAdds });
    expect(after.zippedBytes).toBeLessThan(0.8 * before.zippedBytes);
    expect(changed).toEqual([
      { node: 'up', op: 'MatMul', before: [32, 64], after: [32, 64] },
      { node: 'down', op: 'Gemm', before: [64, 32], after: [64, 32] },
    ]);
  });

  it('tells which layers of quantised models differ', async () => {
    const quantized = async (scale: number) => {
      const model = await loadModel(bytesOf());
      for (const tensor of model.graph.initializer)
        if (tensor.name === 'b') Object.assign(tensor, await scaled(tensor, scale));
      return (await quantize(model, { weightOnly: true })).model;
    };
    const scaled = async (tensor: TensorMessage, scale: number) => ({
      rawData: new Uint8Array(readFloats(tensor).map((value) => value * scale).buffer),
    });
    const { changed } = await measureCompression(await quantized(1), await quantized(2));
    expect(changed).toEqual([{ node: 'down', op: 'Gemm', before: null, after: null }]);
    expect((await measureCompression(await quantized(1), await quantized(1))).changed).toEqual([]);
  });

  it('counts the files of weights of a model that has such', async () => {
    const path = join(temporaryFolder(), 'm.onnx');
    const model = await loadModel(bytesOf());
    Object.assign(model, { hasExternalData: true });
    await model.save(path);
    const { before } = await measureCompression(path, bytesOf());
    expect(before.bytes).toBe(statSync(path).size + statSync(`${path}.data`).size);
  });

  it('hands paths on as they are, and leaves out what was not measured', async () => {
    const path = join(temporaryFolder(), 'm.onnx');
    writeFileSync(path, bytesOf());
    const seen: unknown[] = [];
    const { before, after } = await measureCompression(path, path, {
      score: async (model) => (seen.push(model), 0.5),
      evaluate: async (model, reference) => (seen.push([model, reference]), { accuracy: 0.25 }),
      latency: async (models) => (seen.push(models), [3, 2] as const),
      engineBytes: async () => undefined,
    });
    expect(seen).toEqual([[path, path], path, [path, undefined], path, [path, path]]);
    expect(before).toMatchObject({ score: 0.5, evaluation: { accuracy: 0.25 }, latencyMs: 3 });
    expect(after.latencyMs).toBe(2);
    expect('engineBytes' in before).toBe(false);
  });
});

describe('what TensorRT makes of it', () => {
  const gainsOf = async (make: (source: Uint8Array) => Promise<{ model: object }>) => {
    const source = bytesOf();
    const { model } = await make(source);
    return (await measureCompression(source, model as never)).gains.join('\n');
  };

  it('is nothing for zeros without a pattern, and it is told what would gain', async () => {
    const gains = await gainsOf((source) => prune(source, { sparsity: 0.5 }));
    expect(gains).toContain('TensorRT gains nothing from these zeros');
    expect(gains).toContain('What TensorRT gains from');
  });

  it('is sparse kernels for 2:4', async () => {
    const gains = await gainsOf((source) => prune(source, { pattern: '2:4', ends: 'prune' }));
    expect(gains).toContain('Ampere');
    expect(gains).not.toContain('gains nothing');
  });

  it.each(['values', 'gather'] as const)('is nothing for shared values as %s', async (form) => {
    const gains = await gainsOf((source) => cluster(source, { clusters: 16, form }));
    expect(gains).toContain('TensorRT gains nothing from shared values');
    expect(gains).not.toContain('int8');
    expect(gains).not.toContain('zeros: they');
  });

  it('is less arithmetic for low rank, with more kernels', async () => {
    const gains = await gainsOf((source) => factorize(source, { rank: 8 }));
    expect(gains).toMatch(/37\.5 % of the weights and 37\.5 % of the multiply-adds/);
    expect(gains).toContain('4 products in the place of 2');
    expect(gains).not.toContain('gains nothing');
  });

  it('is half of the memory for FP16, and memory alone for weights in INT8', async () => {
    expect(await gainsOf((source) => cast(source, { to: 'fp16' }))).toContain('half as wide');
    const gains = await gainsOf((source) => quantize(source, { weightOnly: true }));
    expect(gains).toContain('100.0 % of the weights are int8 and activations are not');
  });

  it('is nothing at all for the same model', async () => {
    const { gains } = await measureCompression(bytesOf(), bytesOf());
    expect(gains[0]).toContain('TensorRT gains nothing: neither');
  });

  it('is told where a run takes more than before', () => {
    const facts = {
      bytes: 1,
      zippedBytes: 1,
      parameters: 9,
      multiplyAdds: 100,
      uncounted: [],
      stored: { float32: 9 },
      zeros: 0,
      twoOfFour: 0,
      shared: 0,
      layers: 1,
      quantizedActivations: false,
    };
    const [first] = describeGains({ before: facts, after: { ...facts, multiplyAdds: 150 } });
    expect(first).toBe('A run takes 150.0 % of the multiply-adds: more than before.');
  });
});

describe('facts of weights', () => {
  it('see 2:4 behind DequantizeLinear, and zeros of INT8', async () => {
    const codes = Array.from({ length: 32 * 64 }, (_, at) => (Math.floor(at / 64) % 2 === 0 ? 0 : 5));
    const model = makeModel({
      inputs: [{ name: 'x', dims: ['n', 32] }],
      outputs: [{ name: 'y' }],
      initializers: [
        { name: 'q', type: 'INT8', dims: [32, 64], data: codes },
        { name: 's', dims: [], data: [0.1] },
      ],
      nodes: [
        { op: 'DequantizeLinear', name: 'dq', inputs: ['q', 's'], outputs: ['w'] },
        { op: 'MatMul', name: 'up', inputs: ['x', 'w'], outputs: ['y'] },
      ],
    });
    expect(findWeightFacts(await loadModel(model))).toMatchObject({
      stored: { int8: 2048 },
      zeros: 0.5,
      twoOfFour: 1,
      quantizedActivations: false,
    });
  });
});

describe('measureLatency', () => {
  /** Sessions that take the time that their model says, by a clock of their own. */
  const opened = (log: string[]) => async (model: string | Uint8Array) => ({
    run: async (feeds: unknown) => {
      log.push(`${String(model)} ${String(feeds)}`);
      const end = performance.now() + (model === 'slow' ? 4 : 0);
      while (performance.now() < end) await Promise.resolve();
    },
    close: async () => void log.push(`close ${String(model)}`),
  });

  it('runs both in turn, in changing order, and closes them', async () => {
    const log: string[] = [];
    const [slow, fast] = await measureLatency(['slow', 'fast'], { open: opened(log), feeds: 1, seconds: 0 });
    expect(slow).toBeGreaterThanOrEqual(4);
    expect(fast).toBeLessThan(slow);
    expect(log.slice(10, 14)).toEqual(['slow 1', 'fast 1', 'fast 1', 'slow 1']);
    expect(log).toHaveLength(10 + 20 + 2);
    expect(log.slice(-2)).toEqual(['close slow', 'close fast']);
  });

  test('stops at a signal and closes both', async () => {
    const log: string[] = [];
    const signal = AbortSignal.abort();
    const measured = measureLatency(['a', 'b'], { open: opened(log), feeds: 1, signal });
    await expect(measured).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    expect(log.slice(-2)).toEqual(['close a', 'close b']);
  });

  test('refuses a time that is none', async () => {
    const measured = measureLatency(['a', 'b'], { open: opened([]), feeds: 1, seconds: NaN });
    await expect(measured).rejects.toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
  });
});
