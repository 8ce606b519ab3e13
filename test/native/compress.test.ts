// SPDX-License-Identifier: Apache-2.0
// The search over real models: what it finds is as small and as good as it says.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compress, measureCompression, quantize, type CompressOptions } from '../../lib/compress';
import { sessionRunner, type Feeds } from '../../lib/index';
import { checkOnnxModel } from '../../lib/onnx/check/check-onnx-model';
import { createUniform } from '../../lib/random';
import { makeModel } from '../onnx-builder';
import { temporaryFolder } from '../temporary-folder';
import { accuracyOf, calibrationFeeds, networkPath, ON_ONE_THREAD } from '../trained-networks';

const MINUTES = 5 * 60_000;

const asked = (data: string, runs?: number): CompressOptions<Feeds> => ({
  calibration: calibrationFeeds(data, runs),
  runner: sessionRunner(ON_ONE_THREAD),
});

describe('compress', () => {
  it(
    'finds a quarter of the file within two percent, and says what it has',
    async () => {
      const source = networkPath('cnn');
      const { model, report } = await compress(source, {
        ...asked('digits'),
        steps: ['channels', 'int8', 'fp16'],
        target: { size: 0.25 },
        maxDrop: 0.02,
        trials: 9,
      });
      const { chosen } = report;
      expect(chosen.bytes).toBeLessThanOrEqual(0.25 * report.source.bytes);
      expect(chosen.drop).toBeLessThanOrEqual(0.02);
      expect(report.pareto).toContain(chosen);
      expect(checkOnnxModel(model)).toEqual([]);
      const { after } = await measureCompression(source, model);
      expect(after).toMatchObject({ bytes: chosen.bytes, multiplyAdds: chosen.multiplyAdds });
      const before = await accuracyOf(source, 'digits');
      expect(await accuracyOf(model.toBytes(), 'digits')).toBeGreaterThan(before - 0.03);
    },
    MINUTES,
  );

  it(
    'goes on from its file as if it had not been interrupted',
    async () => {
      const state = join(temporaryFolder(), 'search.json');
      const stop = new AbortController();
      const options = { ...asked('clusters', 8), steps: ['cluster', 'fp16'], maxDrop: 0.05 } as const;
      const interrupted = compress(networkPath('mlp'), {
        ...options,
        state,
        signal: stop.signal,
        onProgress: (step) => step.startsWith('trying fp16 ') && stop.abort(),
      });
      await expect(interrupted).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
      expect(existsSync(state)).toBe(true);
      const steps: string[] = [];
      const resumed = await compress(networkPath('mlp'), {
        ...options,
        state,
        onProgress: (step) => steps.push(step),
      });
      expect(steps.filter((step) => step.startsWith('trying unchanged '))).toEqual([]);
      expect(steps.filter((step) => step.startsWith('trying fp16 '))).toHaveLength(1);
      const whole = await compress(networkPath('mlp'), options);
      expect(resumed.report.trials).toEqual(whole.report.trials);
      expect(resumed.model.toBytes()).toEqual(whole.model.toBytes());
    },
    MINUTES,
  );

  it(
    'offers the closest where the bounds cannot be met',
    async () => {
      const options = { ...asked('clusters', 8), steps: ['fp16'], target: { size: 0.1 } } as const;
      const error = await compress(networkPath('mlp'), options).then(
        () => expect.unreachable('it resolved'),
        (one: unknown) => one,
      );
      expect(error).toMatchObject({ code: 'ERR_TRT_COMPRESS_TARGET' });
      expect((error as Error).message).toMatch(
        /the smallest within the drop is fp16: \d\d\.\d % of the size/,
      );
    },
    MINUTES,
  );

  it('quantises a residual block of which one branch has become narrow', async () => {
    const random = createUniform(3);
    const weights = (name: string, dims: number[]) => ({
      name,
      dims,
      data: Array.from({ length: dims.reduce((all, dim) => all * dim, 1) }, () => random() - 0.5),
    });
    const attributes = { pads: [1, 1, 1, 1] };
    const narrow = makeModel({
      inputs: [{ name: 'x', dims: ['n', 16, 4, 4] }],
      outputs: [{ name: 'y' }],
      initializers: [
        weights('s', [20, 16, 1, 1]),
        weights('a', [13, 16, 3, 3]),
        weights('b', [20, 13, 1, 1]),
        weights('c', [16, 20, 1, 1]),
      ],
      nodes: [
        { op: 'Relu', name: 'in', inputs: ['x'], outputs: ['r'] },
        { op: 'Conv', name: 'shortcut', inputs: ['r', 's'], outputs: ['sr'] },
        { op: 'Conv', name: 'first', inputs: ['r', 'a'], outputs: ['ar'], attributes },
        { op: 'Conv', name: 'second', inputs: ['ar', 'b'], outputs: ['br'] },
        { op: 'Add', name: 'add', inputs: ['br', 'sr'], outputs: ['sum'] },
        { op: 'Conv', name: 'last', inputs: ['sum', 'c'], outputs: ['y'] },
      ],
    });
    const calibration = Array.from({ length: 8 }, () => ({
      x: { data: Float32Array.from({ length: 2 * 16 * 16 }, random), dims: [2, 16, 4, 4] },
    }));
    const { report } = await quantize(narrow, { calibration, runner: sessionRunner(ON_ONE_THREAD) });
    expect(report.quantized.length).toBeGreaterThan(0);
    expect(report.score!.sqnrDb).toBeGreaterThan(20);
  });

  it('refuses to search without data', async () => {
    await expect(compress(networkPath('mlp'), {} as never)).rejects.toMatchObject({
      code: 'ERR_TRT_QUANT_CALIBRATION',
    });
  });
});
