// SPDX-License-Identifier: Apache-2.0
// Kernels whose rate is measured, each with work that moves the bytes that native/ops/kernel-bytes.json says, or `share`
// times as many where those are more, or fewer, than a measurement wants.
import { anyBits, floats, pixels } from './inputs.mjs';
import { operatorCase } from './operator-case.mjs';

const COUNT = [67_108_864];
const SHORT = { bf16: 'bfloat16', f16: 'float16', f32: 'float32', i8: 'int8', u8: 'uint8' };
const FLOATS = ['bf16', 'f16', 'f32'];
const INTEGERS = ['i8', 'u8'];

const make = (type, dims) =>
  FLOATS.some((one) => SHORT[one] === type) ? floats(type, dims) : anyBits(type, dims, 1);
const rate = (kernel, operator, { type, dims, args, share = 1 }) => ({
  kernel,
  share,
  ...operatorCase(operator, () => [make(type, dims)], args),
});

const pairs = (from, to) =>
  from.flatMap((one) => to.filter((other) => other !== one).map((other) => [one, other]));

const conversions = [...pairs(FLOATS, FLOATS), ...pairs(FLOATS, INTEGERS), ...pairs(INTEGERS, FLOATS)]
  .filter(([from, to]) => from !== to)
  .map(([from, to]) =>
    rate(`convert_${from}_${to}`, 'convert', { type: SHORT[from], dims: COUNT, args: [{ type: SHORT[to] }] }),
  );

const quantized = pairs(['f16', 'bf16', 'f32'], INTEGERS).flatMap(([float, integer]) => [
  rate(`quantize_${float}_${integer}`, 'quantizeLinear', {
    type: SHORT[float],
    dims: COUNT,
    args: [{ scale: 0.03, type: SHORT[integer] }],
  }),
  rate(`dequantize_${integer}_${float}`, 'dequantizeLinear', {
    type: SHORT[integer],
    dims: COUNT,
    args: [{ scale: 0.03, type: SHORT[float] }],
  }),
]);

const HWC = [1080, 1920, 3];
const toChannelsFirst = (batch) => ({ dims: [batch, ...HWC], args: [[0, 3, 1, 2]] });
const moved = [
  rate('transpose_tile_w1', 'transpose', { type: 'uint8', ...toChannelsFirst(32) }),
  rate('transpose_tile_w2', 'transpose', { type: 'float16', ...toChannelsFirst(16), share: 1 / 2 }),
  rate('transpose_tile_w4', 'transpose', { type: 'float32', ...toChannelsFirst(8), share: 1 / 4 }),
  rate('transpose_gather_w16', 'transpose', { type: 'float32', dims: [256, 256, 1024], args: [[1, 0, 2]] }),
  rate('pad_w16', 'pad', {
    type: 'float32',
    dims: [16, 1000, 4000],
    args: [{ pads: [0, 12, 48, 0, 12, 48] }],
    share: 1 / 4,
  }),
  rate('copy_rows_w16', 'concatenate', { type: 'float32', dims: COUNT, args: [] }),
];

const gathered = {
  kernel: 'gather_rows_w16',
  share: 1,
  ...operatorCase('gatherRows', () => {
    const rows = 65_536;
    // Each row once, in an order that is no order: a cache does not help.
    const order = BigInt64Array.from({ length: rows }, (_, index) => BigInt((index * 40_503) % rows));
    return [floats('float32', [rows, 1024]), { type: 'int64', dims: [rows], data: order }];
  }),
};

/** One image is over before a GPU has begun. */
const IMAGES = 64;
const images = Array.from({ length: IMAGES }, () => ({ width: 1920, height: 1080, format: 'rgb' }));
const preprocessed = ['f32', 'f16', 'bf16', 'u8', 'i8'].map((type) => ({
  kernel: `preprocess_${type}`,
  share: IMAGES,
  ...operatorCase('preprocessImages', () => images.map((image, index) => pixels(image, index + 1)), [
    images,
    { size: 640, fit: 'contain', fill: 114, filter: 'area', type: SHORT[type] },
  ]),
}));

export const rateCases = [
  ...preprocessed,
  ...conversions,
  rate('convert_any', 'convert', { type: 'int64', dims: COUNT, args: [{ type: 'float32' }] }),
  ...quantized,
  ...moved,
  gathered,
];
