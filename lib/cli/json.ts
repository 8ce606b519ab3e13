// SPDX-License-Identifier: Apache-2.0

/** The text of a JSON document: bigints as numbers where they are safe, typed arrays as arrays, errors by message. */
export function formatJson(value: unknown): string {
  // One number a line would make long lists the most of a document. Line ends do not occur within JSON's strings.
  const text = JSON.stringify(value, replace, 2).replace(NUMBER_LIST, (list) => list.replace(/\s+/g, ''));
  return `${text}\n`;
}

const NUMBER_LIST = /\[\n\s+-?[\d.e+-]+(?:,\n\s+-?[\d.e+-]+)*\n\s*\]/gi;

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (value instanceof Error) return { message: value.message };
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as unknown as ArrayLike<unknown>);
  return value;
}
