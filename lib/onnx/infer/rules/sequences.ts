// SPDX-License-Identifier: Apache-2.0
// Operators over time: recurrent layers, attention, signals, texts.

import type { Dim, Dims } from '../dim-algebra';
import { ruleFor, type NodeView, type ShapeRules } from '../node-view';

/** All hidden states and the last one; of LSTM also the last cell. */
function recurrent(node: NodeView): Dims[] {
  const { algebra } = node;
  const dims = node.dims(0);
  const isBatchFirst = node.int('layout', 0) === 1;
  const [first, second] = dims?.length === 3 ? [dims[0]!, dims[1]!] : [algebra.fresh(), algebra.fresh()];
  const [time, batch] = isBatchFirst ? [second, first] : [first, second];
  const directions = node.text('direction', 'forward') === 'bidirectional' ? 2 : 1;
  const hidden: Dim = node.int('hidden_size', 0) || (node.dims(2)?.[2] ?? algebra.fresh());
  const last = isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const all = isBatchFirst ? [batch, time, directions, hidden] : [time, directions, batch, hidden];
  return [all, last, last];
}

/** `[batch, heads, length, width]` of a query, key or value; packed ones have `[batch, length, heads * width]`. */
function unpack(node: NodeView, index: number, heads: string): Dims | undefined {
  const dims = node.dims(index);
  if (dims?.length === 4) return dims;
  const count = node.int(heads, 0);
  if (dims?.length !== 3 || count === 0) return undefined;
  return [dims[0]!, count, dims[1]!, node.algebra.divide(dims[2]!, count) ?? node.algebra.fresh()];
}

function attention(node: NodeView): (Dims | undefined)[] {
  const query = unpack(node, 0, 'q_num_heads');
  const key = unpack(node, 1, 'kv_num_heads');
  const value = unpack(node, 2, 'kv_num_heads');
  const { algebra } = node;
  const width = value?.[3] ?? algebra.fresh();
  const output =
    query === undefined
      ? undefined
      : node.dims(0)?.length === 3
        ? [query[0]!, query[2]!, algebra.multiply([query[1]!, width])]
        : [query[0]!, query[1]!, query[2]!, width];
  const presentKey = grown(node, key, 4);
  const presentValue = grown(node, value, 5);
  const total = presentKey?.[2] ?? algebra.fresh();
  return [output, presentKey, presentValue, query && [query[0]!, query[1]!, query[2]!, total]];
}

/** Keys or values with those of the past before them. */
function grown(node: NodeView, dims: Dims | undefined, past: number): Dims | undefined {
  if (dims === undefined || !node.has(past)) return dims;
  const before = node.dims(past)?.[2];
  const length = before === undefined ? node.algebra.fresh() : node.algebra.add(before, dims[2]!);
  return [dims[0]!, dims[1]!, length, dims[3]!];
}

function linearAttention(node: NodeView): (Dims | undefined)[] {
  const [query, key, value] = [node.dims(0), node.dims(1), node.dims(2)];
  const heads = node.int('kv_num_heads', 0);
  if (query?.length !== 3 || key?.length !== 3 || value?.length !== 3 || heads === 0) return [];
  const { algebra } = node;
  const perHead = (dims: Dims) => algebra.divide(dims[2]!, heads) ?? algebra.fresh();
  const width = perHead(value);
  const output = [query[0]!, query[1]!, algebra.multiply([node.int('q_num_heads', 0), width])];
  return [output, [query[0]!, heads, perHead(key), width]];
}

const half = (node: NodeView, size: Dim): Dim =>
  node.algebra.apply('half', [size], (length) => Math.floor(length / 2) + 1);

/** The axis became an input with opset 20. */
const DFT_AXIS_INPUT_SINCE = 20;

function fourier(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined) return undefined;
  const isHalf = node.int('onesided', 0) === 1;
  const toReal = isHalf && node.int('inverse', 0) === 1;
  const given = dftAxis(node);
  const axis = given === undefined ? undefined : node.axis(given, dims.length);
  // What the inverse of half a spectrum is, the first version does not say.
  if (toReal && node.opset < DFT_AXIS_INPUT_SINCE) return node.algebra.freshDims(dims.length);
  const parts = toReal ? 1 : 2;
  if (axis === undefined) return [...node.algebra.freshDims(dims.length - 1), parts];
  const result = [...dims.slice(0, -1), parts];
  const length = node.has(1) ? node.sizeAt(1) : toReal ? node.algebra.fresh() : dims[axis]!;
  result[axis] = isHalf && !toReal ? half(node, length) : length;
  return result;
}

function dftAxis(node: NodeView): number | undefined {
  if (node.opset < DFT_AXIS_INPUT_SINCE) return node.int('axis', 1);
  return node.has(2) ? node.numbers(2)?.[0] : -2;
}

function shortTimeFourier(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined || dims.length < 2) return undefined;
  const { algebra } = node;
  const frame = node.has(3) ? node.sizeAt(3) : (node.dims(2)?.[0] ?? algebra.fresh());
  const step = node.sizeAt(1);
  const frames = algebra.apply(
    'frames',
    [dims[1]!, frame, step],
    (length, size, by) => Math.floor((length - size) / by) + 1,
  );
  return [dims[0]!, frames, node.int('onesided', 1) === 1 ? half(node, frame) : frame, 2];
}

function ngrams(node: NodeView): Dims | undefined {
  const indexes = node.ints('ngram_indexes');
  const dims = node.dims(0);
  if (dims === undefined || dims.length < 1 || indexes === undefined) return undefined;
  return [...dims.slice(0, -1), indexes.reduce((a, b) => Math.max(a, b), -1) + 1];
}

export const SEQUENCE_RULES: ShapeRules = {
  ...ruleFor('RNN GRU LSTM', recurrent),
  Attention: attention,
  LinearAttention: linearAttention,
  DFT: (node) => [fourier(node)],
  STFT: (node) => [shortTimeFourier(node)],
  ...ruleFor('HannWindow HammingWindow BlackmanWindow', (node) => [[node.sizeAt(0)]]),
  MelWeightMatrix: (node) => [[half(node, node.sizeAt(1)), node.sizeAt(0)]],
  TfIdfVectorizer: (node) => [ngrams(node)],
  StringSplit: (node) => {
    const dims = node.dims(0);
    return [dims && [...dims, node.algebra.fresh()], dims];
  },
  StringNormalizer: (node) => {
    const dims = node.dims(0);
    return [dims && [...dims.slice(0, -1), node.algebra.fresh()]];
  },
  ...ruleFor('SequenceLength OptionalHasElement', () => [[]]),
};
