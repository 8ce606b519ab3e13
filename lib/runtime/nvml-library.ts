// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

/** Environment variable that names the NVML library to open instead of `libnvidia-ml.so.1`. */
export const NVML_VARIABLE = 'TENSORRT_NODE_NVML_LIBRARY';

/**
 * The NVML library that was named, for machines whose loader does not find the right one by itself. Undefined: the
 * system's.
 *
 * @returns An absolute path, or a bare name for the loader's own search.
 */
export function nvmlLibrary(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env[NVML_VARIABLE];
  if (!named) return undefined;
  return named.includes('/') ? resolve(named) : named;
}
