// SPDX-License-Identifier: Apache-2.0
// What several sections of a spec check alike.

import { path, typed, valueError } from '../../option-checks';

/** The name of an input or output. */
export function checkName(name: string, value: unknown): void {
  typed('the name of a tensor', (text) => typeof text === 'string')(name, value);
  if (value === '') throw valueError(name, value, 'the name of a tensor');
}

/** A list of names, or the path of a file of them. */
export function checkLabels(name: string, value: unknown): void {
  if (typeof value === 'string') return path(name, value);
  typed('a list of names or the path of a file', isNames)(name, value);
  if ((value as string[]).length === 0) throw valueError(name, value, 'at least one name');
}

/** Whether it is a list of texts. */
export function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
