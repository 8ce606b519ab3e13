// SPDX-License-Identifier: Apache-2.0
// Checks of a manifest, field by field: a manifest is a file that anybody may have edited, and what it says decides
// which buffers are allocated.

import { TensorRTError } from '../errors';
import { ELEMENT_TYPES } from '../tensor/element-type';
import { isFamily } from './library-version';

type Check = (value: unknown, field: string) => void;

/** Throws `ERR_TRT_LOAD_MANIFEST_INVALID` naming the first field of `value` that a manifest cannot have so. */
export function validateManifest(value: unknown, name: string): void {
  try {
    MANIFEST(value, '');
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    const where = error.field === '' ? name : `${name}: field "${error.field}"`;
    throw new TensorRTError(
      'ERR_TRT_LOAD_MANIFEST_INVALID',
      `${where} must be ${error.expected}, but is ${describe(error.received)}.`,
      {
        details: {
          source: name,
          field: error.field,
          expected: error.expected,
          received: describe(error.received),
        },
      },
    );
  }
}

class FieldError extends Error {
  constructor(
    readonly field: string,
    readonly expected: string,
    readonly received: unknown,
  ) {
    super(field);
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function check(expected: string, isRight: (value: unknown) => boolean): Check {
  return (value, field) => {
    if (!isRight(value)) throw new FieldError(field, expected, value);
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fields(checks: Readonly<Record<string, Check>>): Check {
  return (value, field) => {
    if (!isObject(value)) throw new FieldError(field, 'an object', value);
    for (const [key, verify] of Object.entries(checks))
      verify(value[key], field === '' ? key : `${field}.${key}`);
  };
}

function listOf(item: Check): Check {
  return (value, field) => {
    if (!Array.isArray(value)) throw new FieldError(field, 'an array', value);
    value.forEach((element, index) => item(element, `${field}[${index}]`));
  };
}

function recordOf(item: Check): Check {
  return (value, field) => {
    if (!isObject(value)) throw new FieldError(field, 'an object', value);
    for (const [key, element] of Object.entries(value)) item(element, `${field}.${key}`);
  };
}

function nullOr(inner: Check): Check {
  return (value, field) => {
    if (value !== null) inner(value, field);
  };
}

const TEXT = check('a string', (value) => typeof value === 'string');
const NAME = check('a non-empty string', (value) => typeof value === 'string' && value !== '');
const COUNT = check(
  'a whole number of at least 0',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
const INTEGER = check('a whole number', (value) => Number.isSafeInteger(value));
const DURATION = check('a number of at least 0', (value) => Number.isFinite(value) && (value as number) >= 0);
const SHA256 = check('a SHA-256 of 64 hexadecimal digits', (value) => /^[0-9a-f]{64}$/.test(String(value)));
const VERSION = check(
  'a version like 10.16.1',
  (value) => typeof value === 'string' && /^\d+(\.\d+){1,3}$/.test(value),
);
const DIMENSION = check(
  'a size of at least 0, -1, or the name of a symbol',
  (value) =>
    (Number.isSafeInteger(value) && (value as number) >= -1) || (typeof value === 'string' && value !== ''),
);
const ELEMENT_TYPE = check(`one of ${ELEMENT_TYPES.join(', ')}`, (value) =>
  (ELEMENT_TYPES as readonly unknown[]).includes(value),
);
const OPTIONAL_FLAG = check(
  'true, false or absent',
  (value) => value === undefined || typeof value === 'boolean',
);

const FILE = { sha256: SHA256, bytes: COUNT };
const TENSOR = fields({
  name: NAME,
  type: ELEMENT_TYPE,
  dims: listOf(DIMENSION),
  isShapeTensor: OPTIONAL_FLAG,
});

const RANGE_LISTS = { min: listOf(INTEGER), opt: listOf(INTEGER), max: listOf(INTEGER) };
const RANGE: Check = (value, field) => {
  const isOfValues = isObject(value) && value.values !== undefined;
  const [range, name] = isOfValues ? [value.values, `${field}.values`] : [value, field];
  fields(RANGE_LISTS)(range, name);
  const { min, opt, max } = range as { min: number[]; opt: number[]; max: number[] };
  if (min.length !== opt.length || opt.length !== max.length)
    throw new FieldError(name, 'three lists of the same length', range);
  const isRising = min.every((low, index) => low <= opt[index]! && opt[index]! <= max[index]!);
  if (!isRising) throw new FieldError(name, 'a range with min <= opt <= max', range);
};

/** The rest of it is for `createPipeline()`, which knows what it means. */
const PIPELINE: Check = (value, field) => {
  if (value !== undefined) fields({ version: COUNT, task: NAME })(value, field);
};

const MANIFEST = fields({
  formatVersion: check('1', (value) => value === 1),
  createdBy: NAME,
  family: check('"tensorrt-10", "tensorrt-11" or "tensorrt-rtx"', isFamily),
  version: VERSION,
  computeCapabilities: listOf(COUNT),
  gpu: nullOr(fields({ name: TEXT, computeCapability: COUNT })),
  driver: nullOr(TEXT),
  options: recordOf(() => undefined),
  model: fields({ ...FILE, externalFiles: listOf(fields({ name: NAME, ...FILE })) }),
  plan: fields(FILE),
  profiles: listOf(recordOf(RANGE)),
  inputs: listOf(TENSOR),
  outputs: listOf(TENSOR),
  pipeline: PIPELINE,
  precision: recordOf(COUNT),
  layers: COUNT,
  parseMs: DURATION,
  buildMs: DURATION,
  warnings: listOf(TEXT),
});
