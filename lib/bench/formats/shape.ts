// SPDX-License-Identifier: Apache-2.0
// What data of a file must look like before code relies on its type.

/** Tells what is wrong with a value, with the path to it; undefined where nothing is. */
export type Check = (value: unknown, path: string) => string | undefined;

/** A check for each field of a type: a field that is added to the type and not here does not compile. */
export type Fields<T> = { readonly [K in keyof Required<T>]: Check };

function simple(expected: string, isRight: (value: unknown) => boolean): Check {
  return (value, path) => (isRight(value) ? undefined : `${path} ${cameInstead(value)}, not ${expected}`);
}

function cameInstead(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is null';
  if (Array.isArray(value)) return 'is a list';
  return typeof value === 'object' ? 'is an object' : `is ${JSON.stringify(value)}`;
}

/** Any text. */
export const text = simple('a text', (value) => typeof value === 'string');

/** Any finite number. */
export const number = simple('a number', Number.isFinite);

/** A whole number that is not negative. */
export const count = simple(
  'a whole number from 0',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
);

/** True or false. */
export const yesOrNo = simple('true or false', (value) => typeof value === 'boolean');

/** One of some values. */
export function oneOf(...values: readonly (string | number)[]): Check {
  return simple(`one of ${values.join(', ')}`, (value) => values.includes(value as string));
}

/** What may be absent. */
export function optional(check: Check): Check {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

/** What may be null. */
export function nullable(check: Check): Check {
  return (value, path) => (value === null ? undefined : check(value, path));
}

/** A list of one kind of values. */
export function list(check: Check): Check {
  return (value, path) =>
    Array.isArray(value)
      ? first(value.entries(), ([index, entry]) => check(entry, `${path}[${index}]`))
      : `${path} ${cameInstead(value)}, not a list`;
}

/** An object whose values are of one kind, whatever their names. */
export function record(check: Check): Check {
  return (value, path) =>
    isRecord(value)
      ? first(Object.entries(value), ([name, entry]) => check(entry, `${path}.${name}`))
      : `${path} ${cameInstead(value)}, not an object`;
}

/** An object with these fields; others may be there, as later versions write them. */
export function object(fields: Readonly<Record<string, Check>>): Check {
  return (value, path) =>
    isRecord(value)
      ? first(Object.entries(fields), ([name, check]) =>
          check(value[name], path === '' ? name : `${path}.${name}`),
        )
      : `${path} ${cameInstead(value)}, not an object`;
}

/** Whatever it is. */
export const anything: Check = () => undefined;

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function first<T>(values: Iterable<T>, check: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const problem = check(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
