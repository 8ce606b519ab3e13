// SPDX-License-Identifier: Apache-2.0
import type { InferenceSession } from 'onnxruntime-common';

import { TensorRTError } from '../errors';
import { describeType } from '../option-checks';
import type { BackendName } from '../runtime/backend';
import type { ProviderName } from './provider-names';

/** Where a session of the drop-in runs. */
export interface SessionInfo {
  /** `'cpu'` or `'cuda:N'`. */
  readonly device: string;
  /** The library that runs the model. */
  readonly backend: BackendName;
  /** The execution provider that serves. */
  readonly provider: ProviderName;
  /** Why an execution provider that was named earlier does not; null if the first one serves. */
  readonly fallbackReason: string | null;
}

// By the handler: the sessions around it may be of any copy of onnxruntime-common.
const known = new WeakMap<object, SessionInfo>();

/** Keeps what there is to know about a handler's session. */
export function rememberSession(handler: object, info: SessionInfo): void {
  known.set(handler, Object.freeze(info));
}

/**
 * Tells where a session runs, and why it is not the first execution provider that serves.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE` for anything but an `InferenceSession` that this package runs.
 * @example
 * ```ts
 * const session = await InferenceSession.create('model.onnx', { executionProviders: ['tensorrt', 'cpu'] });
 * console.log(sessionInfo(session).device, sessionInfo(session).fallbackReason);
 * ```
 */
export function sessionInfo(session: InferenceSession): SessionInfo {
  const handler = (session as { handler?: unknown } | null | undefined)?.handler;
  const info = typeof handler === 'object' && handler !== null ? known.get(handler) : undefined;
  if (info) return info;
  const came = handler === undefined ? describeType(session) : 'one that another package runs';
  throw new TensorRTError(
    'ERR_TRT_ARG_TYPE',
    `sessionInfo() takes an InferenceSession that tensorrt-node runs, not ${came}.`,
    { hint: 'Create it with InferenceSession.create() of tensorrt-node/onnxruntime.' },
  );
}
