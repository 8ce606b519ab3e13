// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

/** Environment variable that names the CUDA driver to open instead of `libcuda.so.1`. */
export const DRIVER_VARIABLE = 'TENSORRT_NODE_DRIVER_LIBRARY';

/**
 * The CUDA driver that was named, for machines whose loader does not find the right one by itself: WSL, CUDA's
 * forward-compatibility packages. Undefined: the system's.
 *
 * @returns An absolute path, or a bare name for the loader's own search.
 */
export function driverLibrary(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env[DRIVER_VARIABLE];
  if (!named) return undefined;
  return named.includes('/') ? resolve(named) : named;
}
