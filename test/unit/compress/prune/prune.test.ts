// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { prune, type PruneOptions } from '../../../../lib/compress/prune';
import { checkPruned } from '../../../../lib/compress/prune/check-pruned';
import { findLayers } from '../../../../lib/compress/layers/weight-layer';
import { loadModel, type OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { makeModel, type NodeSpec, type TensorSpec } from '../../../onnx-builder';

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes?: NodeSpec['attributes'],
): NodeSpec => ({ op, name: output, inputs, outputs: [output], attributes });
const steps = (name: string, dims: readonly number[]): TensorSpec => {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { name, dims, data: Array.from({ length: count }, (_, at) => (at % 2 ? 1 : -1) * ((at % 7) + 1)) };
};

/** Two products: `x` [batch, 16] to [batch, 4]. */
function twoProducts(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: ['batch', 16] }],
    outputs: [{ name: 'y', dims: ['batch', 4] }],
    nodes: [node('Gemm', ['x', 'a', 'b'], 'h'), node('Relu', ['h'], 'r'), node('MatMul', ['r', 'c'], 'y')],
    initializers: [steps('a', [16, 16]), steps('b', [16]), steps('c', [16, 4])],
  });
}

const zerosOf = ({ graph }: OnnxModel, name: string) =>
  readFloats(graph.initializer.find((tensor) => tensor.name === name)!).reduce(
    (sum, value) => sum + (value === 0 ? 1 : 0),
    0,
  );

describe('prune without data', () => {
  it('sets the smallest weights to zero and leaves the source as it is', async () => {
    const source = await loadModel(twoProducts());
    const { model, report } = await prune(source, { sparsity: 0.25 });
    expect(zerosOf(source, 'a')).toBe(0);
    expect([zerosOf(model, 'a'), zerosOf(model, 'c')]).toEqual([64, 16]);
    expect(report).toMatchObject({
      criterion: 'magnitude',
      reconstructed: false,
      changed: [
        { node: 'h', weights: 256, zeros: 64, share: 0.25 },
        { node: 'y', weights: 64, zeros: 16 },
      ],
      kept: [],
      zeros: { weights: 320, zeros: 80, share: 0.25 },
      dataRuns: 0,
    });
    expect(report.parameters).toEqual({ before: 336, after: 336 });
    expect(report.gains[0]).toContain('TensorRT gains nothing');
    expect(report.warnings[0]).toContain('Pass calibration data');
  });

  it('prunes by a threshold, by 2:4 along the inputs, and in blocks', async () => {
    const byThreshold = await prune(twoProducts(), { threshold: 1.5 });
    expect(byThreshold.report.changed[0]!.zeros).toBe(37);
    const sparse = await prune(twoProducts(), { pattern: '2:4' });
    expect(sparse.report.changed.map(({ share }) => share)).toEqual([0.5, 0.5]);
    expect(sparse.report.gains[0]).toContain('sparseWeights: true');
    const a = readFloats(sparse.model.graph.initializer.find(({ name }) => name === 'a')!);
    for (let output = 0; output < 16; output++)
      for (let k = 0; k < 16; k += 4)
        expect([0, 1, 2, 3].filter((i) => a[(k + i) * 16 + output] !== 0)).toHaveLength(2);
    const blocks = await prune(twoProducts(), { sparsity: 0.5, pattern: { block: [4, 4] } });
    expect(blocks.report.changed[0]!.zeros).toBe(128);
  });

  it('leaves out what is excluded, and says what 2:4 does not fit', async () => {
    const { report } = await prune(twoProducts(), { sparsity: 0.5, exclude: { names: ['h'] } });
    expect(report.kept).toEqual([{ node: 'h', op: 'Gemm', reason: 'excluded by its name' }]);
    expect(report.zeros.zeros).toBe(32);
  });

  it('prunes weights that two nodes share once, and keeps tied embeddings and bodies', async () => {
    const source = makeModel({
      inputs: [
        { name: 'ids', type: 'INT64', dims: ['n'] },
        { name: 'on', type: 'BOOL', dims: [] },
      ],
      outputs: [{ name: 'y', dims: ['n', 16] }, { name: 'z' }],
      nodes: [
        node('Gather', ['table', 'ids'], 'e'),
        node('MatMul', ['e', 'w'], 'p'),
        node('Relu', ['p'], 'r'),
        node('MatMul', ['r', 'w'], 'q'),
        node('Gemm', ['q', 'table'], 'y', { transB: 1 }),
        node('If', ['on'], 'z', {
          then_branch: {
            graph: {
              outputs: [{ name: 't' }],
              nodes: [node('MatMul', ['e', 'inner'], 't')],
              initializers: [steps('inner', [16, 16])],
            },
          },
          else_branch: { graph: { outputs: [{ name: 'f' }], nodes: [node('Relu', ['e'], 'f')] } },
        }),
      ],
      initializers: [steps('table', [16, 16]), steps('w', [16, 16])],
    });
    const { model, report } = await prune(source, { sparsity: 0.5 });
    expect(report.changed.map(({ node: label, zeros }) => [label, zeros])).toEqual([['p', 128]]);
    expect(zerosOf(model, 'table')).toBe(0);
    const reasons = Object.fromEntries(report.kept.map(({ node: label, reason }) => [label, reason]));
    expect(reasons.y).toContain('read by others too: Gather "e"');
    expect(reasons.t).toContain('control flow');
    expect(reasons.e).toContain('Gather');
  });

  it('is refused where nothing can be pruned, with the reason', async () => {
    const options: PruneOptions<object> = {
      pattern: '2:4',
      ends: 'prune',
      exclude: { ops: ['MatMul', 'Gemm'] },
    };
    await expect(prune(twoProducts(), options)).rejects.toMatchObject({
      code: 'ERR_TRT_COMPRESS_UNSUPPORTED',
      message: expect.stringContaining('excluded by its operator') as string,
    });
  });

  it('refuses weights that are no numbers', async () => {
    const model = await loadModel(twoProducts());
    const bytes = new Float32Array(64).fill(NaN);
    model.graph.initializer[2]!.rawData = new Uint8Array(bytes.buffer);
    await expect(prune(model, { sparsity: 0.5 })).rejects.toMatchObject({ code: 'ERR_TRT_QUANT_WEIGHTS' });
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort();
    await expect(prune(twoProducts(), { sparsity: 0.5, signal })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
  });
});

describe('options of prune', () => {
  const runner = async function* () {};
  it.each<[object, string, string]>([
    [{}, 'ERR_TRT_ARG_VALUE', 'how much is to be pruned is missing'],
    [{ sparsity: 1.5 }, 'ERR_TRT_ARG_VALUE', 'from 0 to 1'],
    [{ sparsity: 1 }, 'ERR_TRT_COMPRESS_TARGET', 'leaves no weights'],
    [{ sparsity: 0.3, pattern: '2:4' }, 'ERR_TRT_ARG_VALUE', 'has a sparsity of 0.5'],
    [{ sparsity: 0.3, threshold: 1 }, 'ERR_TRT_ARG_VALUE', 'exclude each other'],
    [{ sparsity: 0.5, pattern: '1:4' }, 'ERR_TRT_ARG_VALUE', 'unstructured'],
    [{ sparsity: 0.5, pattern: { block: [0, 4] } }, 'ERR_TRT_ARG_VALUE', 'two whole numbers'],
    [{ sparsity: 0.5, criterion: 'hessian' }, 'ERR_TRT_QUANT_CALIBRATION', 'criterion "hessian"'],
    [{ sparsity: 0.5, shrinkage: {} }, 'ERR_TRT_QUANT_CALIBRATION', 'shrinkage'],
    [{ sparsity: 0.5, reconstruct: true }, 'ERR_TRT_QUANT_CALIBRATION', 'reconstruct'],
    [{ sparsity: 0.5, calibration: [] }, 'ERR_TRT_ARG_VALUE', 'needs a runner'],
    [{ sparsity: 0.5, calibration: [], runner }, 'ERR_TRT_QUANT_CALIBRATION', 'empty'],
    [{ sparsity: 0.5, numerics: {} }, 'ERR_TRT_ARG_TYPE', 'nativeNumerics'],
    [{ sparsety: 0.5 }, 'ERR_TRT_ARG_UNKNOWN_OPTION', 'sparsity'],
    [{ threshold: 1, scope: 'global' }, 'ERR_TRT_ARG_VALUE', 'spreads a sparsity'],
    [{ sparsity: 0.5, exclude: { names: ['nobody'] } }, 'ERR_TRT_QUANT_EXCLUDE', 'nobody'],
  ])('refuses %j', async (options, code, text) => {
    await expect(prune(twoProducts(), options as PruneOptions<object>)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text) as string,
    });
  });
});

it('finds out where its own result does not hold', async () => {
  const source = await loadModel(twoProducts());
  const { layers } = findLayers(source.graph);
  const changed = layers.map(({ label, op }) => ({ node: label, op, weights: 1, zeros: 3, share: 0.5 }));
  expect(() => checkPruned(source, source, { layers, changed, pattern: '2:4' })).toThrow(
    expect.objectContaining({
      code: 'ERR_TRT_COMPRESS_CHECK',
      details: {
        problems: expect.arrayContaining([
          'layer "h" has 0 zeros, its report says 3',
          'layer "h" breaks the pattern 2:4',
        ]) as string[],
      },
    }),
  );
});
