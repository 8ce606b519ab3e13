// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import { attributeOf } from '../graph/graph-walk';
import { allocate, countOf, decodeTensor, NotEvaluable, type ConstantValue } from './constant-value';
import type { Evaluator } from './evaluation';
import { copyStrided, denseStrides } from './strided-copy';

const range: Evaluator = (evaluation) => {
  const { type } = evaluation.input(0);
  const [start, limit, delta] = [0, 1, 2].map((position) => evaluation.input(position).data[0]!);
  const count = Math.max(0, Math.ceil((limit! - start!) / delta!));
  if (!Number.isFinite(count) || type === DATA_TYPE.FLOAT16 || type === DATA_TYPE.BFLOAT16)
    throw new NotEvaluable();
  evaluation.checkSize(type, [count]);
  const data = allocate(type, count);
  for (let i = 0; i < count; i++) data[i] = start! + i * delta!;
  return [{ type, dims: [count], data }];
};

const constantOfShape: Evaluator = (evaluation) => {
  const dims = Array.from(evaluation.input(0).data);
  const tensor = attributeOf(evaluation.node, 'value')?.t;
  const value = tensor === undefined ? { type: DATA_TYPE.FLOAT, data: [0] } : decodeTensor(tensor);
  if (value === undefined || !dims.every((dim) => dim >= 0)) throw new NotEvaluable();
  evaluation.checkSize(value.type, dims);
  const data = allocate(value.type, countOf(dims)).fill(value.data[0]!);
  return [{ type: value.type, dims, data }];
};

/** Most multiplications of a product of constants: what takes longer is not worth it. */
const MOST_MULTIPLICATIONS = 2 ** 24;

/** Product of matrices of FLOAT; sums are kept in doubles. */
const matMul: Evaluator = (evaluation) => {
  const [a, b] = [evaluation.input(0), evaluation.input(1)];
  if (a.type !== DATA_TYPE.FLOAT || b.dims.length !== 2 || a.dims.length < 2) throw new NotEvaluable();
  const [inner, columns] = b.dims as [number, number];
  const rows = countOf(a.dims.slice(0, -1));
  if (a.dims.at(-1) !== inner || rows * inner * columns > MOST_MULTIPLICATIONS) throw new NotEvaluable();
  const dims = [...a.dims.slice(0, -1), columns];
  evaluation.checkSize(a.type, dims);
  const turned = turn(b);
  const data = allocate(a.type, rows * columns);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += a.data[row * inner + i]! * turned.data[column * inner + i]!;
      data[to++] = sum;
    }
  }
  return [{ type: a.type, dims, data }];
};

function turn(matrix: ConstantValue): ConstantValue {
  const strides = denseStrides(matrix.dims);
  return copyStrided(matrix, { dims: [...matrix.dims].reverse(), strides: strides.reverse() });
}

/** Operators that make elements. */
export const GENERATORS: readonly (readonly [string, Evaluator])[] = [
  ['Range', range],
  ['ConstantOfShape', constantOfShape],
  ['MatMul', matMul],
];
