// SPDX-License-Identifier: Apache-2.0
// buildEngine() rewrites FP32 models to the precision that was asked for: real TensorRT-RTX, real ONNX Runtime.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildEngine, type BuildOptions, type Feeds, type Manifest } from '../../lib/index';
import { externalModel } from '../onnx-models';
import { noise, residualModel } from '../precision-models';
import { rejection, temporaryFolder } from '../temporary-folder';

const images = (seed: number): Feeds => ({ images: { data: noise(4 * 768, 1, seed), dims: [4, 3, 16, 16] } });
const calibration = Array.from({ length: 8 }, (_, index) => images(index + 1));
const common: BuildOptions = {
  runtime: 'tensorrt-rtx',
  isolation: 'thread',
  dynamicAxes: { batch: [1, 4, 8] },
};

function manifestOf(path: string): Manifest {
  return JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Manifest;
}

describe('buildEngine with a precision', () => {
  it('quantises, keeps what it found beside the engine, and uses it again', async () => {
    const folder = temporaryFolder();
    const model = join(folder, 'm.onnx');
    writeFileSync(model, residualModel());
    const outputPath = join(folder, 'm.engine');
    const build = async (data: readonly Feeds[]) => {
      await buildEngine(model, { ...common, precision: 'int8', calibration: data, outputPath });
      return manifestOf(outputPath);
    };
    const first = await build(calibration);
    expect(first.precision.int8).toBeGreaterThan(2);
    expect(first.rewrite).toMatchObject({
      precision: 'int8',
      rest: 'fp32',
      calibration: { runs: 8, reused: false },
    });
    expect(first.rewrite!.calibration!.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(first.rewrite!.score!.sqnrDb).toBeGreaterThan(25);
    expect(first.model.bytes).toBe(residualModel().length);
    expect(existsSync(`${outputPath}.calibration.json`)).toBe(true);

    const second = await build(calibration);
    expect(second.rewrite!.calibration!.reused).toBe(true);
    expect(second.plan.sha256).toBe(first.plan.sha256);
    expect(second.rewrite!.score).toEqual(first.rewrite!.score);

    const other = await build(calibration.slice(1));
    expect(other.rewrite!.calibration).toMatchObject({ runs: 7, reused: false });
  });

  it('takes a finished engine from the cache without calibrating', async () => {
    const cacheDir = temporaryFolder();
    const build = () => buildEngine(residualModel(), { ...common, precision: 'int8', calibration, cacheDir });
    expect((await build()).report().cached).toBe(false);
    const again = await build();
    expect(again.report().cached).toBe(true);
    expect(again.manifest!.rewrite!.precision).toBe('int8');
  });

  it.each([
    ['fp16', 'float16'],
    ['bf16', 'bfloat16'],
    ['fp8', 'float8e4m3'],
  ] as const)('builds in %s from an FP32 model', async (precision, type) => {
    const data = precision === 'bf16' ? {} : { calibration };
    const engine = await buildEngine(residualModel(), { ...common, precision, ...data });
    expect(engine.report().precision![type]).toBeGreaterThan(0);
    expect(engine.inputs[0]!.type).toBe('float32');
  });

  it('keeps a bound, with the rest in FP16', async () => {
    const engine = await buildEngine(residualModel(), {
      ...common,
      precision: 'int8',
      calibration,
      maxDrop: 0.5,
      quantization: { rest: 'fp16', method: 'max', equalize: 'off' },
    });
    const { rewrite, precision } = engine.manifest!;
    expect(rewrite).toMatchObject({ rest: 'fp16', method: 'max', equalization: null });
    expect(precision.int8).toBeGreaterThan(0);
  });

  it('reads weights that were given in memory', async () => {
    const weights = new Uint8Array(Float32Array.from({ length: 16 }, (_, i) => i / 16).buffer);
    const engine = await buildEngine(externalModel(), {
      runtime: 'tensorrt-rtx',
      isolation: 'thread',
      precision: 'fp16',
      externalData: { 'weights.bin': weights },
    });
    expect(engine.report().precision).toEqual({ float16: 1 });
  });

  it('asks for data, and starts from FP32 alone', async () => {
    expect(await rejection(buildEngine(residualModel(), { ...common, precision: 'int8' }))).toMatchObject({
      code: 'ERR_TRT_QUANT_CALIBRATION',
    });
    const half = await buildEngine(residualModel(), { ...common, precision: 'fp16' });
    expect(half.report().precision!.float16).toBeGreaterThan(0);
    const broken = join(temporaryFolder(), 'm.engine');
    writeFileSync(`${broken}.calibration.json`, '{');
    const build = buildEngine(residualModel(), {
      ...common,
      precision: 'int8',
      calibration,
      outputPath: broken,
    });
    expect(await rejection(build)).toMatchObject({ code: 'ERR_TRT_QUANT_CACHE' });
  });
});
