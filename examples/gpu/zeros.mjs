// SPDX-License-Identifier: Apache-2.0
// Inputs to try any model with: zeros, in the shapes that the engine is tuned for.

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Dims of each input. Open ones are what the first profile is tuned for; without a profile they are 1. */
export function shapesOf({ inputs, profiles }) {
  return Object.fromEntries(
    inputs.map(({ name, dims }) => {
      const tuned = profiles?.[0]?.[name]?.opt;
      return [name, dims.map((dim, i) => (typeof dim === 'number' && dim >= 0 ? dim : (tuned?.[i] ?? 1)))];
    }),
  );
}

/** Values of the inputs that decide on the shapes of others (shape tensors): zeros would not do there. */
export function shapeValuesOf({ profiles }) {
  const ranges = Object.entries(profiles?.[0] ?? {});
  return Object.fromEntries(ranges.flatMap(([name, { values }]) => (values ? [[name, values.opt]] : [])));
}

/** A tensor for each input. */
export function zerosFor(session) {
  const shapes = shapesOf(session);
  const values = shapeValuesOf(session);
  return Object.fromEntries(
    session.inputs.map(({ name, type }) => {
      const ArrayClass = ARRAYS[type];
      if (ArrayClass === undefined) throw new Error(`These examples have no array for ${type} inputs.`);
      const dims = shapes[name];
      const data = new ArrayClass(dims.reduce((a, b) => a * b, 1));
      values[name]?.forEach((value, i) => (data[i] = type.endsWith('int64') ? BigInt(value) : value));
      return [name, { type, dims, data }];
    }),
  );
}
