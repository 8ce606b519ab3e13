// SPDX-License-Identifier: Apache-2.0
// Rewritten models on the real ONNX Runtime and in the real TensorRT-RTX builder, neither of which needs a GPU.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { cast } from '../../lib/compress/cast';
import { quantize } from '../../lib/compress/quantize';
import { buildEngine, sessionRunner, type BuildOptions, type Feeds } from '../../lib/index';
import { readModelInfo } from '../../lib/onnx';
import { parseNpy } from '../../lib/tensor/npy';
import { branchModel } from '../onnx-models';
import {
  attentionModel,
  loopModel,
  noise,
  normalizedModel,
  overflowModel,
  residualModel,
  sqnr,
} from '../precision-models';

const runOnCpu = sessionRunner({ device: 'cpu', intraOpNumThreads: 1 });

async function runOnce(model: string | Uint8Array, feeds: Feeds): Promise<Record<string, Float32Array>> {
  for await (const outputs of runOnCpu(model, [feeds])) {
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
    );
  }
  throw new Error('nothing ran');
}

const images = (seed: number): Feeds => ({ images: { data: noise(4 * 768, 1, seed), dims: [4, 3, 16, 16] } });
const sequence = (seed: number): Feeds => ({
  x: { data: noise(2 * 256, 1, seed), dims: [2, 8, 32] },
  mask: { data: Float32Array.from({ length: 16 }, (_, i) => (i % 8 < 6 ? 1 : 0)), dims: [2, 1, 8] },
});

interface Case {
  readonly name: string;
  readonly model: Uint8Array;
  readonly feeds: (seed: number) => Feeds;
  readonly profile: BuildOptions;
  /** Least signal to noise in decibels; absent where nothing can be quantised. */
  readonly fp16: number;
  readonly int8?: number;
}

const batch: BuildOptions = { dynamicAxes: { batch: [1, 4, 8] } };
const CASES: readonly Case[] = [
  { name: 'convolutions', model: residualModel(), feeds: images, profile: batch, fp16: 60, int8: 28 },
  {
    name: 'convolutions of opset 11',
    model: residualModel(11),
    feeds: images,
    profile: batch,
    fp16: 60,
    int8: 28,
  },
  { name: 'normalised ones', model: normalizedModel(), feeds: images, profile: batch, fp16: 55, int8: 28 },
  { name: 'attention', model: attentionModel(), feeds: sequence, profile: batch, fp16: 60, int8: 28 },
  {
    name: 'branches',
    model: branchModel(),
    feeds: () => ({ x: Float32Array.of(1, -2), flag: Uint8Array.of(1) }),
    profile: {},
    fp16: 60,
  },
  {
    name: 'a loop',
    model: loopModel(),
    feeds: (seed) => ({ x: { data: noise(32, 1, seed), dims: [2, 16] } }),
    profile: {},
    fp16: 55,
  },
];

type Rewritten = 'fp16' | 'bf16' | 'int8';

const calibrationOf = (feeds: Case['feeds']) => [1, 2, 3, 4, 5, 6, 7, 8].map(feeds);

async function rewrite(
  model: string | Uint8Array,
  precision: Rewritten,
  calibration: readonly Feeds[],
): Promise<Uint8Array> {
  const data = { calibration, runner: runOnCpu };
  const rewritten =
    precision === 'int8' ? await quantize(model, data) : await cast(model, { to: precision, ...data });
  return rewritten.model.toBytes();
}

describe.each(CASES)('$name', ({ model, feeds, profile, fp16, int8 }) => {
  const precisions: Rewritten[] = int8 === undefined ? ['fp16', 'bf16'] : ['fp16', 'bf16', 'int8'];

  it('computes nearly the same on the CPU', async () => {
    const expected = await runOnce(model, feeds(99));
    for (const [precision, least] of [
      ['fp16', fp16],
      ['int8', int8],
    ] as const) {
      if (least === undefined) continue;
      const bytes = await rewrite(model, precision, calibrationOf(feeds));
      const actual = await runOnce(bytes, feeds(99));
      expect(Object.keys(actual)).toEqual(Object.keys(expected));
      for (const [name, values] of Object.entries(expected)) {
        expect(sqnr(values, actual[name]!), `${precision} ${name}`).toBeGreaterThan(least);
      }
    }
  });

  it.each(precisions)(
    'builds in %s with TensorRT-RTX, inputs and outputs as they were',
    async (precision) => {
      const bytes = await rewrite(model, precision, calibrationOf(feeds));
      const [before, after] = [await readModelInfo(model), await readModelInfo(bytes)];
      expect([after.inputs, after.outputs]).toEqual([before.inputs, before.outputs]);
      // A graph without arithmetic has no precision of its own to be checked.
      const hasArithmetic = Object.keys(after.typeCensus.compute).length > 0;
      const engine = await buildEngine(bytes, {
        runtime: 'tensorrt-rtx',
        precision: hasArithmetic ? precision : 'model',
        ...profile,
      });
      expect(engine.bytes).toBeGreaterThan(0);
    },
  );
});

describe('a tensor beyond the range of FP16', () => {
  const feeds = { x: { data: noise(32, 1, 4), dims: [2, 16] } };

  it('stays FP32 where data shows it; without data nothing tells', async () => {
    const expected = (await runOnce(overflowModel(), feeds)).y!;
    const blind = await cast(overflowModel(), { to: 'fp16' });
    expect(blind.report.kept).toEqual([]);
    const { model, report } = await cast(overflowModel(), {
      to: 'fp16',
      calibration: [feeds],
      runner: runOnCpu,
    });
    expect(report.kept.map(({ node }) => node)).toEqual(['grow', 'shrink']);
    expect([blind.report.dataRuns, report.dataRuns]).toEqual([0, 1]);
    expect(report.score!.sqnrDb).toBeGreaterThan(55);
    expect(sqnr(expected, (await runOnce(model.toBytes(), feeds)).y!)).toBeGreaterThan(55);
  });
});

describe('the digits of the example', () => {
  const folder = 'examples/digits';
  const model = `${folder}/digits.onnx`;
  const pictures = parseNpy(readFileSync(`${folder}/test-images.npy`));
  const labels = parseNpy(readFileSync(`${folder}/test-labels.npy`)).data;

  async function accuracy(source: string | Uint8Array): Promise<number> {
    const { logits } = await runOnce(source, { images: { data: pictures.data, dims: pictures.dims } });
    const right = Array.from(labels, Number).filter((label, index) => {
      const scores = logits!.subarray(index * 10, index * 10 + 10);
      return scores.indexOf(Math.max(...scores)) === label;
    });
    return right.length / labels.length;
  }

  it.each(['fp16', 'int8'] as const)(
    'are read as well in %s as in FP32, and the model builds',
    async (precision) => {
      const size = pictures.dims.slice(1).reduce((product, dim) => product * dim, 1);
      const feeds = [0, 1, 2, 3].map((index) => ({
        images: {
          data: pictures.data.slice(index * 16 * size, (index + 1) * 16 * size),
          dims: [16, ...pictures.dims.slice(1)],
        },
      }));
      const bytes = await rewrite(model, precision, feeds);
      expect(await accuracy(bytes)).toBeGreaterThan((await accuracy(model)) - 0.011);
      const engine = await buildEngine(bytes, { runtime: 'tensorrt-rtx', precision, ...batch });
      expect(engine.bytes).toBeGreaterThan(0);
      expect(bytes.length).toBeLessThan(readFileSync(model).length);
    },
  );
});
