// SPDX-License-Identifier: Apache-2.0
import type { Family } from '../binding/contract';

/** Names of the families in messages. */
export const FAMILY_NAMES: Readonly<Record<Family, string>> = {
  'tensorrt-10': 'TensorRT 10',
  'tensorrt-11': 'TensorRT 11',
  'tensorrt-rtx': 'TensorRT-RTX',
};

/** True for a string that names one of the three families. */
export function isFamily(value: unknown): value is Family {
  return typeof value === 'string' && Object.hasOwn(FAMILY_NAMES, value);
}

/**
 * `getInferLibVersion()` as text: 10701 is TensorRT-RTX 1.7.1, 110201 TensorRT 11.2.1, 8601 TensorRT 8.6.1 (up to
 * 9.x the major version was counted in thousands).
 */
export function formatLibraryVersion(version: number): string {
  if (version < 10000) return join(version / 1000, (version % 1000) / 100, version % 100);
  return join(version / 10000, (version % 10000) / 100, version % 100);
}

function join(...parts: number[]): string {
  return parts.map((part) => Math.trunc(part)).join('.');
}

/** Product of a library version: below 10000 TensorRT up to 9, up to 99999 TensorRT-RTX 1.x to 9.x, above TensorRT. */
export function productOf(version: number): 'TensorRT' | 'TensorRT-RTX' {
  return version >= 10000 && version < 100000 ? 'TensorRT-RTX' : 'TensorRT';
}

/** True if both versions have the same major, minor and patch number; a fourth number is ignored. */
export function isSameRelease(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => text.split('.').slice(0, 3).join('.'));
  return left === right;
}

/** Negative, zero or positive as `a` is older than, the same release as, or newer than `b`. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A CUDA driver version as text: 13000 is 13.0. */
export function formatCudaVersion(version: number): string {
  return `${Math.trunc(version / 1000)}.${Math.trunc((version % 1000) / 10)}`;
}
