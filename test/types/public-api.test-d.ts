// SPDX-License-Identifier: Apache-2.0
// What a caller's compiler must know. Nothing here runs: `npm run check -- types` compiles it.
import { expectTypeOf } from 'vitest';
import {
  buildEngine,
  createSession,
  deviceMemory,
  loadEngine,
  probe,
  uploadTensor,
  type DeviceTensor,
  type Engine,
  type EngineProfile,
  type IoBinding,
  type ProbeReport,
  type Session,
  type SessionStatistics,
  type Tensor,
  type TensorData,
  type TensorRTError,
  type TensorRTErrorCode,
} from '../../lib/index';

expectTypeOf(buildEngine).parameter(0).toEqualTypeOf<string | Uint8Array>();
expectTypeOf(buildEngine).returns.resolves.toEqualTypeOf<Engine>();
expectTypeOf(loadEngine).returns.resolves.toEqualTypeOf<Engine>();
expectTypeOf(probe).returns.resolves.toEqualTypeOf<ProbeReport>();
expectTypeOf(createSession).returns.resolves.toEqualTypeOf<Session>();
expectTypeOf(createSession).parameter(0).toEqualTypeOf<Engine | string | Uint8Array>();

declare const session: Session;
declare const images: Float32Array;
declare const onDevice: DeviceTensor;

// Where outputs are follows from the options.
expectTypeOf(session.run({ images })).resolves.toEqualTypeOf<Record<string, Tensor>>();
expectTypeOf(session.run({ images }, { outputs: ['y'] })).resolves.toEqualTypeOf<Record<string, Tensor>>();
expectTypeOf(session.run({ images: onDevice }, { deviceOutputs: true })).resolves.toEqualTypeOf<
  Record<string, DeviceTensor>
>();
expectTypeOf(session.runSync({ images }, { deviceOutputs: ['y'] })).toEqualTypeOf<
  Record<string, Tensor | DeviceTensor>
>();
expectTypeOf(session.createBinding()).resolves.toEqualTypeOf<IoBinding>();
expectTypeOf(
  session.createBinding({ images: [1, 3] }, { inputs: { images: onDevice } }),
).resolves.toEqualTypeOf<IoBinding>();
expectTypeOf(session.createBinding({}, { deviceOutputs: ['y'] })).resolves.toEqualTypeOf<
  IoBinding<DeviceTensor>
>();
expectTypeOf<IoBinding['outputs']>().toEqualTypeOf<Readonly<Record<string, TensorData>>>();
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
