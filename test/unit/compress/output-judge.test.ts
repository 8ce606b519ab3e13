// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { openFeeds } from '../../../lib/compress/calibrate/feed-source';
import { OutputJudge, type OutputScore } from '../../../lib/compress/output-judge';
import type { RunnerOutputs } from '../../../lib/compress/runner';
import { loadModel } from '../../../lib/onnx/graph/onnx-model';
import type { TensorData } from '../../../lib/tensor/element-arrays';
import { convModel } from '../../onnx-models';

/** Scores outputs against outputs: the first model that is run gives the one, the next the other. */
async function score(
  expected: Record<string, TensorData>,
  actual: Record<string, TensorData>,
): Promise<OutputScore> {
  const answers = [expected, actual].map((outputs): RunnerOutputs => {
    const entries = Object.entries(outputs).map(([name, data]) => [name, { data, dims: [1, data.length] }]);
    return Object.fromEntries(entries) as RunnerOutputs;
  });
  const runner = async function* () {
    yield await Promise.resolve(answers.shift()!);
  };
  const model = await loadModel(convModel());
  const judge = await OutputJudge.create(model, await openFeeds([1]), runner);
  return judge.score(model);
}

const floats = (...values: number[]) => Float32Array.from(values);
const ints = (...values: number[]) => BigInt64Array.from(values, BigInt);

describe('the score of outputs', () => {
  it('is the ratio of signal to noise', async () => {
    const { sqnrDb, cosine, top1Agreement } = await score({ y: floats(10, 0) }, { y: floats(9, 0) });
    expect(sqnrDb).toBeCloseTo(20, 4);
    expect(cosine).toBe(1);
    expect(top1Agreement).toBe(1);
  });

  it('is decided by the worst output: one that cannot change makes a bad one no good', async () => {
    const { sqnrDb } = await score(
      { y: floats(10, 0), copy: floats(1, 2) },
      { y: floats(9, 0), copy: floats(1, 2) },
    );
    expect(sqnrDb).toBeCloseTo(23, 1);
  });

  it('leaves integers to the agreement where there are other outputs', async () => {
    const { sqnrDb, cosine, top1Agreement } = await score(
      { y: floats(10, 0), best: ints(900, 1, 2, 3) },
      { y: floats(9, 0), best: ints(1, 1, 2, 3) },
    );
    expect(sqnrDb).toBeCloseTo(20, 4);
    expect(cosine).toBe(1);
    expect(top1Agreement).toBe(4 / 5);
    expect((await score({ best: ints(3, 4) }, { best: ints(3, 3) })).sqnrDb).toBeLessThan(20);
  });

  it('leaves out what is always zero, which noise is no share of', async () => {
    const outputs = { y: floats(10, 0), zero: floats(0, 0) };
    expect((await score(outputs, { y: floats(9, 0), zero: floats(1e-9, 0) })).sqnrDb).toBeCloseTo(20, 4);
    expect((await score({ zero: floats(0, 0) }, { zero: floats(1, 0) })).sqnrDb).toBe(200);
  });

  it('is as low as can be, and says so, where numbers became NaN', async () => {
    expect(await score({ y: floats(1, 2) }, { y: floats(1, NaN) })).toMatchObject({
      sqnrDb: -200,
      cosine: -1,
      notNumbers: true,
    });
    expect(await score({ y: floats(1, -Infinity) }, { y: floats(1, -Infinity) })).toEqual({
      sqnrDb: 200,
      cosine: 1,
      top1Agreement: 1,
      answers: 1,
    });
  });
});
