// SPDX-License-Identifier: Apache-2.0
// Pipelines on the stand-in GPU, where our kernels really run: what comes before and after the model must be the same
// bits as on the CPU.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createSession, uploadTensor } from '../../../lib/index';
import {
  argMax,
  decodeBoxes,
  l2Normalize,
  logMel,
  meanPool,
  nonMaximumSuppression,
  preprocessImages,
  rescaleBoxes,
  sigmoid,
  softmaxTopK,
  transpose,
  type RawImage,
} from '../../../lib/ops';
import {
  createPipeline,
  type Detection,
  type DetectionPost,
  type PipelineSpec,
  type Segmentation,
} from '../../../lib/pipeline';
import type { Session } from '../../../lib/runtime/session';
import { DRIVER_VARIABLE } from '../../../lib/runtime/driver-library';
import { collectUntil } from '../../gpu-session';
import { encode, pattern } from '../../pipeline-models';
import { StandinGpu } from '../../standin-gpu';
import { makePlan, type PlanDescription } from '../../standin-plan';

process.env.TRTN_STANDIN_CUDA_DEVICES = '1';
const gpu = StandinGpu.open();
process.env[DRIVER_VARIABLE] = gpu.driverPath;
process.env.TENSORRT_NODE_LIB_DIR = gpu.tensorRt11Folder;

const opened: { close(): unknown }[] = [];

beforeEach(() => {
  gpu.reset();
  gpu.configure({ record: true });
});

// Operators keep their stream and kernels; of memory and sessions nothing may be left.
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
  await collectUntil(() => gpu.live().device.allocations === 0);
  expect(gpu.violations()).toEqual([]);
  expect(gpu.live()).toMatchObject({ device: { allocations: 0 }, objects: {} });
});

const SIDE = 4;
const FILTERS = Array.from({ length: 6 * 3 }, (_, index) => ((index * 5) % 7) / 3 - 0.9);

/** `images` [n, 3, 4, 4] through six filters; what becomes of the 6 x 16 numbers says `layer`. */
function plan(layer: string, outputDims: readonly number[]): PlanDescription {
  return {
    name: 'pictures',
    inputs: [{ name: 'images', dims: [-1, 3, SIDE, SIDE] }],
    outputs: [{ name: 'out', dims: outputDims }],
    profiles: [
      {
        dims: {
          images: { min: [1, 3, SIDE, SIDE], opt: [2, 3, SIDE, SIDE], max: [3, 3, SIDE, SIDE] },
        },
      },
    ],
    weights: { w: FILTERS },
    layers: ['conv images w 6x3x1 maps', layer],
  };
}

const ROWS = plan('flatten maps out 1', [-1, 96]);
const HEADS = plan('flatten maps out 2', [-1, 6, 16]);
const PRE = { kind: 'image', fit: 'contain', filter: 'bicubic', mean: [0.4, 0.5, 0.6], std: 0.25 } as const;
const { kind: _kind, ...SETTINGS } = PRE;

/** What the model gives for images that were preprocessed on the CPU. */
async function reference(session: Session, images: readonly RawImage[]) {
  const { tensor, transforms } = await preprocessImages(images as RawImage<Uint8Array>[], {
    ...SETTINGS,
    size: SIDE,
  });
  const { out } = await session.run({ images: tensor });
  return { out: out!, transforms };
}

describe('pipelines on a GPU', () => {
  const images = [pattern(33, 17), pattern(5, 60, 3), pattern(4, 4, 7)];
  let files: Buffer[];

  beforeAll(async () => {
    files = await Promise.all(images.map((image) => encode(image, 'png')));
  });

  async function open(description: PlanDescription, spec: PipelineSpec) {
    const session = await createSession(makePlan('tensorrt-11', description), { device: 'cuda:0' });
    opened.push(session);
    const pipeline = await createPipeline(session, { spec });
    opened.push(pipeline);
    return { session, pipeline };
  }

  it('classifies with the bits of the CPU', async () => {
    const { session, pipeline } = await open(ROWS, {
      version: 1,
      task: 'classification',
      pre: PRE,
      post: { kind: 'classification', topK: 7, temperature: 2 },
    });
    const results = (await pipeline.run(files)) as { classId: number; score: number }[][];
    const { out } = await reference(session, images);
    const { values, indices } = await softmaxTopK(out, 7, { temperature: 2 });
    expect(results.flat().map(({ score }) => score)).toEqual([...(values.data as Float32Array)]);
    expect(results.flat().map(({ classId }) => classId)).toEqual([...indices.data]);
  });

  it('finds boxes with the bits of the CPU', async () => {
    const decode = { form: 'corners', layout: 'channels-first', sigmoid: true } as const;
    const post: DetectionPost = {
      kind: 'detection',
      decode,
      nms: { scoreThreshold: 0.1, iouThreshold: 0.3, maxOutput: 10 },
    };
    const { session, pipeline } = await open(HEADS, { version: 1, task: 'detection', pre: PRE, post });
    const results = await pipeline.run(files);
    const { out, transforms } = await reference(session, images);
    const decoded = await decodeBoxes(out, { ...decode, best: true });
    const kept = await nonMaximumSuppression(decoded.boxes, decoded.scores, {
      ...post.nms,
      classes: decoded.classes,
    });
    const boxes = await rescaleBoxes(kept.boxes, transforms);
    const found = (results as unknown as { score: number; box: { x: number; y: number } }[][]).map(
      (image) => image.length,
    );
    expect(found).toEqual([...kept.counts.data]);
    expect(Math.max(...found)).toBeGreaterThan(0);
    results.forEach((image, index) => {
      (image as unknown as { score: number; box: { x: number; y: number } }[]).forEach(
        ({ score, box }, place) => {
          const at = index * 10 + place;
          expect(score).toBe(kept.scores.data[at]);
          expect([box.x, box.y]).toEqual([...boxes.data.subarray(at * 4, at * 4 + 2)]);
        },
      );
    });
  });

  it('takes boxes and scores of two outputs on the device', async () => {
    const side = 2;
    const shape = (count: number) => [count, 3, side, side];
    const description: PlanDescription = {
      name: 'pair',
      inputs: [{ name: 'images', dims: shape(-1) }],
      outputs: [
        { name: 'boxes', dims: [-1, 3, 4] },
        { name: 'scores', dims: [-1, 3, 4] },
      ],
      profiles: [{ dims: { images: { min: shape(1), opt: shape(2), max: shape(3) } } }],
      weights: { w: FILTERS.slice(0, 9) },
      layers: ['conv images w 3x3x1 maps', 'flatten maps scores 2', 'flatten images boxes 2'],
    };
    const nms = { scoreThreshold: 0.1, maxOutput: 3 };
    const post = {
      kind: 'boxes-scores',
      boxes: 'boxes',
      scores: 'scores',
      activation: 'sigmoid',
      nms,
    } as const;
    const { session, pipeline } = await open(description, { version: 1, task: 'detection', pre: PRE, post });
    gpu.reset();
    gpu.configure({ record: true });
    const results = (await pipeline.run(images)) as Detection[][];
    const { tensor, transforms } = await preprocessImages(images, { ...SETTINGS, size: side });
    const { boxes, scores } = await session.run({ images: tensor });
    const kept = await nonMaximumSuppression(boxes!, await sigmoid(scores!), nms);
    const placed = await rescaleBoxes(kept.boxes, transforms);
    expect(results.map(({ length }) => length)).toEqual([...kept.counts.data]);
    expect(Math.max(...kept.counts.data)).toBeGreaterThan(0);
    results.forEach((image, index) =>
      image.forEach(({ score, box }, place) => {
        const at = index * 3 + place;
        expect(score).toBe(kept.scores.data[at]);
        expect([box.x, box.y]).toEqual([...placed.data.subarray(at * 4, at * 4 + 2)]);
      }),
    );
  });

  it('chooses the class of each pixel on the device', async () => {
    const { session, pipeline } = await open(plan('identity maps out', [-1, 6, SIDE, SIDE]), {
      version: 1,
      task: 'segmentation',
      pre: { ...PRE, fit: 'stretch' },
      post: { kind: 'segmentation' },
    });
    const same = pattern(SIDE, SIDE, 7);
    await pipeline.run([same]);
    gpu.reset();
    gpu.configure({ record: true });
    const [found] = (await pipeline.run([same])) as Segmentation[];
    const back = gpu.timeline().filter(({ op }) => op === 'd2h');
    expect(back.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(4 * SIDE * SIDE);
    const { out } = await reference(session, [same]);
    const classes = await argMax(await transpose(out, [0, 2, 3, 1]));
    expect([...found!.map]).toEqual([...classes.data]);
    expect(new Set(found!.map).size).toBeGreaterThan(1);
  });

  it('makes vectors with the bits of the CPU, pooled and not', async () => {
    const embed = (pool: 'none' | 'mean'): PipelineSpec => ({
      version: 1,
      task: 'embedding',
      pre: PRE,
      post: { kind: 'embedding', pool },
    });
    const rows = await open(ROWS, embed('none'));
    const { out } = await reference(rows.session, images);
    const whole = await l2Normalize(out);
    expect((await rows.pipeline.run(files)).flatMap((vector) => [...(vector as Float32Array)])).toEqual([
      ...(whole.data as Float32Array),
    ]);
    const heads = await open(HEADS, embed('mean'));
    const pooled = await l2Normalize(await meanPool((await reference(heads.session, images)).out));
    expect((await heads.pipeline.run(files)).flatMap((vector) => [...(vector as Float32Array)])).toEqual([
      ...(pooled.data as Float32Array),
    ]);
  });

  it('uploads each image once, and takes back nothing but results', async () => {
    const { pipeline } = await open(HEADS, {
      version: 1,
      task: 'detection',
      pre: PRE,
      post: {
        kind: 'detection',
        decode: { form: 'corners', layout: 'channels-first', sigmoid: true },
        nms: { maxOutput: 2 },
      },
    });
    await pipeline.run([images[0]!]);
    gpu.reset();
    gpu.configure({ record: true });
    await pipeline.run([images[0]!]);
    const pixels = images[0]!.data.byteLength;
    const copies = (op: 'h2d' | 'd2h') => gpu.timeline().filter((operation) => operation.op === op);
    expect(copies('h2d').filter(({ bytes }) => bytes === pixels)).toHaveLength(1);
    const back = copies('d2h').reduce((sum, { bytes }) => sum + bytes, 0);
    // Two boxes of four numbers, two scores, classes and indices, and a count.
    expect(back).toBe(4 * (2 * 4 + 2 + 2 + 2 + 1));
  });

  it('runs more images than the profile takes in pieces', async () => {
    const { session, pipeline } = await open(ROWS, {
      version: 1,
      task: 'embedding',
      pre: PRE,
      post: { kind: 'embedding', normalize: false },
    });
    const many = Array.from({ length: 7 }, (_, index) => pattern(9 + index, 8, index + 1));
    const vectors = await pipeline.run(many);
    expect(pipeline.statistics()).toMatchObject({ calls: 1, inputs: 7, runs: 3 });
    for (const [index, image] of many.entries()) {
      const { out } = await reference(session, [image]);
      expect(vectors[index]).toEqual(out.data);
    }
  });

  it('takes pixels that are on the device', async () => {
    const { pipeline } = await open(ROWS, {
      version: 1,
      task: 'embedding',
      pre: PRE,
      post: { kind: 'embedding' },
    });
    const { data, ...rest } = images[0]!;
    using pixels = await uploadTensor({ type: 'uint8', data, dims: [data.length] });
    const [there] = await pipeline.run([{ ...rest, data: pixels }]);
    const [here] = await pipeline.run([images[0]!]);
    expect(there).toEqual(here);
  });

  it('makes the spectra of sounds on the device', async () => {
    const description: PlanDescription = {
      name: 'sounds',
      inputs: [{ name: 'mels', dims: [-1, 8, 5] }],
      outputs: [{ name: 'out', dims: [-1, 40] }],
      profiles: [{ dims: { mels: { min: [1, 8, 5], opt: [1, 8, 5], max: [2, 8, 5] } } }],
      layers: ['flatten mels out 1'],
    };
    const settings = {
      sampleRate: 8000,
      frameLength: 64,
      hopLength: 32,
      mels: 8,
      signalLength: 128,
    } as const;
    const { pipeline } = await open(description, {
      version: 1,
      task: 'embedding',
      pre: { kind: 'audio', ...settings },
      post: { kind: 'embedding', normalize: false },
    });
    const samples = Float32Array.from({ length: 128 }, (_, index) => Math.sin(index / 3));
    const [vector] = await pipeline.run([{ samples, sampleRate: 8000 }]);
    const mels = await logMel({ type: 'float32', data: samples, dims: [1, 128] }, settings);
    expect(vector).toEqual(mels.data);
  });
});
