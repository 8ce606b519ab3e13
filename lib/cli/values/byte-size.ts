// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../args/usage-error';

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
};

/**
 * Reads a size like `512MiB`, `1GiB`, `2GB` or `4096` in bytes. Single letters are the binary units, as trtexec has
 * them.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for anything else, and for more than 2^53 bytes.
 */
export function parseByteSize(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]i?b?|b)?$/i.exec(text.trim());
  const bytes =
    match === null ? NaN : Math.round(Number(match[1]) * BYTES_PER_UNIT[(match[2] ?? 'b').toLowerCase()]!);
  if (!Number.isSafeInteger(bytes)) {
    throw usageError(
      `${option} expects a size, but got '${text}'.`,
      `Write for example ${option} 512MiB or ${option} 1GiB.`,
    );
  }
  return bytes;
}
