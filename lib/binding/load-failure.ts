// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';

/** The reference of errors has a line for each. */
export const ADDON_FAILURE_CAUSES = [
  'platform',
  'musl',
  'glibc-too-old',
  'missing',
  'truncated',
  'wrong-architecture',
  'version',
  'node-too-old',
  'bundled',
  'not-an-addon',
  'permission',
  'missing-library',
  'crashed',
  'other',
] as const;

/** Why the package's .node file could not be loaded: `details.cause` of `ERR_TRT_LOAD_ADDON`. */
export type AddonFailureCause = (typeof ADDON_FAILURE_CAUSES)[number];

/**
 * Where a binary comes from: `TENSORRT_NODE_ADDON`, a build in the package's own folder, or the binary that the package
 * brings.
 */
export type AddonOrigin = 'environment' | 'local-build' | 'prebuilt';

/** A binary to open. */
export interface AddonFile {
  readonly path: string;
  readonly origin: AddonOrigin;
}

/** A place that was looked at and why it gave no addon. */
export interface AddonAttempt {
  path: string;
  reason: string;
}

/** What an `ERR_TRT_LOAD_ADDON` says. */
export interface LoadFailure {
  readonly cause: AddonFailureCause;
  readonly message: string;
  readonly hint: string;
  /** More facts for programs. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The error of a failure. */
export function loadError(
  { cause, message, hint, facts }: LoadFailure,
  tried: readonly AddonAttempt[],
  error?: unknown,
): TensorRTError {
  return new TensorRTError('ERR_TRT_LOAD_ADDON', message, {
    hint,
    details: { cause, ...facts, tried },
    ...(error === undefined ? {} : { cause: error }),
  });
}

const REPLACEMENT_HINTS: Readonly<Record<AddonOrigin, string>> = {
  environment: 'Correct TENSORRT_NODE_ADDON, or unset it to take the binary of the package.',
  'local-build':
    'Run `npm run build` again on this machine, or remove build/ to take the binary of the package.',
  prebuilt:
    'Install tensorrt-node again on this machine; no install script takes part, so --ignore-scripts is fine.',
};

/** How to get another file in place of a bad one. */
export function replacementHint(origin: AddonOrigin): string {
  return REPLACEMENT_HINTS[origin];
}
