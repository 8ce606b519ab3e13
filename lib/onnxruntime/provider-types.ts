// SPDX-License-Identifier: Apache-2.0
// Lets the options of the providers be written where onnxruntime-common's types ask for an execution provider.

import type {} from 'onnxruntime-common';

import type { TensorRtOptions } from './tensorrt-options';

declare module 'onnxruntime-common' {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace InferenceSession {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type
    interface TensorRtExecutionProviderOption extends TensorRtOptions {}
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type
    interface CudaExecutionProviderOption extends TensorRtOptions {}
    interface CpuExecutionProviderOption {
      /** Runs at a time. Default: the available cores, at most 4. */
      contexts?: number;
    }
  }
}
