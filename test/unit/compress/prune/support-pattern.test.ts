// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { MatrixView } from '../../../../lib/compress/layers/weight-layer';
import { ZeroAllocation } from '../../../../lib/compress/prune/allocate-zeros';
import {
  chooseSupport,
  holdsTwoOfFour,
  patternProblem,
} from '../../../../lib/compress/prune/support-pattern';

const view = (outputs: number, channels: number, taps = 1, groups = 1): MatrixView => ({
  groups,
  outputs,
  channels,
  taps,
  groupStep: outputs * channels * taps,
  outputStep: channels * taps,
  channelStep: taps,
  tapStep: 1,
});

describe('chooseSupport', () => {
  it('takes the smallest of the whole layer, the first of equal ones', () => {
    const scores = Float32Array.of(5, 1, 1, 4, 2, 3);
    const support = chooseSupport(scores, view(2, 3), { pattern: 'unstructured', amount: { count: 3 } });
    expect([...support]).toEqual([1, 0, 0, 1, 0, 1]);
    const one = chooseSupport(scores, view(2, 3), { pattern: 'unstructured', amount: { count: 1 } });
    expect([...one]).toEqual([1, 0, 1, 1, 1, 1]);
  });

  it('takes what is below a threshold', () => {
    const support = chooseSupport(Float32Array.of(0.1, 0.2, 0.3), view(1, 3), {
      pattern: 'unstructured',
      amount: { threshold: 0.2 },
    });
    expect([...support]).toEqual([0, 1, 1]);
  });

  it('keeps two of four channels for each output and tap', () => {
    // Channels 0 to 3, two taps each, taps side by side.
    const scores = Float32Array.of(9, 1, 8, 2, 7, 3, 6, 4);
    const support = chooseSupport(scores, view(1, 4, 2), { pattern: '2:4', amount: { count: 0 } });
    expect([...support]).toEqual([1, 0, 1, 0, 0, 1, 0, 1]);
    expect(holdsTwoOfFour(support, view(1, 4, 2))).toBe(true);
    expect(holdsTwoOfFour([1, 1, 1, 0], view(1, 4))).toBe(false);
  });

  it('takes whole blocks, also smaller ones at the edge, and never more than asked for', () => {
    const scores = Float32Array.from([1, 1, 9, 1, 1, 9, 5, 5, 2]);
    const pattern = { block: [2, 2] } as const;
    const support = chooseSupport(scores, view(3, 3), { pattern, amount: { count: 6 } });
    expect([...support]).toEqual([0, 0, 1, 0, 0, 1, 1, 1, 0]);
  });
});

describe('patternProblem', () => {
  it.each([
    [view(8, 18), '18 input channels do not divide by 4'],
    [view(10, 16), '10 outputs do not divide by 4'],
    [view(8, 8), 'below 16'],
    [view(1, 1, 9, 64), '1 input channels do not divide by 4'],
  ])('keeps a layer dense that 2:4 does not fit', (one, reason) => {
    expect(patternProblem(one, '2:4')).toContain(reason);
    expect(patternProblem(one, 'unstructured')).toBeUndefined();
  });
});

describe('ZeroAllocation', () => {
  it('spreads a share over layers whatever their scales are, and leaves each a weight', () => {
    const allocation = new ZeroAllocation();
    allocation.add(Float32Array.of(1, 1, 1, 1));
    allocation.add(Float32Array.of(1000, 1, 1, 1));
    const zeros = allocation.zeros(0.5);
    expect(zeros.reduce((sum, count) => sum + count, 0)).toBe(4);
    expect(zeros[1]).toBe(3);
    expect(allocation.zeros(0.99)).toEqual([3, 3]);
  });
});
