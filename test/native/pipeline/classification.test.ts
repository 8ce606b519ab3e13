// SPDX-License-Identifier: Apache-2.0
// Pipelines that name what is in an image, over a real model on the CPU.
import { describe, expect, it } from 'vitest';

import { createSession } from '../../../lib/index';
import { preprocessImages, softmax } from '../../../lib/ops';
import { createPipeline, type ClassificationSpec } from '../../../lib/pipeline';
import { COLOUR_LABELS, COLOUR_WEIGHTS, colourModel, encode, pattern, plain } from '../../pipeline-models';

const RED = [255, 0, 0] as const;
const GREEN = [0, 255, 0] as const;
const BLUE = [0, 0, 255] as const;

function spec(
  post: Partial<ClassificationSpec['post']> = {},
  pre: Partial<ClassificationSpec['pre']> = {},
): ClassificationSpec {
  return {
    version: 1,
    task: 'classification',
    pre: { kind: 'image', ...pre },
    post: { kind: 'classification', labels: COLOUR_LABELS, ...post },
  };
}

/** The scores of one colour by hand. */
function scoresOf(colour: readonly number[]): number[] {
  const logits = COLOUR_WEIGHTS.map((row) =>
    row.reduce((sum: number, weight, channel) => sum + weight * (colour[channel]! / 255), 0),
  );
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  return logits.map((logit) => Math.exp(logit) / sum);
}

describe('classification', () => {
  it('names the colour of pixels, with the scores computed by hand', async () => {
    await using pipeline = await createPipeline(colourModel(), { spec: spec(), device: 'cpu' });
    const [red, green] = await pipeline.run([plain(RED), plain(GREEN, 31, 7)]);
    expect(red!.map(({ label }) => label)).toEqual(['red', 'bright', 'green', 'blue']);
    expect(red!.map(({ classId }) => classId)).toEqual([0, 3, 1, 2]);
    const expected = scoresOf(RED);
    for (const { classId, score } of red!) expect(score).toBeCloseTo(expected[classId]!, 5);
    expect(green![0]!.label).toBe('green');
  });

  it('gives the same for a file as for its pixels', async () => {
    await using pipeline = await createPipeline(colourModel(), { spec: spec(), device: 'cpu' });
    const image = pattern(37, 23);
    const [raw] = await pipeline.run([image]);
    for (const format of ['png', 'webp'] as const) {
      const [decoded] = await pipeline.run([await encode(image, format)]);
      expect(decoded).toEqual(raw);
    }
    const [jpeg] = await pipeline.run([await encode(plain(BLUE, 40, 30), 'jpeg')]);
    expect(jpeg![0]!.label).toBe('blue');
  });

  it('equals the operators and the session called one after the other', async () => {
    const settings = {
      size: 8,
      fit: 'contain',
      filter: 'bicubic',
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.3, 0.4],
    } as const;
    const images = [pattern(50, 20), pattern(9, 80, 3), pattern(8, 8, 5)];
    await using pipeline = await createPipeline(colourModel(), {
      spec: spec({ topK: 4 }, settings),
      device: 'cpu',
    });
    const results = await pipeline.run(images);

    await using session = await createSession(colourModel(), { device: 'cpu' });
    const { tensor } = await preprocessImages(images, settings);
    const { logits } = await session.run({ images: tensor });
    const { data } = await softmax(logits!);
    results.forEach((result, row) => {
      for (const { classId, score } of result) expect(score).toBe((data as Float32Array)[row * 4 + classId]);
    });
  });
});
