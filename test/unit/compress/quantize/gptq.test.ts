// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { invertToUpperFactor } from '../../../../lib/compress/quantize/cholesky';
import { gptqFactor, roundByGptq } from '../../../../lib/compress/quantize/gptq';
import { GramMatrix } from '../../../../lib/compress/quantize/gram-matrix';
import { dequantizeWeights, quantizeWeights } from '../../../../lib/compress/quantize/quantize-weights';
import type { ScaleLayout } from '../../../../lib/compress/quantize/scale-layout';
import type { WeightMatrix } from '../../../../lib/compress/quantize/weight-matrix';
import { makeTensor } from '../../../../lib/onnx/graph/tensor-values';
import { noise } from '../../../precision-models';

/** Samples whose inputs depend on each other, as those of a real layer do. */
function samples(count: number, size: number): Float32Array[] {
  const mix = noise(size * 4, 1, 3);
  return Array.from({ length: count }, (_, sample) => {
    const [causes, own] = [noise(4, 1, 100 + sample), noise(size, 0.2, 1000 + sample)];
    return own.map((value, i) => causes.reduce((sum, cause, j) => sum + cause * mix[i * 4 + j]!, value));
  });
}

function gramOf(rows: readonly Float32Array[]): GramMatrix {
  const gram = new GramMatrix(rows[0]!.length);
  for (const row of rows) gram.add(row, 0);
  gram.finish();
  return gram;
}

describe('a Gram matrix', () => {
  it.each([1, 31, 32, 33, 70])('is X^T X of %i samples', (count) => {
    const rows = samples(count, 5);
    const { values, magnitudes } = gramOf(rows);
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 5; j++) {
        const expected = rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0);
        expect(values[i * 5 + j]).toBeCloseTo(expected, 9);
      }
      expect(magnitudes[i]).toBeCloseTo(
        rows.reduce((sum, row) => sum + Math.abs(row[i]!), 0),
        9,
      );
    }
  });
});

describe('the upper factor', () => {
  it('times itself is the inverse', () => {
    const size = 7;
    const { values } = gramOf(samples(40, size));
    const factor = values.slice();
    expect(invertToUpperFactor(factor, size)).toBe(true);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < i; j++) expect(factor[i * size + j]).toBe(0);
      for (let j = 0; j < size; j++) {
        // (U^T U) H is the identity.
        let sum = 0;
        for (let a = 0; a < size; a++) {
          for (let b = 0; b < size; b++)
            sum += factor[b * size + i]! * factor[b * size + a]! * values[a * size + j]!;
        }
        expect(sum).toBeCloseTo(i === j ? 1 : 0, 6);
      }
    }
  });

  it('is refused for what is not positive definite', () => {
    expect(invertToUpperFactor(Float64Array.of(1, 2, 2, 1), 2)).toBe(false);
    expect(gptqFactor(new GramMatrix(3))).toBeUndefined();
  });
});

describe('rounding by GPTQ', () => {
  const [rows, columns] = [12, 40];
  const rowMajor = { rows, columns, rowStep: columns, columnStep: 1 };
  const columnMajor = { rows, columns, rowStep: 1, columnStep: rows };
  const perRow = { blockSize: columns, rowScaleStep: 1, blockScaleStep: 0 };
  const cases: [
    string,
    { type: 'int8' | 'int4' | 'fp8'; matrix: WeightMatrix; layout: ScaleLayout; dims: number[] },
  ][] = [
    [
      'INT8 by rows',
      { type: 'int8', matrix: { ...rowMajor, ...perRow }, layout: { axis: 0 }, dims: [rows, columns] },
    ],
    [
      'INT8 by columns',
      { type: 'int8', matrix: { ...columnMajor, ...perRow }, layout: { axis: 1 }, dims: [columns, rows] },
    ],
    [
      'FP8 by columns',
      { type: 'fp8', matrix: { ...columnMajor, ...perRow }, layout: { axis: 1 }, dims: [columns, rows] },
    ],
    [
      'INT4 in blocks along rows',
      {
        type: 'int4',
        matrix: { ...rowMajor, blockSize: 16, rowScaleStep: 3, blockScaleStep: 1 },
        layout: { axis: 1, blockSize: 16 },
        dims: [rows, columns],
      },
    ],
    [
      'INT4 in blocks along columns',
      {
        type: 'int4',
        matrix: { ...columnMajor, blockSize: 16, rowScaleStep: 1, blockScaleStep: rows },
        layout: { axis: 0, blockSize: 16 },
        dims: [columns, rows],
      },
    ],
  ];

  it.each(cases)(
    'changes the outputs less than rounding to the nearest: %s',
    (_, { type, matrix, layout, dims }) => {
      const inputs = samples(200, columns);
      const weights = noise(rows * columns, 1, 5);
      const place = { dims, layout, type };
      const nearest = quantizeWeights(makeTensor('w', 'FLOAT', dims, weights), { ...place, rounding: 'mse' });
      const gptq = roundByGptq(weights, gptqFactor(gramOf(inputs))!, { name: 'w', matrix, type });
      expect(gptq.scales).toHaveLength(nearest.scales.length);
      const errorOf = (rounded: Float32Array) => {
        let error = 0;
        for (const input of inputs) {
          for (let n = 0; n < rows; n++) {
            let sum = 0;
            for (let k = 0; k < columns; k++) {
              const at = n * matrix.rowStep + k * matrix.columnStep;
              sum += (rounded[at]! - weights[at]!) * input[k]!;
            }
            error += sum * sum;
          }
        }
        return error;
      };
      const [plain, better] = [nearest, gptq].map((one) => errorOf(dequantizeWeights(one, place)));
      expect(better!).toBeLessThan(plain! * 0.6);
    },
  );

  it('names weights that are not finite', () => {
    const matrix = { rows: 1, columns: 2, rowStep: 2, columnStep: 1, ...perRow };
    expect(() =>
      roundByGptq(Float32Array.of(1, Infinity), new Float64Array(4), { name: 'w', matrix, type: 'int8' }),
    ).toThrow(expect.objectContaining({ code: 'ERR_TRT_QUANT_WEIGHTS' }));
  });
});
