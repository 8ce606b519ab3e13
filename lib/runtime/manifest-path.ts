// SPDX-License-Identifier: Apache-2.0

/** Path of the manifest that belongs to an engine file. */
export function manifestPathOf(enginePath: string): string {
  return `${enginePath}.json`;
}
