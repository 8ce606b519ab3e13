// SPDX-License-Identifier: Apache-2.0
// trtexec's way to write something per input: `images:1x3x224x224,ids:1x128`. Names with ':' or ',' are quoted:
// `'Input:0':1x3`. The part before the last ':' outside quotes is the name.

import { usageError } from '../args/usage-error';

/** Numbers per input name: dimensions, or the values of shape tensors. */
export type NamedLists = Readonly<Record<string, readonly number[]>>;

/**
 * Reads shapes: `images:1x3x224x224,ids:1x128`; `name:scalar` for an input without dimensions.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseShapes(text: string, option: string): NamedLists {
  return parseNamedLists(text, option, 'images:1x3x224x224', 0);
}

/**
 * Reads values of shape tensors: `size:640x480`, or `size:1` for one value.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseShapeValues(text: string, option: string): NamedLists {
  return parseNamedLists(text, option, 'size:640x480', -Number.MAX_SAFE_INTEGER);
}

/**
 * Reads one shape: `1x3x224x224`, or `scalar`.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseDims(text: string, option: string, lowest = 0): readonly number[] {
  if (text === 'scalar') return [];
  const dims = text.split('x').map((part) => (/^-?\d+$/.test(part) ? Number(part) : NaN));
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= lowest)) {
    throw usageError(
      `${option}: '${text}' is no shape.`,
      "Write the dimensions with an x between them: 1x3x224x224, or 'scalar'.",
    );
  }
  return dims;
}

function parseNamedLists(text: string, option: string, example: string, lowest: number): NamedLists {
  const lists: Record<string, readonly number[]> = Object.create(null) as Record<string, readonly number[]>;
  for (const entry of splitOutsideQuotes(text, ',')) {
    const parts = splitOutsideQuotes(entry, ':');
    const name = unquote(parts.slice(0, -1).join(':').trim());
    if (parts.length < 2 || name === '') {
      throw usageError(
        `${option} expects 'name:dimensions', but got '${entry}'.`,
        `Write for example ${option} ${example}`,
      );
    }
    if (parts.length > 2) {
      throw usageError(
        `${option}: the name in '${entry}' holds a ':' and must be quoted.`,
        `Write ${option} "'${name}':${parts.at(-1)}"`,
      );
    }
    if (name in lists) throw usageError(`${option} names '${name}' twice.`);
    lists[name] = parseDims(parts.at(-1)!.trim(), option, lowest);
  }
  return { ...lists };
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts = [''];
  let quote = '';
  for (const character of text) {
    if (quote === '' && character === separator) {
      parts.push('');
      continue;
    }
    if (character === quote) quote = '';
    else if (quote === '' && (character === "'" || character === '"')) quote = character;
    parts.push(parts.pop()! + character);
  }
  return parts;
}

function unquote(text: string): string {
  const match = /^(['"])(.*)\1$/s.exec(text);
  return match === null ? text : match[2]!;
}

/**
 * Joins the values of an option that was given several times.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` if two of them name the same input.
 */
export function mergeNamedLists(lists: readonly NamedLists[], option: string): NamedLists {
  const merged: Record<string, readonly number[]> = {};
  for (const [name, numbers] of lists.flatMap((list) => Object.entries(list))) {
    if (Object.hasOwn(merged, name)) throw usageError(`${option} names '${name}' twice.`);
    merged[name] = numbers;
  }
  return merged;
}
