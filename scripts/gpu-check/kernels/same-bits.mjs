// SPDX-License-Identifier: Apache-2.0
// Whether two tensors are the same, bit for bit. NaN is NaN: processors write different bits for it, and none means more.

/** Bits of infinity for the types whose NaN lie above it; without the sign. */
const INFINITY_BITS = {
  float32: 0x7f800000,
  float16: 0x7c00,
  bfloat16: 0x7f80,
  float8e4m3: 0x7e,
  float8e5m2: 0x7c,
};
const SIGN_BITS = {
  float32: 0x7fffffff,
  float16: 0x7fff,
  bfloat16: 0x7fff,
  float8e4m3: 0x7f,
  float8e5m2: 0x7f,
};

const bytesOf = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength);

/** Elements as whole numbers of their own width; those of a type without NaN as they are. */
function bitsOf({ type, data }) {
  const { buffer, byteOffset, length } = data;
  if (type === 'float32') return new Uint32Array(buffer, byteOffset, length);
  if (type === 'float16') return new Uint16Array(buffer, byteOffset, length);
  return data;
}

function isNaNOf(type, bits) {
  // float64 is moved and converted, and never computed.
  if (type === 'float64') return Number.isNaN(bits);
  return type in INFINITY_BITS && (bits & SIGN_BITS[type]) > INFINITY_BITS[type];
}

/**
 * What differs, in words; null if nothing does.
 *
 * @param {{type: string, dims: readonly number[], data: any}} expected
 * @param {{type: string, dims: readonly number[], data: any}} actual
 */
export function differenceOf(expected, actual) {
  const [wanted, got] = [expected, actual].map(({ type, dims }) => `${type} [${dims.join(', ')}]`);
  if (wanted !== got) return `expected ${wanted}, got ${got}`;
  if (bytesOf(expected.data).equals(bytesOf(actual.data))) return null;
  const [left, right] = [bitsOf(expected), bitsOf(actual)];
  const isSame = (one, other) =>
    Object.is(one, other) || (isNaNOf(expected.type, one) && isNaNOf(expected.type, other));
  let first = -1;
  let count = 0;
  for (let index = 0; index < left.length; index++) {
    if (isSame(left[index], right[index])) continue;
    if (first < 0) first = index;
    count++;
  }
  if (count === 0) return null;
  const show = (bits, { data }) =>
    `${data[first]} (${typeof bits === 'number' ? `0x${(bits >>> 0).toString(16)}` : bits})`;
  return (
    `${count} of ${left.length} elements of ${wanted} differ, first element ${first}: ` +
    `${show(left[first], expected)} on the CPU, ${show(right[first], actual)} on the GPU`
  );
}
