// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Pipeline, PipelineOptions } from '../../../../lib/pipeline';
import { runFake } from '../fake-cli';

describe('run --image', () => {
  let folder: string;
  let photo: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'run-pipeline-'));
    photo = join(folder, 'photo.jpg');
    await writeFile(photo, 'pixels');
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A pipeline that gives the same for every input, and what it was asked for. */
  function world(task: string, result: unknown) {
    const asked: { options?: PipelineOptions; inputs?: readonly Uint8Array[]; closed: number } = {
      closed: 0,
    };
    const pipeline = {
      session: { device: 'cpu', backend: 'onnxruntime', fallbackReason: null },
      spec: { task },
      run: (inputs: readonly Uint8Array[]) => {
        asked.inputs = inputs;
        return Promise.resolve(inputs.map(() => result));
      },
      statistics: () => ({ stageMs: { decode: 1, pre: 2, model: 3, post: 4 } }),
      close: () => {
        asked.closed++;
        return Promise.resolve();
      },
    };
    const createPipeline = (_model: string, options: PipelineOptions) => {
      asked.options = options;
      return Promise.resolve(pipeline as unknown as Pipeline);
    };
    return { asked, api: { createPipeline } };
  }

  const BOX = { box: { x: 1, y: 2, width: 3.25, height: 4 }, classId: 7, score: 0.5, label: 'cat' };

  it('prints boxes for people, and passes options on', async () => {
    const { asked, api } = world('detection', [BOX]);
    const line = [
      'run',
      'm.onnx',
      '--image',
      photo,
      '--image',
      photo,
      '--pipeline',
      'p.json',
      '--device',
      'cpu',
      '--threads',
      '2',
    ];
    const { code, stdout } = await runFake(line, { api });
    expect(code).toBe(0);
    expect(stdout).toContain('0.5000  cat  at x 1.0, y 2.0, 3.3 x 4.0');
    expect(asked.options).toEqual({ device: 'cpu', session: { intraOpNumThreads: 2 }, spec: 'p.json' });
    expect(asked.inputs!.map((bytes) => Buffer.from(bytes).toString())).toEqual(['pixels', 'pixels']);
    expect(asked.closed).toBe(1);
  });

  it('prints one JSON document', async () => {
    const { api } = world('embedding', Float32Array.of(1, 0.5));
    const { stdout } = await runFake(['run', 'm.onnx', '--image', photo, '--json'], { api });
    expect(JSON.parse(stdout)).toMatchObject({
      task: 'embedding',
      device: 'cpu',
      results: [{ file: photo, result: [1, 0.5] }],
    });
  });

  it('prints points below what they are of', async () => {
    const points = [
      { x: 1, y: 2.25, score: 0.5, name: 'nose' },
      { x: 3, y: 4 },
    ];
    const { api } = world('keypoints', [{ ...BOX, points }]);
    const { stdout } = await runFake(['run', 'm.onnx', '--image', photo], { api });
    expect(stdout).toContain('cat  at x 1.0, y 2.0');
    expect(stdout).toMatch(/nose {2}0\.5000 {2}at x 1\.0, y 2\.3\n +point 1 {2}at x 3\.0, y 4\.0/);
  });

  it('prints how much of an image each class has, and not each pixel', async () => {
    const classes = [{ classId: 1, label: 'road', pixels: 3, share: 0.75 }];
    const { api } = world('segmentation', {
      width: 2,
      height: 2,
      map: Uint8Array.of(1, 1, 1, 0),
      none: 255,
      classes,
    });
    const line = ['run', 'm.onnx', '--image', photo];
    expect((await runFake(line, { api })).stdout).toContain('75.00 %  road');
    const { stdout } = await runFake([...line, '--json'], { api });
    expect(JSON.parse(stdout)).toMatchObject({ results: [{ result: { width: 2, height: 2, classes } }] });
    expect(stdout).not.toContain('"map"');
  });

  it('prints how many pixels a thing has', async () => {
    const mask = { x: 1, y: 2, width: 2, height: 2, data: Uint8Array.of(1, 1, 0, 1) };
    const { api } = world('instance-segmentation', [{ ...BOX, mask }]);
    const line = ['run', 'm.onnx', '--image', photo];
    expect((await runFake(line, { api })).stdout).toContain('3.3 x 4.0, 3 pixels');
    expect(JSON.parse((await runFake([...line, '--json'], { api })).stdout)).toMatchObject({
      results: [{ result: [{ mask: { x: 1, y: 2, width: 2, height: 2, pixels: 3 } }] }],
    });
  });

  it('says that nothing was found', async () => {
    const { api } = world('classification', []);
    expect((await runFake(['run', 'm.onnx', '--image', photo], { api })).stdout).toContain('nothing');
  });

  it.each([
    [['--pipeline', 'p.json'], '--pipeline needs files'],
    [['--image', 'a.jpg', '--audio', 'b.wav'], 'not both'],
    [['--image', 'a.jpg', '--input', 'x=zeros'], '--input is for a run without a pipeline'],
    [['--image', 'a.jpg', '--seed', '1'], '--seed is for a run without a pipeline'],
  ])('refuses %j', async (words, text) => {
    const { code, stderr } = await runFake(['run', 'm.onnx', ...words]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(text);
  });

  it('says which file cannot be read', async () => {
    const { code, stderr } = await runFake(['run', 'm.onnx', '--image', join(folder, 'none.jpg')]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('none.jpg');
  });
});
