// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { createNormal, initializeWeights } from '../../../../lib/compress/distill/initialize-weights';
import { findParameters } from '../../../../lib/compress/train/find-parameters';
import { loadModel, readFloats, type OnnxModel } from '../../../../lib/onnx';
import { networkPath } from '../../../training-samples';
import { makeModel } from '../../../onnx-builder';
import { decomposedModel, foldableModel } from '../../../pass-models';

const names = (list: readonly { name?: string }[]): string[] => list.map(({ name = '' }) => name);

describe('findParameters', () => {
  it('takes weights and statistics of a network, and leaves the numbers of formulae', async () => {
    const { trained, statistics, kept } = findParameters(await loadModel(networkPath('mlp')));
    expect(names(trained)).toContain('one.weight');
    expect(names(trained)).toContain('one.bn.scale');
    expect(names(statistics)).toEqual(['one.bn.mean', 'one.bn.var', 'two.bn.mean', 'two.bn.var']);
    expect(kept).toEqual([]);
    const formula = findParameters(await loadModel(decomposedModel()));
    expect(names(formula.trained)).toEqual(['gamma', 'beta']);
  });

  it('says why others stay', async () => {
    const { kept } = findParameters(await loadModel(networkPath('mlp')), { names: ['one'] });
    expect(kept.map(({ parameter, reason }) => [parameter, reason])).toContainEqual([
      'one.weight',
      'node "one" is excluded',
    ]);
    expect(findParameters(await loadModel(foldableModel())).trained).toEqual([]);
  });
});

describe('masks', () => {
  it.each([
    ['of minus infinity', -Infinity],
    ['of large numbers', -1e9],
  ])('%s are no weights, positions are', async (_, shut) => {
    const model = await loadModel(
      makeModel({
        inputs: [{ name: 'x', dims: ['n', 3] }],
        outputs: [{ name: 'y', dims: ['n', 3] }],
        nodes: [
          { op: 'Add', name: 'place', inputs: ['x', 'positions'], outputs: ['a'] },
          { op: 'Add', name: 'shut', inputs: ['a', 'mask'], outputs: ['y'] },
        ],
        initializers: [
          { name: 'positions', dims: [3], data: [0.1, 0.2, 0.3] },
          { name: 'mask', dims: [3], data: [0, shut, 0] },
        ],
      }),
    );
    const { trained, kept } = findParameters(model);
    expect(trained.map(({ name }) => name)).toEqual(['positions']);
    expect(kept).toEqual([
      { node: 'shut', parameter: 'mask', reason: expect.stringContaining('it is a mask') },
    ]);
  });
});

describe('initializeWeights', () => {
  const deviationOf = ({ graph }: OnnxModel, name: string): number => {
    const values = readFloats(graph.initializer.find((tensor) => tensor.name === name)!);
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  };

  it('gives layers the deviation of their kind, and depends on the seed alone', async () => {
    const model = await loadModel(networkPath('cnn'));
    const [again, other] = [model.clone(), model.clone()];
    initializeWeights(model, 1);
    initializeWeights(again, 1);
    initializeWeights(other, 2);
    expect(Buffer.compare(again.toBytes(), model.toBytes())).toBe(0);
    expect(Buffer.compare(other.toBytes(), model.toBytes())).not.toBe(0);
    const inputs = 32 * 9;
    expect(deviationOf(model, 'last.weight') / Math.sqrt(2 / inputs)).toBeCloseTo(1, 1);
    expect(deviationOf(model, 'fc.weight') / Math.sqrt(2 / (32 + 10))).toBeCloseTo(1, 0);
    expect(deviationOf(model, 'fc.bias')).toBe(0);
    expect(deviationOf(model, 'last.bn.scale')).toBe(1);
    expect(deviationOf(model, 'last.bn.mean')).toBe(0);
    expect(deviationOf(model, 'last.bn.var')).toBe(1);
  });

  it('draws normally distributed numbers', () => {
    const normal = createNormal(3);
    const values = Float64Array.from({ length: 20_000 }, normal);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const within = values.filter((value) => Math.abs(value) < 1).length / values.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(within).toBeCloseTo(0.6827, 1);
  });
});
