// SPDX-License-Identifier: Apache-2.0
// The trained networks of benchmarks/precision: what reduced precision costs in accuracy. Each is there twice: as
// trained, and as the same function with channels whose ranges differ by up to 1,024 times, where INT8 without
// equalisation falls to chance.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cast } from '../../lib/compress/cast';
import { quantize } from '../../lib/compress/quantize';
import type { OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { buildEngine, createSession, sessionRunner } from '../../lib/index';

const FOLDER = join(__dirname, '../../benchmarks/precision/networks');
const NETWORKS = JSON.parse(readFileSync(join(FOLDER, 'networks.json'), 'utf8')) as Record<
  string,
  { data: string; accuracy: number }
>;
const BATCH = 8;
/** More of them cost more than they save here. */
const ON_ONE_THREAD = { device: 'cpu', intraOpNumThreads: 1 } as const;
/** Enough for ranges here, and the suite has to be quick. */
const CALIBRATION_RUNS = 8;
/** Networks that are quantised with the default settings, which the unequal ones need; one method does for the others. */
const DEFAULT_SETTINGS = /^(cnn|mlp)$|-unequal$/;
/** A convolution with residual additions and a rescaled transformer: what is placed around them differs most. */
const BUILT = ['cnn', 'transformer-pre-unequal'];

describe.each(Object.entries(NETWORKS))('%s', (name, { data, accuracy }) => {
  const path = join(FOLDER, `${name}.onnx`);
  const given = { calibration: calibrationOf(data), runner: sessionRunner(ON_ONE_THREAD) };

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

async function accuracyOf(model: string | Uint8Array, data: string): Promise<number> {
  const inputs = readNpy(`${data}-test.npy`);
  const labels = readNpy(`${data}-labels.npy`).values;
  const session = await createSession(model, ON_ONE_THREAD);
  try {
    const { logits } = await session.run({
      input: { data: Float32Array.from(inputs.values), dims: inputs.dims },
    });
    const scores = logits!.data as Float32Array;
    const classes = scores.length / labels.length;
    const right = Array.from(labels, (label, sample) => {
      const row = scores.subarray(sample * classes, (sample + 1) * classes);
      return row.indexOf(Math.max(...row)) === label ? 1 : 0;
    });
    return right.reduce<number>((sum, one) => sum + one, 0) / labels.length;
  } finally {
    await session.close();
  }
}

function calibrationOf(data: string) {
  const { values, dims } = readNpy(`${data}-calibration.npy`);
  const size = (BATCH * values.length) / dims[0]!;
  return Array.from({ length: CALIBRATION_RUNS }, (_, run) => ({
    input: {
      data: Float32Array.from(values.subarray(run * size, (run + 1) * size)),
      dims: [BATCH, ...dims.slice(1)],
    },
  }));
}

/** What NumPy's `save` wrote: bytes or FP32. */
function readNpy(name: string): { values: Uint8Array | Float32Array; dims: number[] } {
  const bytes = readFileSync(join(FOLDER, name));
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  const dims = [.../'shape': \(([^)]*)\)/.exec(header)![1]!.matchAll(/\d+/g)].map(Number);
  const content = Uint8Array.from(bytes.subarray(start));
  return { values: header.includes("'|u1'") ? content : new Float32Array(content.buffer), dims };
}
