// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { collectChannelMaxima } from '../../../../lib/compress/equalize/channel-maxima';
import type { FeedSource, RunnerOutputs } from '../../../../lib/compress/runner';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { makeModel } from '../../../onnx-builder';

const bytes = makeModel({
  inputs: [{ name: 'x', dims: ['n', 2, 2] }],
  outputs: [{ name: 'y', dims: ['n', 2, 2] }],
  nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
});

function feedsOf(...runs: number[][]): FeedSource<number[]> {
  return {
    count: runs.length,
    async *[Symbol.asyncIterator]() {
      yield* runs;
    },
  };
}

async function* runner(_: unknown, feeds: AsyncIterable<number[]>): AsyncIterable<RunnerOutputs> {
  for await (const one of feeds) yield { y: { data: Float32Array.from(one), dims: [one.length / 4, 2, 2] } };
}

const collect = async (axis: 1 | -1, ...runs: number[][]) =>
  (
    await collectChannelMaxima(await loadModel(bytes), new Map([['y', axis]]), {
      feeds: feedsOf(...runs),
      runner,
    })
  ).get('y');

describe('collectChannelMaxima', () => {
  it('takes the largest absolute value of each channel over runs and samples', async () => {
    expect(await collect(1, [1, -2, 3, -4], [-5, 0, 0, 0, 1, 1, 1, 9])).toEqual(Float32Array.of(5, 9));
    expect(await collect(-1, [1, -2, 3, -4], [-5, 0, 0, 0, 1, 1, 1, 9])).toEqual(Float32Array.of(5, 9));
    expect(await collect(-1, [7, -2, 3, -4])).toEqual(Float32Array.of(7, 4));
  });

  it.each([NaN, Infinity, -Infinity])('names the tensor and the run that holds %s', async (value) => {
    await expect(collect(1, [1, 1, 1, 1], [1, value, 1, 1])).rejects.toMatchObject({
      code: 'ERR_TRT_QUANT_CALIBRATION',
      message: expect.stringContaining('"y"') as string,
      details: { tensor: 'y', run: 1 },
    });
  });

  it('refuses to look at nothing', async () => {
    await expect(collect(1)).rejects.toMatchObject({ code: 'ERR_TRT_QUANT_CALIBRATION' });
  });
});
