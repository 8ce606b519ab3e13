// SPDX-License-Identifier: Apache-2.0
import type { ElementType } from '../../tensor/element-type';
import { numberToBfloat16, numberToFloat16 } from '../../tensor/half';
import type { TensorData } from '../../runtime/tensor';
import { TensorRTError } from '../../errors';
import type { RandomBits } from '../../random';
import { usageError } from '../args/usage-error';
import type { NumberRange } from './input-source';

/** What to fill a tensor with. */
export interface Filling {
  readonly kind: 'random' | 'zeros' | 'ones';
  /** Bounds of random numbers. */
  readonly range?: NumberRange | undefined;
}

/**
 * Makes the elements of a tensor. Without a range random floats lie in [-1, 1), random int32 and int64 are 0 or 1 (they
 * are often indices, and those are valid for any table), other integers use their whole range.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for types without numbers to generate, and ranges that the type lacks.
 */
export function generateData(
  type: ElementType,
  count: number,
  { kind, range }: Filling,
  random: RandomBits,
): TensorData {
  const generator = GENERATORS[type];
  if (generator === undefined) {
    throw new TensorRTError(
      'ERR_TRT_ARG_USAGE',
      `No ${kind} data can be made for elements of type ${type}.`,
      {
        hint: 'Give the input as a file: --input name=@file.npy',
      },
    );
  }
  const data = generator.allocate(count) as unknown as {
    fill(value: unknown): unknown;
    [index: number]: unknown;
  };
  if (kind === 'ones') data.fill(generator.one);
  if (kind === 'random') {
    const draw = range === undefined ? generator.draw : drawFrom(range, type, generator);
    for (let index = 0; index < count; index += 1) data[index] = draw(random());
  }
  return data as unknown as TensorData;
}

/**
 * Numbers as the elements of a tensor.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for types without numbers to generate.
 */
export function numbersAsData(type: ElementType, numbers: readonly number[]): TensorData {
  const data = generateData(type, numbers.length, { kind: 'zeros' }, () => 0);
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  numbers.forEach((value, index) => {
    (data as unknown as unknown[])[index] = isBig ? BigInt(value) : value;
  });
  return data;
}

interface Generator {
  readonly allocate: (count: number) => ArrayBufferView;
  readonly one: unknown;
  readonly draw: (bits: number) => unknown;
  /** The element of a number. */
  readonly encode: (value: number) => unknown;
  /** Lowest and highest number, both whole, of types that have whole numbers alone. */
  readonly whole?: readonly [number, number];
}

function drawFrom(
  { low, high }: NumberRange,
  type: ElementType,
  { encode, whole }: Generator,
): (bits: number) => unknown {
  if (whole === undefined) return (bits) => encode(low + ((high - low) * bits) / 2 ** 32);
  const first = Math.ceil(low);
  const count = Math.floor(high) - first + 1;
  if (count < 1 || first < whole[0] || first + count - 1 > whole[1]) {
    throw usageError(
      `The range ${low}..${high} has no numbers for elements of type ${type}, or too many.`,
      `Numbers of type ${type} are whole, from ${whole[0]} to ${whole[1]}.`,
      { type, low, high },
    );
  }
  return (bits) => encode(first + Math.floor((count * bits) / 2 ** 32));
}

const signedUnit = (bits: number) => bits / 2 ** 31 - 1;
const asIs = (value: number) => value;

const floatBits = new Float32Array(1);
const floatWords = new Uint16Array(floatBits.buffer);

/** Rounded towards zero, so that 1 itself does not occur; typed arrays are little-endian here. */
function bfloat16Bits(value: number): number {
  floatBits[0] = value;
  return floatWords[1]!;
}

/** A float16 of magnitude 2^-8 to 1: random sign and mantissa, one of eight exponents. */
function float16Bits(bits: number): number {
  return (bits & 0x83ff) | ((7 + ((bits >>> 16) & 7)) << 10);
}

const signed = (bits: number): [number, number] => [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
const unsigned = (bits: number): [number, number] => [0, 2 ** bits - 1];
/** Numbers on a command line are doubles: beyond 2^53 they are not whole any more. */
const SAFE = Number.MAX_SAFE_INTEGER;

const integer = (
  allocate: (count: number) => ArrayBufferView,
  whole: readonly [number, number],
  draw: (bits: number) => number = asIs,
): Generator => ({ allocate, one: 1, draw, encode: asIs, whole });

const long = (allocate: (count: number) => ArrayBufferView, whole: readonly [number, number]): Generator => ({
  allocate,
  one: 1n,
  draw: (bits) => BigInt(bits & 1),
  encode: BigInt,
  whole,
});

const oneBit = (bits: number) => bits & 1;

const GENERATORS: Partial<Record<ElementType, Generator>> = {
  float32: { allocate: (count) => new Float32Array(count), one: 1, draw: signedUnit, encode: asIs },
  float64: { allocate: (count) => new Float64Array(count), one: 1, draw: signedUnit, encode: asIs },
  float16: {
    allocate: (count) => new Uint16Array(count),
    one: 0x3c00,
    draw: float16Bits,
    encode: numberToFloat16,
  },
  bfloat16: {
    allocate: (count) => new Uint16Array(count),
    one: 0x3f80,
    draw: (bits) => bfloat16Bits(signedUnit(bits)),
    encode: numberToBfloat16,
  },
  int8: integer((count) => new Int8Array(count), signed(8)),
  uint8: integer((count) => new Uint8Array(count), unsigned(8)),
  int16: integer((count) => new Int16Array(count), signed(16)),
  uint16: integer((count) => new Uint16Array(count), unsigned(16)),
  int32: integer((count) => new Int32Array(count), signed(32), oneBit),
  uint32: integer((count) => new Uint32Array(count), unsigned(32), oneBit),
  int64: long((count) => new BigInt64Array(count), [-SAFE, SAFE]),
  uint64: long((count) => new BigUint64Array(count), [0, SAFE]),
  bool: integer((count) => new Uint8Array(count), [0, 1], oneBit),
};
