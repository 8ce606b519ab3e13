// SPDX-License-Identifier: Apache-2.0
// The published schemas of benchmark documents as checks, made from the types as `npm run docs` makes them.
import { Ajv, type ValidateFunction } from 'ajv';
import { benchSchemas } from '../scripts/bench-schemas.mjs';

/** Names of the published files. */
export type SchemaFile = 'bench-result.schema.json' | 'bench-comparison.schema.json';

/** Seconds of work: make them once in a file of tests. */
export function compileSchemas(): Map<SchemaFile, ValidateFunction> {
  const ajv = new Ajv({ allowUnionTypes: true });
  const texts = benchSchemas() as Map<SchemaFile, string>;
  return new Map([...texts].map(([file, text]) => [file, ajv.compile(JSON.parse(text) as object)]));
}

/** A document as somebody reads it from a file. */
export function asRead(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document));
}

/** Paths of numbers that JSON has no word for, and of values that it leaves out. */
export function lostInJson(value: unknown, path = '$'): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${path}: ${value}`];
  if (typeof value !== 'object' || value === null) {
    return ['string', 'boolean'].includes(typeof value) || value === null ? [] : [`${path}: ${typeof value}`];
  }
  if (ArrayBuffer.isView(value)) return [`${path}: ${value.constructor.name}`];
  return Object.entries(value).flatMap(([name, inner]) => lostInJson(inner, `${path}.${name}`));
}
