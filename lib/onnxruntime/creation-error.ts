// SPDX-License-Identifier: Apache-2.0
import { shortSuggestion } from '../builder/profile-suggestion';
import { TensorRTError } from '../errors';
import type { ProviderName } from './provider-names';
import { upstreamError } from './upstream-error';

/** Why a provider cannot serve, for a log: with what to write where it only lacks the ranges of dynamic shapes. */
export function reasonOf({ message, code, hint }: TensorRTError, provider: ProviderName): string {
  const reason = `${message} [${code}]`;
  return code === 'ERR_TRT_ARG_PROFILE_MISSING'
    ? `${reason}; pass ${entryWithRanges(provider, hint)}`
    : reason;
}

/** An error of a creation in the words that onnxruntime-node has for it; those that it has not are left as they are. */
export function explainCreation(
  error: unknown,
  source: string | Uint8Array,
  provider: ProviderName,
): unknown {
  if (!(error instanceof TensorRTError)) return error;
  const { code, hint, details, log } = error;
  if (code === 'ERR_TRT_ARG_PROFILE_MISSING') {
    const advice = `Pass ${entryWithRanges(provider, hint)} in executionProviders, and edit the numbers. Add 'cpu' after it to run on the CPU where the GPU cannot.`;
    return new TensorRTError(code, error.message, { hint: advice, details, cause: error });
  }
  if (code !== 'ERR_TRT_LOAD_FILE' && code !== 'ERR_TRT_RUN_MODEL') return error;
  const what = typeof source === 'string' ? `Load model from ${source} failed` : 'Failed to load model';
  const why = source.length === 0 ? 'No graph was found in the protobuf. ' : '';
  return upstreamError('Error', code, `${what}: ${why}${error.message}`, {
    hint,
    details,
    log,
    cause: error,
  });
}

function entryWithRanges(provider: ProviderName, hint: string): string {
  return `{ name: '${provider}', ${shortSuggestion(hint)} }`;
}
