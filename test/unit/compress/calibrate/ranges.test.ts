// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { chooseAmplitude } from '../../../../lib/compress/calibrate/amplitude';
import { collectRanges } from '../../../../lib/compress/calibrate/collect-ranges';
import { RangeHistogram } from '../../../../lib/compress/calibrate/histogram';
import type { Runner } from '../../../../lib/compress/runner';
import { readModelInfo } from '../../../../lib/onnx';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { convModel } from '../../../onnx-models';
import { noise } from '../../../precision-models';
import { rejection } from '../../../temporary-folder';

describe('a histogram', () => {
  it('finds quantiles within one part in a thousand of the range, however its values came', () => {
    const values = noise(20_000, 3, 1);
    const sorted = Float32Array.from(values, Math.abs).sort();
    const histogram = new RangeHistogram();
    // Small ones first: the bins have to grow several times.
    for (const scale of [1e-3, 1e-2, 0.1])
      histogram.add(values.subarray(0, 10).map((value) => value * scale));
    for (let at = 0; at < values.length; at += 1000) histogram.add(values.subarray(at, at + 1000));
    expect(histogram.count).toBe(20_030);
    expect(histogram.largest).toBe(sorted.at(-1));
    for (const share of [0.5, 0.9, 0.999]) {
      const exact = sorted[Math.floor(share * sorted.length)]!;
      expect(Math.abs(histogram.quantile(share) - exact)).toBeLessThan(histogram.largest * 3e-3);
    }
  });

  it('knows tensors that are always zero, and refuses what is not finite', () => {
    const histogram = new RangeHistogram();
    expect(histogram.add(new Float32Array(10))).toBe(true);
    expect([
      histogram.largest,
      chooseAmplitude(histogram, 'mse'),
      chooseAmplitude(histogram, 'percentile'),
    ]).toEqual([0, 0, 0]);
    expect(histogram.add([1, NaN])).toBe(false);
    expect(histogram.add([Infinity])).toBe(false);
    expect([histogram.count, histogram.max]).toEqual([10, 0]);
  });
});

describe('an amplitude', () => {
  const histogram = new RangeHistogram();
  const values = noise(100_000, 1, 7);
  histogram.add(values);
  histogram.add([40]);

  function error(amplitude: number): number {
    const scale = amplitude / 127;
    const step = (value: number) => Math.max(-127, Math.min(127, Math.round(value / scale))) * scale;
    return [...values, 40].reduce((sum, value) => sum + (value - step(value)) ** 2, 0);
  }

  it('covers everything, all but 0.01 %, or what costs the smallest error', () => {
    expect(chooseAmplitude(histogram, 'max')).toBe(40);
    expect(chooseAmplitude(histogram, 'percentile')).toBeLessThan(1.6);
    const mse = chooseAmplitude(histogram, 'mse');
    for (const other of [40, 30, 20, 10]) expect(error(mse)).toBeLessThanOrEqual(error(other) * 1.01);
  });
});

describe('collecting ranges', () => {
  const feeds = [1, 2, 3];
  /** Gives 1, 2, 3 for each output that was asked for, times the feed. */
  const runner: Runner<number> = async function* (model, list) {
    const { outputs } = await readModelInfo(model);
    for (const feed of list) {
      yield Object.fromEntries(
        outputs.map(({ name }) => [name, { data: Float32Array.of(-feed, 0, 2 * feed) }]),
      );
    }
  };

  it('asks for inner tensors, inputs and outputs, over all of the data', async () => {
    const model = await loadModel(convModel());
    const before = model.toBytes();
    const ranges = await collectRanges(model, {
      tensors: ['images', 'r1', 'logits'],
      feeds,
      runner,
      method: 'max',
    });
    const range = { min: -3, max: 6, amplitude: 6 };
    expect(ranges).toEqual({ images: range, r1: range, logits: range });
    expect(model.toBytes()).toEqual(before);
  });

  it('goes through the data again instead of holding more than 32 tensors', async () => {
    const model = await loadModel(convModel());
    const relu = model.graph.node[1]!;
    const tensors = Array.from({ length: 70 }, (_, i) => `t${i}`);
    model.graph.node.push(...tensors.map((name) => ({ ...relu, name, output: [name] })));
    const asked: number[] = [];
    const counting: Runner<number> = async function* (bytes, list) {
      asked.push((await readModelInfo(bytes)).outputs.length);
      yield* runner(bytes, list);
    };
    expect(Object.keys(await collectRanges(model, { tensors, feeds, runner: counting }))).toEqual(tensors);
    expect(asked).toEqual([33, 33, 7]);
  });

  it('refuses to work without data, with infinities and with a runner that leaves tensors out', async () => {
    const model = await loadModel(convModel());
    const request = { tensors: ['r1'], feeds, runner };
    const fail = async (change: object) => rejection(collectRanges(model, { ...request, ...change }));
    const infinite: Runner<number> = async function* () {
      yield { r1_seen: { data: Float32Array.of(Infinity, 1) } };
    };
    const silent: Runner<number> = async function* () {
      yield {};
    };
    expect(await fail({ feeds: [] })).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    expect((await fail({ runner: infinite })).message).toContain('"r1" is infinite');
    expect((await fail({ runner: silent })).message).toContain('did not return the tensor "r1"');
    const skipping = await collectRanges(model, { ...request, runner: infinite, skipInfinite: true });
    expect(skipping.r1!.max).toBe(1);
  });
});
