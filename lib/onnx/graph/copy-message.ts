// SPDX-License-Identifier: Apache-2.0

/** Copies the objects and lists of a message; bytes, in memory or lazy, are shared. */
export function copyMessage<T>(value: T): T {
  if (Array.isArray(value)) return copyList(value) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, copyMessage(one as unknown)]),
  ) as T;
}

function copyList(list: readonly unknown[]): unknown[] {
  // Lists of a million numbers have nothing in them to copy.
  return typeof list[0] === 'object' ? list.map(copyMessage) : list.slice();
}
