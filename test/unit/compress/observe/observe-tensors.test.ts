// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { openFeeds } from '../../../../lib/compress/calibrate/feed-source';
import { observeTensors } from '../../../../lib/compress/observe/observe-tensors';
import type { Runner } from '../../../../lib/compress/runner';
import { readModelInfo } from '../../../../lib/onnx';
import { loadModel, type OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { convModel } from '../../../onnx-models';
import { rejection } from '../../../temporary-folder';

const ELEMENTS: Readonly<Record<string, number>> = { images: 10, c1: 60, r1: 40, p: 30, logits: 5 };

/** Answers sizes with `ELEMENTS` and tensors with the feed; notes what each call was asked for. */
function recordingRunner(): { runner: Runner<number>; asked: string[][]; runs: number[] } {
  const asked: string[][] = [];
  const runs: number[] = [];
  const runner: Runner<number> = async function* (model, feeds) {
    const { outputs } = await readModelInfo(model);
    asked.push(outputs.map(({ name }) => name));
    const call = runs.push(0) - 1;
    for await (const feed of feeds) {
      runs[call]!++;
      yield Object.fromEntries(
        outputs.map(({ name }) => {
          if (!name.endsWith('_size')) return [name, { data: Float32Array.of(feed), dims: [1] }];
          return [name, { data: BigInt64Array.of(BigInt(ELEMENTS[name.slice(0, -5)]!)), dims: [] }];
        }),
      );
    }
  };
  return { runner, asked, runs };
}

async function observe(model: OnnxModel, change: object = {}) {
  const recorder = recordingRunner();
  const seen: [string, number, readonly number[], number][] = [];
  await observeTensors(
    model,
    { tensors: ['c1', 'r1'], feeds: await openFeeds([7, 8]), runner: recorder.runner, ...change },
    (tensor, values, dims, run) => seen.push([tensor, values[0]!, dims, run]),
  );
  return { ...recorder, seen };
}

describe('observing tensors', () => {
  it('shows each tensor once for each run, in order, in one pass if there are few', async () => {
    const { seen, asked } = await observe(await loadModel(convModel()));
    expect(seen).toEqual([
      ['c1', 7, [1], 0],
      ['r1', 7, [1], 0],
      ['c1', 8, [1], 1],
      ['r1', 8, [1], 1],
    ]);
    expect(asked).toHaveLength(1);
  });

  it('asks the model for sizes on one run and then fills passes up to the bytes that are allowed', async () => {
    const tensors = ['images', 'c1', 'r1', 'p', 'r1'];
    const { seen, asked, runs } = await observe(await loadModel(convModel()), { tensors, passBytes: 4 * 75 });
    expect(asked).toEqual([
      ['logits', 'images_size', 'c1_size', 'r1_size', 'p_size'],
      ['logits', 'c1', 'images_seen'],
      ['logits', 'r1', 'p'],
    ]);
    expect(runs).toEqual([1, 2, 2]);
    expect(seen).toHaveLength(8);
  });

  it('looks at a tensor that is larger than the bytes by itself', async () => {
    const { asked } = await observe(await loadModel(convModel()), { passBytes: 1 });
    expect(asked.slice(1)).toEqual([
      ['logits', 'c1'],
      ['logits', 'r1'],
    ]);
  });

  it('stops between two runs when its signal says so, with the reason', async () => {
    const model = await loadModel(convModel());
    const stop = new AbortController();
    const seen: number[] = [];
    const request = { tensors: ['r1'], feeds: await openFeeds([1, 2, 3]), signal: stop.signal };
    const work = observeTensors(model, { ...request, runner: recordingRunner().runner }, (_, values) => {
      seen.push(values[0]!);
      stop.abort('enough');
    });
    expect(await rejection(work)).toMatchObject({ code: 'ERR_TRT_RUN_ABORTED', cause: 'enough' });
    expect(seen).toEqual([1]);
  });

  it('needs data, tensors that are there and a runner that returns them', async () => {
    const model = await loadModel(convModel());
    const silent: Runner<number> = async function* (_, feeds) {
      for await (const _ of feeds) yield {};
    };
    const none = { count: 0, async *[Symbol.asyncIterator]() {} };
    expect(await rejection(observe(model, { feeds: none }))).toMatchObject({
      code: 'ERR_TRT_QUANT_CALIBRATION',
    });
    expect((await rejection(observe(model, { runner: silent }))).message).toContain(
      'did not return the tensor "c1"',
    );
    for (const passBytes of [1, 2 ** 40]) {
      const error = await rejection(observe(model, { tensors: ['c2', 'r1x'], passBytes }));
      expect(error.message).toContain('no tensor "r1x". Did you mean "r1"');
    }
  });
});
