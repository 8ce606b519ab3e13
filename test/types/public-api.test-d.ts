// SPDX-License-Identifier: Apache-2.0
// What a caller's compiler must know. Nothing here runs: `npm run check -- types` compiles it.
import { expectTypeOf } from 'vitest';
import {
  buildEngine,
  createSession,
  loadEngine,
  probe,
  type Engine,
  type IoBinding,
  type ProbeReport,
  type Session,
  type Tensor,
  type TensorRTError,
  type TensorRTErrorCode,
} from '../../lib/index';

expectTypeOf(buildEngine).parameter(0).toEqualTypeOf<string | Uint8Array>();
expectTypeOf(buildEngine).returns.resolves.toEqualTypeOf<Engine>();
expectTypeOf(loadEngine).returns.resolves.toEqualTypeOf<Engine>();
expectTypeOf(probe).returns.resolves.toEqualTypeOf<ProbeReport>();
expectTypeOf(createSession).returns.resolves.toEqualTypeOf<Session>();
expectTypeOf(createSession).parameter(0).toEqualTypeOf<Engine | string | Uint8Array>();

expectTypeOf<Session['run']>().returns.resolves.toEqualTypeOf<Record<string, Tensor>>();
expectTypeOf<Session['createBinding']>().returns.resolves.toEqualTypeOf<IoBinding>();
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
