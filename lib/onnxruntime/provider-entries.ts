// SPDX-License-Identifier: Apache-2.0
// The option `executionProviders` as far as names go. Read before a backend is chosen, so it must load next to nothing.

import type { TensorRTError } from '../errors';
import { describeType } from '../option-checks';
import { didYouMean } from '../text/nearest-name';
import { isProviderName, plainName, PROVIDER_NAMES } from './provider-names';
import { upstreamError } from './upstream-error';

/**
 * The entries of the option; none if it is left out, or null, which onnxruntime-common takes for that.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`
 */
export function readEntries(entries: unknown): readonly unknown[] {
  if (entries === undefined || entries === null) return [];
  if (Array.isArray(entries)) return entries;
  throw upstreamError(
    'TypeError',
    'ERR_TRT_ARG_TYPE',
    `Invalid argument: sessionOptions.executionProviders must be an array, not ${describeType(entries)}.`,
  );
}

/**
 * The name of an entry.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE` for an entry that has none.
 */
export function entryName(entry: unknown, index: number): string {
  const name = typeof entry === 'string' ? entry : (entry as { name?: unknown } | null | undefined)?.name;
  if (typeof name === 'string') return plainName(name);
  throw upstreamError(
    'TypeError',
    'ERR_TRT_ARG_TYPE',
    `Invalid argument: sessionOptions.executionProviders[${index}] must be either a string or an object with property 'name', not ${describeType(entry)}.`,
  );
}

/** The error of providers of which none is available. */
export function unknownProviderError(names: readonly string[], cause?: unknown): TensorRTError {
  const wrong = names.find((name) => !isProviderName(name)) ?? '';
  return upstreamError(
    'Error',
    'ERR_TRT_ARG_VALUE',
    `Invalid argument: sessionOptions.executionProviders names no backend that is available: ${names.join(', ')}.${didYouMean(wrong, PROVIDER_NAMES)}`,
    {
      hint: `tensorrt-node serves ${PROVIDER_NAMES.map((name) => `'${name}'`).join(', ')}.`,
      details: { received: names, expected: PROVIDER_NAMES },
      cause,
    },
  );
}
