// SPDX-License-Identifier: Apache-2.0
import { floats, floatsWithExtremes, integers, tiedScores } from './inputs.mjs';
import { largeCase, operatorCase } from './operator-case.mjs';

const TYPES = ['float32', 'float16', 'bfloat16'];
const COLUMNS = [1, 31, 257, 1000];

const rows = TYPES.flatMap((type) =>
  COLUMNS.flatMap((columns) => {
    const x =
      (count = 3) =>
      () => [floats(type, [count, columns], { range: 9 })];
    const note = `${type} of ${columns}`;
    return [
      operatorCase('softmax', x(), [{ temperature: 0.7 }], { note }),
      operatorCase('logSoftmax', x(), [], { note }),
      operatorCase('sigmoid', x(), [{ type }], { note }),
      operatorCase('argMax', x(), [], { note }),
      operatorCase('l2Normalize', x(), [], { note }),
      operatorCase('topK', x(), [Math.min(columns, 5)], { note }),
      operatorCase('softmaxTopK', x(), [columns], { note }),
    ];
  }),
);

const similar = (type, queries, count, size) => () => [
  floats(type, [...queries, size], { seed: 1 }),
  floats(type, [count, size], { seed: 2 }),
];
const pooled = (type, mask) => () => [
  floats(type, [3, 19, 65]),
  ...(mask === undefined ? [] : [integers(mask, [3, 19], { end: 2 })]),
];

const extremes = ['softmax', 'logSoftmax', 'sigmoid', 'argMax', 'l2Normalize'].map((operator) =>
  operatorCase(operator, () => [floatsWithExtremes([40, 23])], [], { note: 'extremes' }),
);

export const scoreCases = [
  ...rows,
  ...extremes,
  operatorCase('topK', () => [floatsWithExtremes([40, 23])], [23], { note: 'extremes' }),
  operatorCase('topK', () => [tiedScores([2, 3000])], [1024], { note: 'ties, k of 1024' }),
  ...TYPES.flatMap((type) => [
    operatorCase('cosineSimilarity', similar(type, [], 33, 65), [], { note: type }),
    operatorCase('cosineSimilarity', similar(type, [3], 7, 384), [], { note: `${type}, three queries` }),
    operatorCase('meanPool', pooled(type, 'int64'), [], { note: type }),
  ]),
  operatorCase('meanPool', pooled('float32'), [], { note: 'without a mask' }),
  largeCase('softmax', () => [floats('float32', [512, 50_000], { range: 9 })]),
  largeCase('logSoftmax', () => [floats('float16', [512, 50_001], { range: 9 })]),
  largeCase('sigmoid', () => [floats('float32', [4099, 4097], { range: 9 })]),
  largeCase('topK', () => [tiedScores([64, 100_000])], [1024]),
  largeCase('softmaxTopK', () => [floats('float32', [256, 100_000])], [5]),
  largeCase('argMax', () => [tiedScores([256, 100_000])]),
  largeCase('l2Normalize', () => [floats('float32', [20_000, 1024])]),
  largeCase('cosineSimilarity', similar('float32', [4], 100_000, 384)),
  largeCase('meanPool', () => [floats('float32', [64, 512, 1024]), integers('int64', [64, 512], { end: 2 })]),
];
