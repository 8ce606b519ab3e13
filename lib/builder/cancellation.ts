// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';

/** The error of a build that its signal stopped; `cause` is the signal's reason. */
export function cancelledError(signal: AbortSignal): TensorRTError {
  return new TensorRTError('ERR_TRT_BUILD_CANCELLED', 'The build was cancelled.', { cause: signal.reason });
}

/** Throws if the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelledError(signal);
}

/** Resolves after `ms`; rejects at once when the signal fires. */
export function cancellableDelay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    throwIfCancelled(signal);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(cancelledError(signal!));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
