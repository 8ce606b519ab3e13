// SPDX-License-Identifier: Apache-2.0
// The trained networks of benchmarks/precision: what reduced precision costs in accuracy. Each is there twice: as
// trained, and as the same function with channels whose ranges differ by up to 1,024 times, where INT8 without
// equalisation falls to chance.
import { describe, expect, test } from 'vitest';
import { cast } from '../../lib/compress/cast';
import { quantize } from '../../lib/compress/quantize';
import type { OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { buildEngine, sessionRunner } from '../../lib/index';
import {
  accuracyOf,
  BATCH,
  calibrationFeeds,
  networkPath,
  ON_ONE_THREAD,
  TRAINED_NETWORKS,
} from '../trained-networks';

/** Enough for ranges here, and the suite has to be quick. */
const CALIBRATION_RUNS = 8;
/** Networks that are quantised with the default settings, which the unequal ones need; one method does for the others. */
const DEFAULT_SETTINGS = /^(cnn|mlp)$|-unequal$/;
/** A convolution with residual additions and a rescaled transformer: what is placed around them differs most. */
const BUILT = ['cnn', 'transformer-pre-unequal'];

describe.each(Object.entries(TRAINED_NETWORKS))('%s', (name, { data, accuracy }) => {
  const path = networkPath(name);
  const given = {
    calibration: calibrationFeeds(data, CALIBRATION_RUNS),
    runner: sessionRunner(ON_ONE_THREAD),
  };

  test('has the accuracy that was recorded when it was trained', async () => {
    expect(await accuracyOf(path, data)).toBeCloseTo(accuracy, 3);
  });

  test('stays within 0.1 points in FP16', async () => {
    const { model } = await cast(path, { ...given, to: 'fp16' });
    expect(await accuracyOf(model.toBytes(), data)).toBeGreaterThanOrEqual(accuracy - 0.001);
  });

  const settings = DEFAULT_SETTINGS.test(name) ? {} : ({ method: 'mse', equalize: 'off' } as const);
  test(`stays within 0.5 points in INT8 with ${JSON.stringify(settings)}`, async () => {
    const { model, report } = await quantize(path, { ...given, ...settings });
    expect(report.quantized.length).toBeGreaterThan(1);
    expect(await accuracyOf(model.toBytes(), data)).toBeGreaterThanOrEqual(accuracy - 0.005);
    if (BUILT.includes(name)) expect(await int8NodesOfEngine(model)).toBe(report.quantized.length);
  });
});

/** Builds with TensorRT-RTX. @returns what the engine's manifest counts */
async function int8NodesOfEngine(model: OnnxModel): Promise<number> {
  const engine = await buildEngine(model.toBytes(), {
    runtime: 'tensorrt-rtx',
    isolation: 'thread',
    dynamicAxes: { batch: [1, BATCH, BATCH] },
  });
  return engine.manifest!.precision.int8 ?? 0;
}
