// SPDX-License-Identifier: Apache-2.0
// What a caller's compiler must know. Nothing here runs: `npm run check -- types` compiles it.
import { expectTypeOf } from 'vitest';
import {
  buildEngine,
  createSession,
  deviceMemory,
  loadEngine,
  monitorGpu,
  probe,
  uploadTensor,
  type DeviceTensor,
  type Engine,
  type EngineProfile,
  type GpuMonitor,
  type GpuReadings,
  type IoBinding,
  type OnnxRuntimeOptions,
  type ProbeReport,
  type RunOptions,
  type Session,
  type SessionOptions,
  type SessionStatistics,
  type Tensor,
  type TensorData,
  type TensorLike,
  type TensorRTError,
  type TensorRTErrorCode,
} from '../../lib/index';

expectTypeOf(buildEngine).parameter(0).toEqualTypeOf<string | Uint8Array>();
expectTypeOf(buildEngine).returns.resolves.toEqualTypeOf<Engine>();
expectTypeOf(loadEngine).returns.resolves.toEqualTypeOf<Engine>();
expectTypeOf(monitorGpu).returns.resolves.toEqualTypeOf<GpuMonitor>();
expectTypeOf<GpuMonitor['stop']>().returns.resolves.toEqualTypeOf<GpuReadings>();
expectTypeOf(probe).returns.resolves.toEqualTypeOf<ProbeReport>();
expectTypeOf(createSession).returns.resolves.toEqualTypeOf<Session>();
expectTypeOf(createSession).parameter(0).toEqualTypeOf<Engine | string | Uint8Array>();

declare const session: Session;
declare const images: Float32Array;
declare const onDevice: DeviceTensor;

// Where outputs are follows from the options.
expectTypeOf(session.run({ images })).resolves.toEqualTypeOf<Record<string, Tensor>>();
expectTypeOf(session.run({ images }, { outputs: ['y'] })).resolves.toEqualTypeOf<Record<string, Tensor>>();
expectTypeOf(session.run({ images }, { deviceOutputs: false })).resolves.toEqualTypeOf<
  Record<string, Tensor>
>();
expectTypeOf(session.run({ images: onDevice }, { deviceOutputs: true })).resolves.toEqualTypeOf<
  Record<string, DeviceTensor>
>();
const mixed = session.runSync({ images }, { deviceOutputs: ['y'] });
expectTypeOf(mixed.y).toEqualTypeOf<DeviceTensor>();
expectTypeOf(mixed.z).toEqualTypeOf<Tensor | undefined>();
declare const names: string[];
expectTypeOf(session.runSync({ images }, { deviceOutputs: names })).toEqualTypeOf<
  Record<string, Tensor | DeviceTensor>
>();
declare const options: RunOptions;
expectTypeOf(session.runSync({ images }, options)['y']).toEqualTypeOf<Tensor | DeviceTensor | undefined>();
expectTypeOf(session.createBinding()).resolves.toEqualTypeOf<IoBinding>();
expectTypeOf(
  session.createBinding({ images: [1, 3] }, { inputs: { images: onDevice } }),
).resolves.toEqualTypeOf<IoBinding>();

/** Outputs by name, as callers write them down. */
async function run(): Promise<Record<string, Tensor>> {
  const outputs: Record<string, Tensor> = await session.run({ images });
  return outputs;
}
expectTypeOf(run).returns.resolves.toEqualTypeOf<Record<string, Tensor>>();

/** As in the guides: no array is named, and none has to be cast. */
async function guides(pixels: Float32Array, first: Session, second: Session, use: (data: unknown) => void) {
  const { logits } = await session.run({ images: { data: pixels, dims: [8, 3, 224, 224] } });
  const numbers: Float32Array = logits!.data;
  const ids: BigInt64Array = logits!.data;
  console.log(logits!.dims, logits!.data, numbers[0], ids[0], logits!.data[0]);

  await using io = await session.createBinding({ images: [8, 3, 224, 224] });
  io.inputs.images.set(pixels);
  io.inputs.images.fill(0);
  await io.run();
  use(io.outputs.logits);
  const bound: Float32Array = io.outputs.logits;

  const { features } = await first.run({ images }, { deviceOutputs: ['features'] });
  const { classes } = await second.run({ features });
  features.close();

  const kept = await first.createBinding({}, { inputs: { images: onDevice }, deviceOutputs: ['features'] });
  await second.run({ features: kept.outputs.features });
  kept.outputs.features.close();
  kept.outputs.others.fill(0);
  const all = await first.createBinding({}, { deviceOutputs: true });
  expectTypeOf(all.outputs).toEqualTypeOf<{ readonly [name: string]: DeviceTensor }>();
  return [classes, bound];
}
expectTypeOf(guides).returns.resolves.toBeArray();

/** Arrays that are named are known to the compiler. */
async function named() {
  const { logits } = await session.run<{ logits: Float32Array }>({ images });
  expectTypeOf(logits).toEqualTypeOf<Tensor<Float32Array>>();
  const io = await session.createBinding<{ images: Float32Array }, { classes: BigInt64Array }>();
  expectTypeOf(io.inputs).toEqualTypeOf<{ readonly images: Float32Array }>();
  expectTypeOf(io.outputs.classes).toEqualTypeOf<BigInt64Array>();
  // @ts-expect-error an output that was not named
  expectTypeOf(io.outputs.logits);
}
expectTypeOf(named).returns.resolves.toBeVoid();

/** Strings go in as arrays and come out as arrays. */
async function strings(words: readonly string[]) {
  const { labels } = await session.run<{ labels: string[] }>({ words });
  expectTypeOf(labels).toEqualTypeOf<Tensor<string[]>>();
  const { y } = await session.run({ x: labels, z: { type: 'string', data: words, dims: [2] } });
  const texts: string[] = y!.data;
  // @ts-expect-error numbers are no strings
  await session.run({ words: [1, 2] });
  return texts;
}
expectTypeOf(strings).returns.resolves.toEqualTypeOf<string[]>();
expectTypeOf<TensorLike['data']>().toEqualTypeOf<TensorData>();
expectTypeOf<SessionOptions['onnxRuntime']>().toEqualTypeOf<OnnxRuntimeOptions | undefined>();

expectTypeOf(session.profiles).toEqualTypeOf<readonly EngineProfile[] | undefined>();
expectTypeOf(session.statistics()).toEqualTypeOf<SessionStatistics>();
expectTypeOf(uploadTensor).returns.resolves.toEqualTypeOf<DeviceTensor>();
expectTypeOf<DeviceTensor>().toExtend<Disposable>();
expectTypeOf(deviceMemory).returns.resolves.toEqualTypeOf<{
  readonly freeBytes: number;
  readonly totalBytes: number;
}>();
expectTypeOf<Session>().toExtend<AsyncDisposable>();
expectTypeOf<Tensor['dims']>().toEqualTypeOf<readonly number[]>();

expectTypeOf<TensorRTError['code']>().toEqualTypeOf<TensorRTErrorCode>();
expectTypeOf<'ERR_TRT_BUILD_CANCELLED'>().toExtend<TensorRTErrorCode>();
expectTypeOf<'ERR_TRT_NO_SUCH_CODE'>().not.toExtend<TensorRTErrorCode>();

// @ts-expect-error a misspelled option is refused by the compiler as well as at run time
void buildEngine('model.onnx', { precison: 'fp16' });
// @ts-expect-error a device has one of three forms
void createSession('model.onnx', { device: 'gpu' });
// @ts-expect-error nested arrays are no tensors
void createSession('model.onnx').then((session) => session.run({ images: [[1, 2]] }));
