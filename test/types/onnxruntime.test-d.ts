// SPDX-License-Identifier: Apache-2.0
// The drop-in has the types of onnxruntime-node, both ways: what is written for one compiles for the other. Nothing here
// runs: `npm run check -- types` compiles it.
import type * as upstream from 'onnxruntime-node';
import { expectTypeOf } from 'vitest';

import * as dropIn from '../../lib/onnxruntime';

type Upstream = typeof upstream;
type DropIn = typeof dropIn;

expectTypeOf<DropIn>().toExtend<Upstream>();
expectTypeOf<Pick<DropIn, keyof Upstream>>().toExtend<Upstream>();
expectTypeOf<Upstream>().toExtend<Pick<DropIn, keyof Upstream>>();

expectTypeOf<dropIn.InferenceSession>().toExtend<upstream.InferenceSession>();
expectTypeOf<upstream.InferenceSession>().toExtend<dropIn.InferenceSession>();
expectTypeOf<dropIn.Tensor>().toExtend<upstream.Tensor>();
expectTypeOf<upstream.Tensor>().toExtend<dropIn.Tensor>();
expectTypeOf<dropIn.Backend>().toExtend<upstream.Backend>();
expectTypeOf<upstream.Backend>().toExtend<dropIn.Backend>();
expectTypeOf<dropIn.Env>().toExtend<upstream.Env>();
expectTypeOf<upstream.Env>().toExtend<dropIn.Env>();
expectTypeOf<dropIn.OnnxValue>().toExtend<upstream.OnnxValue>();
expectTypeOf<upstream.OnnxValue>().toExtend<dropIn.OnnxValue>();

expectTypeOf<dropIn.InferenceSession.SessionOptions>().toEqualTypeOf<upstream.InferenceSession.SessionOptions>();
expectTypeOf<dropIn.InferenceSession.RunOptions>().toEqualTypeOf<upstream.InferenceSession.RunOptions>();
expectTypeOf<dropIn.InferenceSession.FeedsType>().toEqualTypeOf<upstream.InferenceSession.FeedsType>();
expectTypeOf<dropIn.InferenceSession.FetchesType>().toEqualTypeOf<upstream.InferenceSession.FetchesType>();
expectTypeOf<dropIn.InferenceSession.ReturnType>().toEqualTypeOf<upstream.InferenceSession.ReturnType>();
expectTypeOf<dropIn.InferenceSession.ValueMetadata>().toEqualTypeOf<upstream.InferenceSession.ValueMetadata>();
expectTypeOf(dropIn.listSupportedBackends).toEqualTypeOf<Upstream['listSupportedBackends']>();

// The options of the providers are known where they are written.
const providers = [
  { name: 'tensorrt', engineCache: 'engines', precision: 'fp16', dynamicAxes: { batch: [1, 8, 32] } },
  { name: 'cuda', deviceId: 1, fallback: 'never' },
  { name: 'cpu', contexts: 2 },
] as const satisfies dropIn.InferenceSession.SessionOptions['executionProviders'];
expectTypeOf(providers).not.toBeAny();
expectTypeOf(dropIn.sessionInfo).returns.toHaveProperty('fallbackReason').toEqualTypeOf<string | null>();
