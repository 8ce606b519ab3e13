// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { PruneChannelsOptions } from '../../../../lib/compress/channels/prune-channels-options';
import { pruneChannels } from '../../../../lib/compress/prune-channels';
import { countWork } from '../../../../lib/compress/report/count-work';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { CHANNEL_PATTERNS } from '../../../channel-patterns';

const modelOf = (name: string) => CHANNEL_PATTERNS.find((one) => one.name === name)!.model;
const ROW = modelOf('convolutions in a row');

describe('how much goes', () => {
  test('a ratio of each layer, and the report says what', async () => {
    const { model, report } = await pruneChannels(ROW, { ratio: 0.5, multipleOf: 1 });
    expect(report.criterion).toBe('norm');
    expect(report.groups).toEqual([
      { nodes: ['a'], readers: ['b'], before: 6, after: 3, width: 1 },
      { nodes: ['b'], readers: ['c'], before: 5, after: 3, width: 1 },
    ]);
    expect(report.changed).toEqual([
      { node: 'a', group: 0 },
      { node: 'b', group: 1 },
    ]);
    expect(report.channels).toEqual({ before: 11, after: 6 });
    const dims = Object.fromEntries(model.graph.initializer.map((one) => [one.name, one.dims]));
    expect(dims).toMatchObject({ a_w: [3, 3, 3, 3], a_b: [3], b_w: [3, 3, 3, 3], c_w: [2, 3, 1, 1] });
  });

  test('multiples and minima are kept', async () => {
    const { report } = await pruneChannels(ROW, { ratio: 0.5, multipleOf: 4 });
    expect(report.groups.map(({ after }) => after)).toEqual([4, 4]);
    const few = await pruneChannels(ROW, { ratio: 1, multipleOf: 1, minimum: 2 });
    expect(few.report.groups.map(({ after }) => after)).toEqual([2, 2]);
  });

  test.each(['group', 'global'] as const)(
    'a budget is met and what it promises is true: %s',
    async (scope) => {
      const { model, report } = await pruneChannels(ROW, {
        target: { flops: 0.5, parameters: 0.7 },
        multipleOf: 1,
        scope,
      });
      expect(report.multiplyAdds.after).toBeLessThanOrEqual(0.5 * report.multiplyAdds.before);
      expect(report.parameters.after).toBeLessThanOrEqual(0.7 * report.parameters.before);
      expect(countWork(model)).toMatchObject({
        parameters: report.parameters.after,
        multiplyAdds: report.multiplyAdds.after,
      });
      // No more than one step further than needed.
      expect(report.multiplyAdds.after).toBeGreaterThan(0.25 * report.multiplyAdds.before);
    },
  );

  test('a budget that cannot be met names the closest', async () => {
    await expect(pruneChannels(ROW, { target: { flops: 0.01 } })).rejects.toMatchObject({
      code: 'ERR_TRT_COMPRESS_TARGET',
      message: expect.stringMatching(
        /1\.0 % of the multiply-adds cannot be reached.*% of the multiply-adds are left/,
      ),
    });
  });

  test('a ratio that rounds to nothing says so', async () => {
    const { report } = await pruneChannels(ROW, { ratio: 0.01 });
    expect(report.channels.after).toBe(report.channels.before);
    expect(report.warnings[0]).toMatch(/Nothing was removed/);
  });
});

describe('which channels go', () => {
  test('by norm: those with the smallest weights', async () => {
    const model = await loadModel(ROW);
    const small = [1, 4];
    for (const tensor of model.graph.initializer) {
      const values = new Float32Array((tensor.rawData as Uint8Array).slice().buffer);
      const each = values.length / tensor.dims[0]!;
      if (tensor.name === 'a_w') small.forEach((one) => values.fill(0, one * each, (one + 1) * each));
      if (tensor.name === 'a_b') values.forEach((_, index) => (values[index] = index));
      tensor.rawData = new Uint8Array(values.buffer);
    }
    const pruned = await pruneChannels(model, { ratio: 0.34, multipleOf: 1 });
    const bias = pruned.model.graph.initializer.find(({ name }) => name === 'a_b')!;
    expect([...new Float32Array((bias.rawData as Uint8Array).slice().buffer)]).toEqual([0, 2, 3, 5]);
  });

  test('by what a caller says of them', async () => {
    const asked: string[] = [];
    const { model, report } = await pruneChannels(ROW, {
      ratio: 0.5,
      multipleOf: 1,
      sensitivity: (_, groups) => {
        for (const { nodes, units, readers } of groups)
          asked.push(
            `${nodes.join()} ${units} ${readers.map(({ node, axis, rank }) => `${node} ${axis}/${rank}`).join()}`,
          );
        return Promise.resolve(
          groups.map(({ nodes }) => (nodes[0] === 'a' ? [9, 1, 8, 1, 7, 1] : [50, 40, 30, 20, 10])),
        );
      },
    });
    expect(asked).toEqual(['a 6 b 1/4', 'b 5 c 1/4']);
    expect(report.criterion).toBe('taylor');
    const original = await loadModel(ROW);
    const rows = (one: typeof model) =>
      new Float32Array(
        (one.graph.initializer.find(({ name }) => name === 'a_b')!.rawData as Uint8Array).slice().buffer,
      );
    expect([...rows(model)]).toEqual([0, 2, 4].map((index) => rows(original)[index]));
  });

  test('nodes that are excluded keep their channels', async () => {
    const { report } = await pruneChannels(ROW, { ratio: 0.5, multipleOf: 1, exclude: { names: ['a'] } });
    expect(report.groups.map(({ nodes }) => nodes)).toEqual([['b']]);
    expect(report.kept).toContainEqual({ node: 'a', reason: 'it is excluded' });
  });
});

describe('what is refused', () => {
  test.each([
    [{}, 'ERR_TRT_ARG_VALUE', /either ratio or target/],
    [{ ratio: 0.3, target: { flops: 0.5 } }, 'ERR_TRT_ARG_VALUE', /either ratio or target/],
    [{ ratio: 1.5 }, 'ERR_TRT_ARG_VALUE', /ratio/],
    [{ ratio: 0.3, criterion: 'size' }, 'ERR_TRT_ARG_VALUE', /criterion/],
    [{ ratio: 0.3, criterion: 'taylor' }, 'ERR_TRT_ARG_VALUE', /sensitivity/],
    [
      { ratio: 0.3, criterion: 'norm', sensitivity: () => Promise.resolve([]) },
      'ERR_TRT_ARG_VALUE',
      /"norm" does not go by sensitivity/,
    ],
    [{ ratio: 0.3, sensitivity: () => Promise.resolve([]) }, 'ERR_TRT_ARG_VALUE', /6 numbers.*it returned 0/],
    [
      { ratio: 0.3, sensitivity: () => Promise.resolve([[1, 2, NaN, 4, 5, 6]]) },
      'ERR_TRT_ARG_VALUE',
      /6 numbers from 0 on/,
    ],
    [{ ratio: 0.3, criterion: 'activation' }, 'ERR_TRT_QUANT_CALIBRATION', /criterion "activation"/],
    [{ ratio: 0.3, recover: 'reconstruct' }, 'ERR_TRT_QUANT_CALIBRATION', /recover/],
    [{ ratio: 0.3, calibration: [{}] }, 'ERR_TRT_ARG_VALUE', /runner/],
    [{ target: {} }, 'ERR_TRT_ARG_VALUE', /parameters or flops/],
    [{ target: { speed: 2 } }, 'ERR_TRT_ARG_UNKNOWN_OPTION', /speed/],
    [{ rate: 0.3 }, 'ERR_TRT_ARG_UNKNOWN_OPTION', /rate/],
  ])('%j', async (options, code, message) => {
    await expect(pruneChannels(ROW, options as PruneChannelsOptions<object>)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test('a model in which nothing can be removed, with the reasons', async () => {
    await expect(pruneChannels(modelOf('Softmax over the channels'), { ratio: 0.3 })).rejects.toMatchObject({
      code: 'ERR_TRT_COMPRESS_UNSUPPORTED',
      message: expect.stringContaining('Softmax is computed over it'),
    });
  });
});

test('biases that are stored once do not hold channels together', async () => {
  const model = await loadModel(modelOf('a residual addition'));
  const [first] = model.graph.initializer.filter(({ name }) => name === 'a_b');
  for (const node of model.graph.node) if (node.name === 'c') node.input[2] = first!.name!;
  for (const node of model.graph.node) if (node.name === 'b') node.input[2] = '';
  const { report } = await pruneChannels(model, { ratio: 0.5, multipleOf: 1 });
  expect(report.groups.map(({ before }) => before)).toEqual([6, 5]);
});

test('the source is not changed', async () => {
  const model = await loadModel(ROW);
  const before = Buffer.from(model.toBytes()).toString('base64');
  await pruneChannels(model, { ratio: 0.5 });
  expect(Buffer.from(model.toBytes()).toString('base64')).toBe(before);
});
