// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  dequantizeWeights,
  quantizeWeights,
  scaleOf,
  weightSqnrDb,
  type WeightFormat,
} from '../../../../lib/compress/quantize/quantize-weights';
import { quantizeOnce } from '../../../../lib/compress/quantize/quantized-once';
import { scaleDims } from '../../../../lib/compress/quantize/scale-layout';
import { makeTensor } from '../../../../lib/onnx/graph/tensor-values';
import { noise } from '../../../precision-models';

const DIMS = [4, 5, 6];
const data = noise(120, 2, 7);
const tensor = makeTensor('w', 'FLOAT', DIMS, data);

/** Index of the scale of an element, the slow way. */
function groupOf(index: number, { axis, blockSize }: WeightFormat['layout']): number {
  if (axis === undefined) return 0;
  const at = [Math.floor(index / 30), Math.floor(index / 6) % 5, index % 6];
  if (blockSize === undefined) return at[axis]!;
  const [, b, c] = scaleDims(DIMS, { axis, blockSize });
  const block = at.map((position, one) => (one === axis ? Math.floor(position / blockSize) : position));
  return (block[0]! * b! + block[1]!) * c! + block[2]!;
}

const layouts: WeightFormat['layout'][] = [
  {},
  { axis: 0 },
  { axis: 1 },
  { axis: 2 },
  { axis: 1, blockSize: 2 },
  { axis: 1, blockSize: 5 },
  { axis: 2, blockSize: 4 },
  { axis: 0, blockSize: 64 },
];

describe('quantised weights', () => {
  it.each(layouts)('in INT8 come back within half a step with %j', (layout) => {
    const { values, scales } = quantizeWeights(tensor, { type: 'int8', layout });
    expect(scales).toHaveLength(scaleDims(DIMS, layout).reduce((product, dim) => product * dim, 1));
    data.forEach((value, index) => {
      const scale = scales[groupOf(index, layout)]!;
      expect(Math.abs(values[index]! * scale - value)).toBeLessThanOrEqual(scale * 0.500001);
    });
    expect(Math.max(...values.map(Math.abs))).toBe(127);
    expect(values).not.toContain(-128);
  });

  it.each(layouts)('in INT4 have numbers from -8 to 7 with %j', (layout) => {
    const { values, scales } = quantizeWeights(tensor, { type: 'int4', layout });
    expect(Math.max(...values)).toBeLessThanOrEqual(7);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-8);
    data.forEach((value, index) => {
      const scale = scales[groupOf(index, layout)]!;
      expect(Math.abs(values[index]! * scale - value)).toBeLessThanOrEqual(scale * 0.500001);
    });
  });

  it('in FP8 have an error relative to each value', () => {
    const place = { type: 'fp8', layout: { axis: 2 }, dims: DIMS } as const;
    const quantized = quantizeWeights(tensor, place);
    const back = dequantizeWeights(quantized, place);
    data.forEach((value, index) => {
      const smallest = quantized.scales[index % 6]! * 2 ** -6;
      expect(Math.abs(back[index]! - value)).toBeLessThanOrEqual(Math.max(Math.abs(value), smallest) / 15.9);
    });
  });

  it('lose less with scales of the smallest squared error', () => {
    for (const type of ['int4', 'int8', 'fp8'] as const) {
      const place = { type, layout: { axis: 1, blockSize: 5 }, dims: DIMS };
      const [nearest, mse] = (['nearest', 'mse'] as const).map((rounding) =>
        weightSqnrDb(data, quantizeWeights(tensor, { ...place, rounding }), place),
      ) as [number, number];
      expect(mse).toBeGreaterThanOrEqual(nearest);
      if (type === 'int4') expect(mse).toBeGreaterThan(nearest + 0.2);
    }
  });

  it('of a dead channel are zeros behind a scale that is normal in FP16', () => {
    const zeros = makeTensor('w', 'FLOAT', [2, 2], Float32Array.of(0, 0, 1, 2));
    const { values, scales } = quantizeWeights(zeros, { type: 'int8', layout: { axis: 0 } });
    expect([...values]).toEqual([0, 0, 64, 127]);
    expect(scales[0]).toBe(2 ** -14);
  });

  it('name the value that is not finite', () => {
    const broken = makeTensor('w', 'FLOAT', [3], Float32Array.of(1, 2, NaN));
    expect(() => quantizeWeights(broken, { type: 'int8', layout: {} })).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_QUANT_WEIGHTS',
        details: { weight: 'w', index: 2, value: 'NaN' },
      }),
    );
  });
});

describe('a scale', () => {
  it('is never zero, denormal or below the least one that was asked for', () => {
    expect(scaleOf(1.27)).toBeCloseTo(0.01, 8);
    expect(scaleOf(448, 'fp8')).toBe(1);
    expect(scaleOf(1e-42)).toBe(2 ** -126);
    expect(scaleOf(1e-6, 'int8', 2 ** -24)).toBe(2 ** -24);
    expect(scaleOf(0)).toBe(2 ** -14);
  });
});

describe('weights that are rounded once', () => {
  const format = { type: 'int8', layout: { axis: 0 } } as const;

  it('are those of the first time for the same bytes and format', () => {
    const first = quantizeOnce(tensor, format);
    expect(first.quantized).toEqual(quantizeWeights(tensor, format));
    expect(first.sqnrDb).toBe(weightSqnrDb(data, first.quantized, { ...format, dims: DIMS }));
    expect(quantizeOnce({ ...tensor, name: 'copy' }, format)).toBe(first);
  });

  it('are other ones for another format or shape, and for other bytes', () => {
    const first = quantizeOnce(tensor, format);
    expect(quantizeOnce(tensor, { ...format, layout: { axis: 1 } })).not.toBe(first);
    expect(quantizeOnce(tensor, { ...format, type: 'fp8' })).not.toBe(first);
    expect(quantizeOnce(tensor, { ...format, rounding: 'mse' })).not.toBe(first);
    expect(quantizeOnce({ ...tensor, dims: [20, 6] }, format).quantized.scales).toHaveLength(20);
    expect(quantizeOnce(makeTensor('w', 'FLOAT', DIMS, data.slice()), format)).not.toBe(first);
  });

  it('are not remembered where they lie in a file', () => {
    const bytes = new Uint8Array(data.buffer);
    const lazy = { ...tensor, rawData: { length: bytes.length, read: () => bytes } };
    expect(quantizeOnce(lazy, format)).not.toBe(quantizeOnce(lazy, format));
  });
});
