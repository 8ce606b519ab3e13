// SPDX-License-Identifier: Apache-2.0
// Pipelines that find things and make vectors, over real models on the CPU, against the numbers done by hand.
import { describe, expect, it } from 'vitest';

import { logMel } from '../../../lib/ops';
import {
  createPipeline,
  type DetectionPost,
  type DetectionSpec,
  type EmbeddingSpec,
} from '../../../lib/pipeline';
import { makeModel } from '../../onnx-builder';
import { headModel, pattern, plain, tokensModel } from '../../pipeline-models';

const RED = [255, 0, 0] as const;

function detect(nms: DetectionPost['nms'] = {}, pre: Partial<DetectionSpec['pre']> = {}): DetectionSpec {
  return {
    version: 1,
    task: 'detection',
    pre: { kind: 'image', ...pre },
    post: { kind: 'detection', decode: { form: 'center' }, nms, labels: ['cat', 'dog'] },
  };
}

describe('detection', () => {
  it('gives boxes in pixels of the original image, without those that overlap a better one', async () => {
    await using pipeline = await createPipeline(headModel(), { spec: detect(), device: 'cpu' });
    const [found] = await pipeline.run([plain(RED, 160, 80)]);
    // 16 x 16 pixels of the model over 160 x 80: ten and five times as large.
    expect(found!.map(({ label, classId }) => [label, classId])).toEqual([
      ['cat', 0],
      ['dog', 1],
    ]);
    const [cat, dog] = found!;
    expect(cat!.score).toBeCloseTo(0.9, 5);
    expect(cat!.box).toEqual({ x: 20, y: 10, width: 40, height: 20 });
    expect(dog!.score).toBeCloseTo(0.7, 5);
    expect(dog!.box).toEqual({ x: 90, y: 50, width: 60, height: 20 });
  });

  it('gets back from a letterbox, and cuts boxes at the border', async () => {
    const spec = detect({}, { fit: 'contain', fill: [255, 0, 0] });
    await using pipeline = await createPipeline(headModel(), { spec, device: 'cpu' });
    const [found] = await pipeline.run([plain(RED, 32, 16)]);
    // Two pixels of the image for each of the model, four rows of which are above it.
    expect(found!.map(({ box }) => box)).toEqual([
      { x: 4, y: 0, width: 8, height: 4 },
      { x: 18, y: 12, width: 12, height: 4 },
    ]);
  });

  it('takes thresholds, and gives nothing where nothing is', async () => {
    await using all = await createPipeline(headModel(), {
      spec: detect({ scoreThreshold: 0.05, iouThreshold: 1, multiLabel: true }),
      device: 'cpu',
    });
    const [every, none] = await all.run([plain(RED, 16, 16), plain([0, 0, 255], 16, 16)]);
    expect(every!.map(({ score }) => Math.round(score * 10))).toEqual([9, 8, 7, 2, 2, 1, 1, 1]);
    expect(none).toEqual([]);
  });

  it('keeps each image of a batch with its own size', async () => {
    await using pipeline = await createPipeline(headModel(4), { spec: detect(), device: 'cpu' });
    const found = await pipeline.run([plain(RED, 16, 16), plain(RED, 32, 32), plain(RED, 48, 16)]);
    expect(found.map((image) => image[0]!.box)).toEqual([
      { x: 2, y: 2, width: 4, height: 4 },
      { x: 4, y: 4, width: 8, height: 8 },
      { x: 6, y: 2, width: 12, height: 4 },
    ]);
    expect(pipeline.statistics()).toMatchObject({ calls: 1, inputs: 3, runs: 1 });
  });
});

describe('embedding', () => {
  const embed = (post: Partial<EmbeddingSpec['post']>): EmbeddingSpec => ({
    version: 1,
    task: 'embedding',
    pre: { kind: 'image', scale: 1 },
    post: { kind: 'embedding', ...post },
  });
  const image = pattern(2, 2, 5);
  const mean = [0, 1, 2].map(
    (channel) => [0, 1, 2, 3].reduce((sum, pixel) => sum + image.data[pixel * 3 + channel]!, 0) / 4,
  );

  it('pools and normalises', async () => {
    await using plainMean = await createPipeline(tokensModel(), {
      spec: embed({ pool: 'mean', normalize: false }),
      device: 'cpu',
    });
    expect([...(await plainMean.run([image]))[0]!]).toEqual(mean);
    await using unit = await createPipeline(tokensModel(), { spec: embed({ pool: 'mean' }), device: 'cpu' });
    const [vector] = await unit.run([image]);
    const length = Math.hypot(...mean);
    vector!.forEach((value, index) => expect(value).toBeCloseTo(mean[index]! / length, 6));
    await using first = await createPipeline(tokensModel(), {
      spec: embed({ pool: 'first', normalize: false }),
      device: 'cpu',
    });
    expect([...(await first.run([image, image]))[1]!]).toEqual([...image.data.subarray(0, 3)]);
  });
});

describe('tensors and sounds', () => {
  it("gives the model's outputs for each image, and how to get back to it", async () => {
    await using pipeline = await createPipeline(tokensModel(), {
      spec: { version: 1, task: 'tensors', pre: { kind: 'image', scale: 1 }, post: { kind: 'tensors' } },
      device: 'cpu',
    });
    const images = [pattern(2, 2, 3), pattern(2, 2, 5)];
    const results = await pipeline.run(images);
    results.forEach(({ tensors, transform }, index) => {
      expect(tensors.tokens!.dims).toEqual([4, 3]);
      expect([...(tensors.tokens!.data as Float32Array)]).toEqual([...images[index]!.data]);
      expect(transform).toMatchObject({ scaleX: 1, scaleY: 1, width: 2, height: 2 });
    });
  });

  const SETTINGS = { sampleRate: 8000, frameLength: 64, hopLength: 32, mels: 4, signalLength: 64 } as const;
  const soundModel = makeModel({
    inputs: [{ name: 'mels', dims: ['n', 1, 4, 3] }],
    outputs: [{ name: 'logits', dims: ['n', 12] }],
    nodes: [{ op: 'Flatten', inputs: ['mels'], outputs: ['logits'] }],
  });
  const wave = (length: number) => Float32Array.from({ length }, (_, index) => Math.sin(index / 5) / 2);

  /** A WAV of 16 bits, one channel. */
  function wav(samples: Int16Array, sampleRate = 8000): Buffer {
    const head = Buffer.alloc(44);
    head.write('RIFF');
    head.writeUInt32LE(36 + samples.byteLength, 4);
    head.write('WAVEfmt ', 8);
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20);
    head.writeUInt16LE(1, 22);
    head.writeUInt32LE(sampleRate, 24);
    head.writeUInt32LE(sampleRate * 2, 28);
    head.writeUInt16LE(2, 32);
    head.writeUInt16LE(16, 34);
    head.write('data', 36);
    head.writeUInt32LE(samples.byteLength, 40);
    return Buffer.concat([head, Buffer.from(samples.buffer)]);
  }

  async function openSounds() {
    return createPipeline(soundModel, {
      spec: {
        version: 1,
        task: 'audio-classification',
        pre: { kind: 'audio', ...SETTINGS },
        post: { kind: 'classification', activation: 'none', topK: 12 },
      },
      device: 'cpu',
    });
  }

  it('hears what logMel() gives, whatever the length', async () => {
    await using pipeline = await openSounds();
    const sounds = [50, 64, 900].map((length) => ({ samples: wave(length), sampleRate: 8000 }));
    const results = await pipeline.run(sounds);
    for (const [index, { samples }] of sounds.entries()) {
      const { data } = await logMel({ type: 'float32', data: samples, dims: [samples.length] }, SETTINGS);
      for (const { classId, score } of results[index]!) expect(score).toBe(data[classId]);
    }
  });

  it('reads WAV files and whole numbers alike', async () => {
    await using pipeline = await openSounds();
    const samples = Int16Array.from(wave(64), (value) => value * 32768);
    const [file, memory] = await pipeline.run([wav(samples), { samples, sampleRate: 8000 }]);
    expect(file).toEqual(memory);
  });

  it('refuses sounds that do not fit', async () => {
    await using pipeline = await openSounds();
    const samples = new Int16Array(64);
    for (const wrong of [{ samples, sampleRate: 16000 }, wav(samples, 44100), wav(samples).subarray(0, 60)]) {
      await expect(pipeline.run([{ samples, sampleRate: 8000 }, wrong])).rejects.toMatchObject({
        code: 'ERR_TRT_ARG_VALUE',
        details: { index: 1 },
      });
    }
    await expect(pipeline.run([{ samples: [1, 2], sampleRate: 8000 } as never])).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_TYPE',
    });
  });
});
