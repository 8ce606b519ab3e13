// SPDX-License-Identifier: Apache-2.0
// Numbers that go into the models, and the judgement on those that come out.

/** Pseudo-random numbers in [0, 1) that a seed decides (mulberry32). */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbers in [-1, 1). */
export function randomFloats(count, seed) {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => random() * 2 - 1);
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Bits of a half-precision number, rounded to nearest even. */
export function toHalf(value) {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = Math.abs(float[0]);
  if (Number.isNaN(magnitude)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below 2^-14 all numbers are multiples of 2^-24; above, of 2^(exponent - 10).
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || Number.MIN_VALUE)));
  const units = roundToEven(magnitude / 2 ** (exponent - 10));
  const base = exponent === -14 && units < 1024 ? 0 : (exponent + 15) << 10;
  return sign | (base === 0 ? units : base + units - 1024);
}

function roundToEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The number that half-precision bits stand for. */
export function fromHalf(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * Difference of two lists as one number, ‖actual − expected‖ / ‖expected‖. Infinity where lengths differ, and
 * where anything is no finite number.
 */
export function relativeError(actual, expected) {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let size = 0;
  for (let index = 0; index < expected.length; index++) {
    const wanted = Number(expected[index]);
    difference += (Number(actual[index]) - wanted) ** 2;
    size += wanted ** 2;
  }
  if (!Number.isFinite(difference)) return Infinity;
  return difference === 0 ? 0 : Math.sqrt(difference / (size || 1));
}

/** Least-squares slope of `ys` over `xs`. */
export function slope(xs, ys) {
  const mean = (list) => list.reduce((sum, one) => sum + one, 0) / list.length;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, index) => sum + (x - meanX) * (ys[index] - meanY), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
}

/** Nearest-rank percentile; `fraction` 0.5 is the median. */
export function percentile(numbers, fraction) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * fraction) - 1))];
}
