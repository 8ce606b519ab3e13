// SPDX-License-Identifier: Apache-2.0
// Models that no operation takes, and budgets that none meets: each with what was expected, what came and what to do.
import { describe, expect, test } from 'vitest';
import { factorize } from '../../../../lib/compress/factorize';
import { prune } from '../../../../lib/compress/prune';
import { pruneChannels } from '../../../../lib/compress/prune-channels';
import { TensorRTError } from '../../../../lib/errors';
import { makeModel, type ModelSpec } from '../../../onnx-builder';
import { GraphSketch } from './graph-sketch';
import { OPERATION_NAMES, OPERATIONS } from './operations';

async function rejection(work: Promise<unknown>): Promise<TensorRTError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TensorRTError);
  return error as TensorRTError;
}

/** Two layers, changed. */
function model(change?: (graph: GraphSketch) => unknown): Uint8Array {
  const graph = new GraphSketch('cluster');
  graph.pair('x', 'y');
  const more = (change?.(graph) ?? {}) as Partial<ModelSpec>;
  return makeModel(graph.spec(more));
}

/** The same with a weight or a bias that has another value in it. */
const holding = (tensor: number, value: number) =>
  model((graph) => {
    (graph.initializers[tensor]!.data as Float32Array)[3] = value;
  });

const asType = (type: 'FLOAT16' | 'BFLOAT16') =>
  model((graph) => {
    graph.initializers.forEach((tensor, at, all) => {
      all[at] = { ...tensor, type, data: Array.from(tensor.data as Float32Array) };
    });
    graph.inputs = [{ name: 'x', type, dims: ['batch', 16] }];
    graph.outputs = [{ name: 'y', type }];
  });

const REFUSED: readonly (readonly [string, Uint8Array, string, RegExp])[] = [
  [
    'a model with QuantizeLinear',
    model((graph) => {
      graph.initializers.push(
        { name: 's', dims: [], data: [0.1] },
        { name: 'z', type: 'INT8', dims: [], data: [0] },
      );
      graph.add('QuantizeLinear', ['y', 's', 'z'], 'q');
      graph.outputs = [{ name: 'q', type: 'INT8' }];
    }),
    'ERR_TRT_QUANT_UNSUPPORTED',
    /node "q" is QuantizeLinear/,
  ],
  [
    'a model with QLinearMatMul',
    model((graph) => {
      graph.add('QLinearMatMul', Array<string>(8).fill('y'), 'q');
    }),
    'ERR_TRT_QUANT_UNSUPPORTED',
    /node "q" is QLinearMatMul/,
  ],
  ['a model in FP16', asType('FLOAT16'), 'ERR_TRT_BUILD_PRECISION', /FLOAT16 already/],
  ['a model in BF16', asType('BFLOAT16'), 'ERR_TRT_BUILD_PRECISION', /BFLOAT16 already/],
  ['a weight that is NaN', holding(0, NaN), 'ERR_TRT_QUANT_WEIGHTS', /"y_1_w" .* NaN at 3/],
  ['a weight that is infinite', holding(2, -Infinity), 'ERR_TRT_QUANT_WEIGHTS', /"y_w" .* -Infinity at 3/],
  [
    'a model without layers',
    makeModel({
      inputs: [{ name: 'x', dims: [4] }],
      outputs: [{ name: 'y' }],
      nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
    }),
    'ERR_TRT_COMPRESS_UNSUPPORTED',
    /layer|constant weights/,
  ],
  [
    'a model that hands out its input',
    makeModel({ inputs: [{ name: 'x', dims: [4] }], outputs: [{ name: 'x', dims: [4] }] }),
    'ERR_TRT_COMPRESS_UNSUPPORTED',
    /layer|constant weights/,
  ],
  [
    'an operator that its opset does not have',
    model((graph) => {
      graph.add('GroupNormalization', ['y', 'y', 'y'], 'g', { num_groups: 1 });
      graph.outputs = [{ name: 'g' }];
      return { opset: 18 };
    }),
    'ERR_TRT_ONNX_INVALID',
    /The model is not valid: node "g"/,
  ],
  [
    'nodes that read each other in a circle',
    model((graph) => {
      graph.add('Add', ['y', 'b'], 'a');
      graph.add('Add', ['a', 'y'], 'b');
      graph.outputs = [{ name: 'b' }];
    }),
    'ERR_TRT_ONNX_INVALID',
    /circle|cycle/,
  ],
  [
    'weights in a file that is not there',
    model((graph) => {
      const { data: _, ...tensor } = graph.initializers[0]!;
      graph.initializers[0] = { ...tensor, external: { location: 'nowhere.bin', offset: 0, length: 1024 } };
    }),
    'ERR_TRT_ONNX_EXTERNAL_DATA_MISSING',
    /nowhere\.bin/,
  ],
];

describe.each(OPERATION_NAMES)('%s refuses', (operation) => {
  test.each(REFUSED)('%s', async (_, source, code, message) => {
    const error = await rejection(OPERATIONS[operation](source));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  test('a name to exclude that no node has', async () => {
    const exclude = { names: ['y_2_m'] };
    const work = {
      prune: () => prune(model(), { sparsity: 0.5, exclude }),
      cluster: () => OPERATIONS.cluster(model(), { exclude } as object),
      factorize: () => factorize(model(), { exclude }),
      channels: () => pruneChannels(model(), { ratio: 0.5, exclude }),
    };
    expect(await rejection(work[operation]())).toMatchObject({
      code: 'ERR_TRT_QUANT_EXCLUDE',
      message: expect.stringContaining('y_1_m') as string,
    });
  });
});

describe('a budget that cannot be met', () => {
  const closest = async (work: Promise<unknown>, key?: string): Promise<number> => {
    const error = await rejection(work);
    expect(error.code).toBe('ERR_TRT_COMPRESS_TARGET');
    expect(error.hint).toMatch(/^Ask for/);
    const { closest: offered } = error.details as { closest: number | Record<string, number> };
    return typeof offered === 'number' ? offered : offered[key!]!;
  };

  test('of parameters by factors: the closest can be met', async () => {
    const share = await closest(factorize(model(), { target: { parameters: 0.01 } }));
    const { report } = await factorize(model(), { target: { parameters: share } });
    expect(report.parameters.after / report.parameters.before).toBeCloseTo(share, 12);
  });

  test('of multiply-adds by factors: the closest can be met', async () => {
    const share = await closest(factorize(model(), { target: { flops: 0.01 } }));
    const { report } = await factorize(model(), { target: { flops: share } });
    expect(report.multiplyAdds.after / report.multiplyAdds.before).toBeCloseTo(share, 12);
  });

  test.each(['parameters', 'flops'] as const)('of %s by channels: the closest can be met', async (kind) => {
    const target = (share: number) => ({
      target: kind === 'flops' ? { flops: share } : { parameters: share },
    });
    const share = await closest(pruneChannels(model(), target(0.001)), kind);
    const { report } = await pruneChannels(model(), target(share));
    const { before, after } = kind === 'flops' ? report.multiplyAdds : report.parameters;
    expect(after / before).toBeCloseTo(share, 12);
  });

  test('of zeros: a layer keeps a weight, however few it has', async () => {
    const graph = new GraphSketch('cluster');
    graph.inputs = [{ name: 'x', dims: ['batch', 4] }];
    graph.dense('x', 'y', { dims: [4, 4] });
    const { report } = await prune(makeModel(graph.spec()), { sparsity: 0.99 });
    expect(report.changed).toMatchObject([{ node: 'y_m', zeros: 15 }]);
  });

  test('of zeros: a threshold that nothing reaches is said', async () => {
    const { report } = await prune(model(), { threshold: 1e6 });
    expect(report.zeros.share).toBe(1);
    expect(report.warnings).toContainEqual(expect.stringContaining('All weights of these layers are zero'));
  });

  test('of zeros: blocks that are larger than a layer are said', async () => {
    const { report } = await prune(model(), { sparsity: 0.5, pattern: { block: [64, 64] } });
    expect(report.zeros.share).toBeLessThan(0.5);
    expect(report.warnings).toContainEqual(expect.stringContaining('Ask for smaller blocks'));
  });
});
