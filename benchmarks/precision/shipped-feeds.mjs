// SPDX-License-Identifier: Apache-2.0
// What to run a model of the onnx package on: the inputs that lie beside it, or seeded ones.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TENSOR_SCHEMA } from '../../build/javascript/onnx/graph/onnx-messages.js';
import { decodeMessage } from '../../build/javascript/onnx/graph/wire-message.js';
import { readElements } from '../../build/javascript/onnx/index.js';

const SEEDED_RUNS = 2;
const ARRAYS = {
  FLOAT: Float32Array,
  UINT8: Uint8Array,
  INT8: Int8Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  BOOL: Uint8Array,
};

/**
 * Feeds of `{ data, dims }` for each run: the one run that is shipped, or two of normal values (zeros and ones for
 * integers, 1 for dimensions without a size) that are the same each time.
 *
 * @param path of the model
 * @param info of readModelInfo()
 */
export function findFeeds(path, { inputs }) {
  const shipped = inputs.map(({ name }, index) => [name, readShipped(path, index)]);
  if (shipped.every(([, value]) => value !== undefined))
    return { isShipped: true, feeds: [Object.fromEntries(shipped)] };
  const normal = seededNormal(5);
  const makeRun = () => Object.fromEntries(inputs.map((input) => [input.name, makeValues(input, normal)]));
  return { isShipped: false, feeds: Array.from({ length: SEEDED_RUNS }, makeRun) };
}

/**
 * Profiles for `buildEngine`: shape tensors get the values of the first run, dynamic inputs its dims. Where there are
 * shape tensors, the other small integers of these tests are some too, such as axes.
 */
export function makeProfiles({ inputs, shapeInputs }, [first]) {
  const entries = inputs.flatMap(({ name, dims, onnxType }) => {
    const { data, dims: given } = first[name];
    const isSmallInteger = /^INT(32|64)$/.test(onnxType) && dims.length <= 1;
    if (shapeInputs.length > 0 && isSmallInteger)
      return [[name, { values: fixed(Array.from(data, Number)) }]];
    const isDynamic = dims.some((dim) => typeof dim === 'string' || dim < 0);
    return isDynamic ? [[name, fixed(given)]] : [];
  });
  return entries.length > 0 ? [Object.fromEntries(entries)] : undefined;
}

function fixed(numbers) {
  return { min: numbers, opt: numbers, max: numbers };
}

/** The tensor of an input, or undefined where there is none. */
function readShipped(path, index) {
  let bytes;
  try {
    bytes = readFileSync(join(dirname(path), 'test_data_set_0', `input_${index}.pb`));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
  const tensor = decodeMessage(TENSOR_SCHEMA, bytes);
  return { data: readElements(tensor), dims: tensor.dims.map(Number) };
}

function makeValues({ onnxType, dims }, normal) {
  const sizes = dims.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : 1));
  const length = sizes.reduce((product, dim) => product * dim, 1);
  const ArrayType = ARRAYS[onnxType];
  if (ArrayType === undefined) throw new Error(`no values for elements of ${onnxType}`);
  const bit = () => (normal() > 0 ? 1 : 0);
  const next = { FLOAT: normal, INT64: () => BigInt(bit()) }[onnxType] ?? bit;
  return { data: ArrayType.from({ length }, next), dims: sizes };
}

function seededNormal(seed) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
