// SPDX-License-Identifier: Apache-2.0
/**
 * `onnxruntime-node` on the sessions of this package: the same interface, runs that leave the event loop free, and
 * TensorRT with its options as an execution provider.
 *
 * Importing this loads onnxruntime-common and opens no native library.
 *
 * @packageDocumentation
 */
import * as common from 'onnxruntime-common';

import './provider-types';
import { announceVersions } from './versions';
import { registerBackends } from './register-backend';

export * from 'onnxruntime-common';
export { InferenceSession } from './inference-session';
export { listSupportedBackends } from './list-supported-backends';
export type { SupportedBackend } from './list-supported-backends';
export { sessionInfo } from './session-info';
export type { SessionInfo } from './session-info';
export { register } from './registration';
export type { RegisterOptions } from './registration';
export type { Fallback, TensorRtOptions } from './tensorrt-options';

registerBackends(common);
announceVersions(common.env.versions);
