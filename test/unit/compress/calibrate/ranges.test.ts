// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { collectRanges } from '../../../../lib/compress/calibrate/collect-ranges';
import { openFeeds } from '../../../../lib/compress/calibrate/feed-source';
import type { Runner } from '../../../../lib/compress/runner';
import { readModelInfo } from '../../../../lib/onnx';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { convModel } from '../../../onnx-models';
import { rejection } from '../../../temporary-folder';

/** Gives -1, 0, 2 for each output that was asked for, times the feed. */
const runner: Runner<number> = async function* (model, list) {
  const { outputs } = await readModelInfo(model);
  for await (const feed of list) {
    const data = Float32Array.of(-feed, 0, 2 * feed);
    yield Object.fromEntries(outputs.map(({ name }) => [name, { data, dims: [3] }]));
  }
};
const answering = (data: Float32Array): Runner<number> =>
  async function* (_, list) {
    for await (const _ of list) yield { r1: { data, dims: [data.length] }, logits: { data, dims: [] } };
  };

describe('collecting ranges', () => {
  it('looks at inner tensors, inputs and outputs, over all of the data, and leaves the model as it is', async () => {
    const model = await loadModel(convModel());
    const before = model.toBytes();
    const feeds = await openFeeds([1, 2, 3]);
    const tensors = ['images', 'r1', 'logits'];
    const ranges = await collectRanges(model, { tensors, feeds, runner, method: 'max' });
    const range = { min: -3, max: 6, amplitude: 6 };
    expect(ranges).toEqual({ images: range, r1: range, logits: range });
    expect(model.toBytes()).toEqual(before);
  });

  it('refuses values that are not finite and says where they are, or leaves them out if told', async () => {
    const model = await loadModel(convModel());
    const request = { tensors: ['r1'], feeds: await openFeeds([1, 2]) };
    for (const bad of [NaN, -Infinity]) {
      const broken = answering(Float32Array.of(1, 5, bad));
      const error = await rejection(collectRanges(model, { ...request, runner: broken }));
      expect(error).toMatchObject({ code: 'ERR_TRT_QUANT_CALIBRATION', details: { tensor: 'r1', run: 0 } });
      expect(error.message).toContain(`"r1" holds ${bad} at position 2 in run 0`);
      const skipping = await collectRanges(model, { ...request, runner: broken, skipInfinite: true });
      expect(skipping.r1).toMatchObject({ min: 1, max: 5 });
    }
  });
});
