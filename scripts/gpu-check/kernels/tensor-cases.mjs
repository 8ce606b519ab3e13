// SPDX-License-Identifier: Apache-2.0
import { anyBits, floats, floatsWithExtremes, integers } from './inputs.mjs';
import { largeCase, operatorCase } from './operator-case.mjs';

const TYPES = [
  ...['float32', 'float16', 'bfloat16', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32'],
  ...['int64', 'uint64', 'bool', 'float8e4m3', 'float8e5m2'],
];

const conversions = TYPES.flatMap((from) =>
  TYPES.map((type) =>
    operatorCase('convert', () => [anyBits(from, [5, 53], 7)], [{ type }], { note: `${from} to ${type}` }),
  ),
);

const ROW = [7, 65];
const channels = ROW[1];
const scales = Array.from({ length: channels }, (_, index) => 0.01 * (index + 1));
const zeroPoints = scales.map((_, index) => index % 5);

const quantized = ['float32', 'float16', 'bfloat16'].flatMap((float) =>
  ['int8', 'uint8'].flatMap((integer) => [
    operatorCase('quantizeLinear', () => [floats(float, ROW)], [{ scale: 0.03, type: integer }]),
    operatorCase('quantizeLinear', () => [floats(float, ROW)], [
      { scale: scales, zeroPoint: zeroPoints, type: integer },
    ]),
    operatorCase('dequantizeLinear', () => [anyBits(integer, ROW, 3)], [{ scale: 0.03, type: float }]),
    operatorCase('dequantizeLinear', () => [anyBits(integer, ROW, 3)], [
      { scale: scales, zeroPoint: zeroPoints, type: float },
    ]),
  ]),
);

/** Types of one, two, four and eight bytes. */
const WIDTHS = ['uint8', 'float16', 'float32', 'int64'];
const moved = WIDTHS.flatMap((type) => {
  const x = (dims) => () => [anyBits(type, dims, 5)];
  const note = type;
  return [
    operatorCase('transpose', x([33, 65, 3]), [[2, 0, 1]], { note }),
    operatorCase('transpose', x([4, 9, 16]), [[1, 0, 2]], { note }),
    operatorCase('transpose', x([70, 131]), [[1, 0]], { note }),
    operatorCase('pad', x([2, 7, 13]), [{ pads: [0, 1, 2, 1, 3, 0], value: 1 }], { note }),
    operatorCase('pad', x([7, 13]), [{ pads: [3, 4, 2, 12], mode: 'reflect' }], { note }),
    operatorCase('pad', x([7, 16]), [{ pads: [3, 16, 2, 16], mode: 'edge' }], { note }),
    operatorCase('concatenate', () => [anyBits(type, [3, 5], 1), anyBits(type, [2, 5], 2)], [], { note }),
    operatorCase('concatenate', () => [anyBits(type, [9, 5], 1), anyBits(type, [9, 12], 2)], [{ axis: 1 }], {
      note,
    }),
    operatorCase('split', x([9, 11]), [[2, 7]], { note }),
    operatorCase('split', x([9, 16]), [[8, 1, 7], { axis: 1 }], { note }),
    operatorCase(
      'gatherRows',
      () => [anyBits(type, [50, 7], 1), integers('int32', [3, 20], { end: 50 })],
      [],
      { note },
    ),
    operatorCase('gatherRows', () => [anyBits(type, [50, 16], 1), integers('int64', [40], { end: 50 })], [], {
      note,
    }),
  ];
});

const MILLIONS = [4099, 4097];

export const tensorCases = [
  ...conversions,
  operatorCase('convert', () => [floatsWithExtremes([301])], [{ type: 'int8', scale: 31, zeroPoint: -4 }], {
    note: 'scaled',
  }),
  operatorCase('convert', () => [floatsWithExtremes([1])], [{ type: 'float16' }], { note: 'one element' }),
  operatorCase('quantizeLinear', () => [floatsWithExtremes(ROW)], [{ scale: 0.03 }], { note: 'extremes' }),
  ...quantized,
  ...moved,
  largeCase('convert', () => [anyBits('float32', MILLIONS, 1)], [{ type: 'float16' }]),
  largeCase('convert', () => [anyBits('float32', MILLIONS, 1)], [{ type: 'uint8' }], 'large, to uint8'),
  largeCase('convert', () => [anyBits('int64', MILLIONS, 1)], [{ type: 'float32' }], 'large, of int64'),
  largeCase('quantizeLinear', () => [floats('float32', MILLIONS, { range: 9 })], [{ scale: 0.05 }]),
  largeCase('dequantizeLinear', () => [anyBits('int8', MILLIONS, 1)], [{ scale: 0.05, type: 'float16' }]),
  largeCase('transpose', () => [anyBits('uint8', [8, 1080, 1920, 3], 1)], [[0, 3, 1, 2]]),
  largeCase('transpose', () => [anyBits('float32', MILLIONS, 1)], [[1, 0]], 'large, of two axes'),
  largeCase('pad', () => [anyBits('float16', MILLIONS, 1)], [{ pads: [5, 7, 11, 13], mode: 'reflect' }]),
  largeCase('concatenate', () => [anyBits('uint8', MILLIONS, 1), anyBits('uint8', [17, MILLIONS[1]], 2)]),
  largeCase('split', () => [anyBits('uint8', MILLIONS, 1)], [[4000, 97], { axis: 1 }]),
  largeCase('gatherRows', () => [
    anyBits('float32', [5000, 1024], 1),
    integers('int64', [20_000], { end: 5000 }),
  ]),
];
