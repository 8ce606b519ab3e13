// SPDX-License-Identifier: Apache-2.0
// Calibration on the real ONNX Runtime.
import { describe, expect, it } from 'vitest';
import { CALIBRATION_METHODS } from '../../lib/compress/calibrate/amplitude';
import { chooseRanges } from '../../lib/compress/calibrate/choose-ranges';
import { collectHistograms } from '../../lib/compress/calibrate/collect-histograms';
import { openFeeds } from '../../lib/compress/calibrate/feed-source';
import { sessionRunner } from '../../lib/index';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { noise, residualModel } from '../precision-models';
import { rejection } from '../temporary-folder';

const runner = sessionRunner({ device: 'cpu', intraOpNumThreads: 1 });
const tensors = ['images', 's0', 's1', 'l0', 'l1', 'r0', 'j0', 'j1', 'p0', 'f0', 'logits'];

function* batches() {
  // The last batch is a smaller one.
  for (const [seed, batch] of [
    [1, 4],
    [2, 4],
    [3, 2],
  ] as const)
    yield { images: { data: noise(batch * 768, 1, seed), dims: [batch, 3, 16, 16] } };
}

describe('calibration on a real runtime', () => {
  it('sees the same in one pass and in many, from a list, a function and a generator', async () => {
    const model = await loadModel(residualModel());
    const seen = [];
    for (const [data, passBytes] of [
      [[...batches()], undefined],
      [batches, 4 * 16384],
      [batches(), 1],
    ] as const) {
      const feeds = await openFeeds(data);
      const histograms = await collectHistograms(model, { tensors, feeds, runner, passBytes });
      await feeds.close();
      expect(histograms.get('s0')!.count).toBe(10 * 16 * 256);
      seen.push(CALIBRATION_METHODS.map((method) => chooseRanges(histograms, method)));
    }
    const amplitudes = seen.map((all) =>
      all.flatMap((ranges) => tensors.map((name) => ranges[name]!.amplitude)),
    );
    for (const other of amplitudes.slice(1)) {
      // The runtime may fuse nodes in another way where other tensors are handed out: the last bits differ.
      other.forEach((amplitude, i) =>
        expect(Math.abs(amplitude / amplitudes[0]![i]! - 1)).toBeLessThan(1e-3),
      );
    }
    const [max] = seen[0]!;
    // What moves values or cuts them at zero shows in the ranges.
    expect(max!.s1).toMatchObject({ min: 0, max: max!.s0!.max });
    expect(max!.f0).toEqual(max!.p0);
  });

  it('names the tensor that overflows first, and the run', async () => {
    const model = await loadModel(residualModel());
    const good = [...batches()];
    const huge = { images: { data: new Float32Array(768).fill(3e38), dims: [1, 3, 16, 16] } };
    const feeds = await openFeeds([...good, huge]);
    const error = await rejection(collectHistograms(model, { tensors, feeds, runner }));
    expect(error).toMatchObject({ code: 'ERR_TRT_QUANT_CALIBRATION', details: { tensor: 's0', run: 3 } });
  });
});
