// SPDX-License-Identifier: Apache-2.0
// How gpu:check compares results of kernels, and what it compares.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { boxCases } from '../../../scripts/gpu-check/kernels/box-cases.mjs';
import { imageCases } from '../../../scripts/gpu-check/kernels/image-cases.mjs';
import { anyBits, floats, integers } from '../../../scripts/gpu-check/kernels/inputs.mjs';
import { rateCases } from '../../../scripts/gpu-check/kernels/rate-cases.mjs';
import { differenceOf } from '../../../scripts/gpu-check/kernels/same-bits.mjs';
import { scoreCases } from '../../../scripts/gpu-check/kernels/score-cases.mjs';
import { signalCases } from '../../../scripts/gpu-check/kernels/signal-cases.mjs';
import { tensorCases } from '../../../scripts/gpu-check/kernels/tensor-cases.mjs';
import { reportText } from '../../../scripts/gpu-check/report.mjs';

const float32 = (...numbers: number[]) => ({
  type: 'float32',
  dims: [numbers.length],
  data: new Float32Array(numbers),
});
const float16 = (...bits: number[]) => ({
  type: 'float16',
  dims: [bits.length],
  data: new Uint16Array(bits),
});

describe('the comparison of two tensors', () => {
  it('finds nothing where all bits are the same', () => {
    expect(differenceOf(float32(1, -0, Infinity), float32(1, -0, Infinity))).toBe(null);
    expect(differenceOf(float32(), float32())).toBe(null);
  });

  it('tells how many elements differ, and the first of them', () => {
    expect(differenceOf(float32(1, 2, 3, 4), float32(1, 2.5, 3, 5))).toBe(
      '2 of 4 elements of float32 [4] differ, first element 1: ' +
        '2 (0x40000000) on the CPU, 2.5 (0x40200000) on the GPU',
    );
    expect(differenceOf(float32(0), float32(-0))).toMatch(/^1 of 1 elements/);
    expect(differenceOf(float16(0x7c00), float16(0x7c01))).toMatch(/^1 of 1 elements/);
    const [one, other] = [integers('int64', [3], { end: 9 }), anyBits('int64', [3], 2)];
    expect(differenceOf(one, other)).toMatch(/of 3 elements of int64 \[3\] differ/);
  });

  it('takes one NaN for another, whatever its bits and its type', () => {
    const bits = (word: number) => ({
      type: 'float32',
      dims: [1],
      data: new Float32Array(new Uint32Array([word]).buffer),
    });
    expect(differenceOf(bits(0xffc00000), bits(0x7fffffff))).toBe(null);
    expect(differenceOf(float16(0x7e00), float16(0xffff))).toBe(null);
    const double = (...data: number[]) => ({ type: 'float64', dims: [1], data: new Float64Array(data) });
    expect(differenceOf(double(NaN), double(1))).toMatch(/differ/);
    // All bits of an integer count.
    const integer = (word: number) => ({ type: 'uint16', dims: [1], data: new Uint16Array([word]) });
    expect(differenceOf(integer(0x7e00), integer(0xffff))).toMatch(/differ/);
  });

  it('tells types and dims apart', () => {
    expect(differenceOf(float32(1, 2), { ...float32(1, 2), dims: [2, 1] })).toBe(
      'expected float32 [2], got float32 [2, 1]',
    );
  });
});

describe('the cases', () => {
  const all = [...imageCases, ...tensorCases, ...scoreCases, ...boxCases, ...signalCases];

  it('have inputs whose arrays fit their dims, and are the same each time', () => {
    for (const one of all.filter(({ large }) => !large)) {
      const [inputs, again] = [one.inputs(), one.inputs()];
      for (const [index, { dims, data }] of inputs.entries()) {
        expect([one.name, data.length]).toEqual([
          one.name,
          dims.reduce((count: number, dim: number) => count * dim, 1),
        ]);
        expect(differenceOf(inputs[index]!, again[index]!)).toBe(null);
      }
    }
  });

  it('shorten floats to halves', () => {
    const { data } = floats('float16', [1000], { range: 4 });
    expect(Math.max(...data.map((bits: number) => bits & 0x7fff))).toBeLessThanOrEqual(0x4400);
    expect(new Set(data).size).toBeGreaterThan(500);
  });

  it('have rates for kernels that there are, by their bytes', () => {
    const file = resolve(__dirname, '../../../native/ops/kernel-bytes.json');
    const table = JSON.parse(readFileSync(join(file), 'utf8')) as Record<string, unknown>;
    const kernels = rateCases.map(({ kernel }) => kernel);
    expect(kernels.filter((kernel) => !(kernel in table))).toEqual([]);
    expect(new Set(kernels).size).toBe(kernels.length);
    const elementwise = Object.keys(table).filter((kernel) =>
      /^(convert|quantize|dequantize|preprocess)_/.test(kernel),
    );
    expect(elementwise.filter((kernel) => !kernels.includes(kernel))).toEqual([]);
  });
});

describe('the report', () => {
  it('shows the table that a check makes', () => {
    const table = { head: ['kernel', 'ms'], rows: [['`a`', '1.5']] };
    const check = { id: 'kernels.rates', group: 'kernels', title: 'rates', status: 'passed', reason: null };
    const text = reportText({
      checks: [{ ...check, details: { table, probe: 3 }, durationMs: 1 }],
      environment: null,
      started: '2026-01-01T00:00:00Z',
      durationMs: 1,
      totals: { checks: 1, passed: 1, failed: 0, skipped: 0 },
      gpuUsed: false,
      exitCode: 0,
    });
    expect(text).toContain('`kernels.rates`:\n\n| kernel | ms |\n| --- | --- |\n| `a` | 1.5 |');
    expect(text).toContain('| probe: 3 |');
    expect(text).not.toContain('table:');
  });
});
