// SPDX-License-Identifier: Apache-2.0
// The tables of benchmarks/results/kernels.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { figuresText } from '../../../scripts/kernels/figures.mjs';

const usage = { registers: 20, spilled: 0, shared: 0, local: 0 };
const input = {
  images: [
    {
      source: 'tensors/copy',
      kernels: ['copy'],
      ptx: Buffer.alloc(10),
      fatbin: Buffer.alloc(20),
      usage: { copy: { '75': usage, '80': { ...usage, registers: 18, spilled: 8 } } },
    },
  ],
  moved: { copy: { bytes: 8_000_000, case: 'a million words' } },
  sizes: { 'kernels.ptx.pack': 1000, 'kernels.fatbin.pack': 2000 },
  versions: { nvcc: '13.3', clang: '19' },
  architectures: ['75', '80'],
};

describe('figuresText', () => {
  it('has a row for each kernel, and the time that its bytes take', () => {
    const text = figuresText(input);
    expect(text).toContain('| copy | 20 | 18 | 0 | 0 | 8 |');
    expect(text).toContain('| copy | a million words | 8000000 | 2.0 |');
  });

  it('refuses bytes of a kernel that is not there', () => {
    const moved = { ...input.moved, copied: { bytes: 1, case: 'none' } };
    expect(() => figuresText({ ...input, moved })).toThrow('no kernel copied');
  });

  it('has left no cell without a number in what is committed', () => {
    const text = readFileSync(join(__dirname, '../../../benchmarks/results/kernels.md'), 'utf8');
    expect(text).toContain('| preprocess_f32 |');
    expect(text).not.toMatch(/undefined|NaN|null/);
  });
});
