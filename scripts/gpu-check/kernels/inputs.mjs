// SPDX-License-Identifier: Apache-2.0
// Inputs of the operators, the same ones from the same seed.

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  float8e4m3: Uint8Array,
  float8e5m2: Uint8Array,
};

const elements = (dims) => dims.reduce((count, dim) => count * dim, 1);

/** Fills memory with bits that a seed decides (xorshift32): hundreds of megabytes take a second. */
function fillWithBits(array, seed) {
  const bytes = array.byteLength;
  const words = new Uint32Array(Math.ceil(bytes / 4));
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  new Uint8Array(array.buffer).set(new Uint8Array(words.buffer, 0, bytes));
  return array;
}

/** Any bits: of floats that is NaN, infinities, denormals and every size of number. */
export function anyBits(type, dims, seed) {
  const data = fillWithBits(new ARRAYS[type](elements(dims)), seed);
  if (type === 'bool') for (let index = 0; index < data.length; index++) data[index] &= 1;
  return { type, dims, data };
}

/** Floats in [-range, range]. */
export function floats(type, dims, { seed = 1, range = 4 } = {}) {
  const bits = fillWithBits(new Int32Array(elements(dims)), seed);
  const numbers = Float32Array.from(bits, (one) => (one / 2 ** 31) * range);
  return { type, dims, data: type === 'float32' ? numbers : toHalves(numbers, type) };
}

/** Shortened, not rounded: any numbers will do. */
function toHalves(numbers, type) {
  const bits = new Uint32Array(numbers.buffer);
  if (type === 'bfloat16') return Uint16Array.from(bits, (one) => one >>> 16);
  return Uint16Array.from(bits, (one) => {
    const exponent = ((one >>> 23) & 0xff) - 112;
    const sign = (one >>> 16) & 0x8000;
    if (exponent <= 0) return sign;
    return sign | (Math.min(exponent, 30) << 10) | ((one >>> 13) & 0x3ff);
  });
}

/** Floats with a NaN, an infinity, a zero with sign or a denormal here and there. */
export function floatsWithExtremes(dims, seed = 1) {
  const tensor = floats('float32', dims, { seed });
  const extremes = [NaN, Infinity, -Infinity, -0, 1e-41, 3.4e38, -3.4e38];
  for (let index = 3, next = 0; index < tensor.data.length; index += 19 + (next % 5))
    tensor.data[index] = extremes[next++ % extremes.length];
  return tensor;
}

/** Whole numbers from `least` to below `end`. */
export function integers(type, dims, { seed = 1, least = 0, end }) {
  const bits = fillWithBits(new Uint32Array(elements(dims)), seed);
  const isBig = type === 'int64' || type === 'uint64';
  const number = (one) => least + (one % (end - least));
  return { type, dims, data: ARRAYS[type].from(bits, isBig ? (one) => BigInt(number(one)) : number) };
}

/** Boxes as corners over an image of 640 by 640, many of which overlap. */
export function cornerBoxes(dims, seed = 1) {
  const { data } = floats('float32', dims, { seed, range: 1 });
  for (let index = 0; index < data.length; index += 4) {
    const [x, y] = [320 + 300 * data[index], 320 + 300 * data[index + 1]];
    const [width, height] = [60 + 50 * data[index + 2], 60 + 50 * data[index + 3]];
    data.set([x, y, x + width, y + height], index);
  }
  return { type: 'float32', dims, data };
}

/** Scores from 0 to 1 in few steps, so that many are equal. */
export function tiedScores(dims, seed = 1) {
  const { data } = floats('float32', dims, { seed, range: 1 });
  return { type: 'float32', dims, data: data.map((one) => Math.round(Math.abs(one) * 500) / 500) };
}

const BYTES_PER_PIXEL = { rgb: 3, bgr: 3, rgba: 4, bgra: 4, gray: 1, nv12: 1.5, i420: 1.5, yuyv: 2 };

/** The pixels of an image. */
export function pixels({ width, height, format, stride }, seed = 1) {
  const bytes = stride === undefined ? width * height * BYTES_PER_PIXEL[format] : stride * height;
  return anyBits('uint8', [bytes], seed);
}
