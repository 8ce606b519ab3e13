// SPDX-License-Identifier: Apache-2.0
import type { ElementType } from '../../tensor/element-type';
import type { TensorData } from '../../runtime/tensor';
import { TensorRTError } from '../../errors';
import type { RandomBits } from '../../random';

/**
 * Makes the elements of a tensor. Random floats lie in [-1, 1), random int32 and int64 are 0 or 1 (they are often
 * indices, and those are valid for any table), other integers use their whole range.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for types without numbers to generate.
 */
export function generateData(
  type: ElementType,
  count: number,
  kind: 'random' | 'zeros' | 'ones',
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
  if (kind === 'random')
    for (let index = 0; index < count; index += 1) data[index] = generator.draw(random());
  return data as unknown as TensorData;
}

/**
 * Numbers as the elements of a tensor.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for types without numbers to generate.
 */
export function numbersAsData(type: ElementType, numbers: readonly number[]): TensorData {
  const data = generateData(type, numbers.length, 'zeros', () => 0);
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
}

const signedUnit = (bits: number) => bits / 2 ** 31 - 1;
const floatBits = new Float32Array(1);
const floatWords = new Uint16Array(floatBits.buffer);

/** The upper half of a float32 is the bfloat16 (rounded towards zero); typed arrays are little-endian here. */
function bfloat16Bits(value: number): number {
  floatBits[0] = value;
  return floatWords[1]!;
}

/** A float16 of magnitude 2^-8 to 1: random sign and mantissa, one of eight exponents. */
function float16Bits(bits: number): number {
  return (bits & 0x83ff) | ((7 + ((bits >>> 16) & 7)) << 10);
}

const GENERATORS: Partial<Record<ElementType, Generator>> = {
  float32: { allocate: (count) => new Float32Array(count), one: 1, draw: signedUnit },
  float64: { allocate: (count) => new Float64Array(count), one: 1, draw: signedUnit },
  float16: { allocate: (count) => new Uint16Array(count), one: 0x3c00, draw: float16Bits },
  bfloat16: {
    allocate: (count) => new Uint16Array(count),
    one: 0x3f80,
    draw: (bits) => bfloat16Bits(signedUnit(bits)),
  },
  int8: { allocate: (count) => new Int8Array(count), one: 1, draw: (bits) => bits },
  uint8: { allocate: (count) => new Uint8Array(count), one: 1, draw: (bits) => bits },
  int16: { allocate: (count) => new Int16Array(count), one: 1, draw: (bits) => bits },
  uint16: { allocate: (count) => new Uint16Array(count), one: 1, draw: (bits) => bits },
  int32: { allocate: (count) => new Int32Array(count), one: 1, draw: (bits) => bits & 1 },
  uint32: { allocate: (count) => new Uint32Array(count), one: 1, draw: (bits) => bits & 1 },
  int64: { allocate: (count) => new BigInt64Array(count), one: 1n, draw: (bits) => BigInt(bits & 1) },
  uint64: { allocate: (count) => new BigUint64Array(count), one: 1n, draw: (bits) => BigInt(bits & 1) },
  bool: { allocate: (count) => new Uint8Array(count), one: 1, draw: (bits) => bits & 1 },
};
