// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { axesOf, planCases } from '../../../../lib/bench/suite/plan-cases';

describe('planCases', () => {
  it('is one case without a place where nothing varies', () => {
    expect(planCases({ devices: ['cpu'], batches: [4] })).toEqual([
      { label: 'cpu', case: {}, values: { device: 'cpu', batch: 4 } },
    ]);
    expect(planCases({})).toEqual([{ label: 'measurement', case: {}, values: {} }]);
  });

  it('combines all axes, the last fastest', () => {
    const cases = planCases({ devices: ['cpu', 'cuda:0'], precisions: ['fp32'], batches: [1, 2] });
    expect(cases.map(({ label }) => label)).toEqual([
      'cpu · batch 1',
      'cpu · batch 2',
      'cuda:0 · batch 1',
      'cuda:0 · batch 2',
    ]);
    expect(cases[3]).toMatchObject({
      case: { device: 'cuda:0', batch: 2 },
      values: { device: 'cuda:0', precision: 'fp32', batch: 2 },
    });
    expect(cases[3]!.case).not.toHaveProperty('precision');
  });

  it('gives every case another label', () => {
    const cases = planCases({
      devices: ['cpu', 'cuda:0'],
      precisions: ['fp32', 'fp16'],
      batches: [1, 2],
      concurrencies: [1, 2],
    });
    expect(new Set(cases.map(({ label }) => label)).size).toBe(16);
    expect(cases[0]!.label).toBe('cpu · fp32 · batch 1 · 1 in flight');
    expect(planCases({ rates: [10, 20] })[1]!.label).toBe('20/s');
  });

  it('names the axes that have more than one value, in the order of nesting', () => {
    const cases = planCases({ rates: [10, 20], devices: ['cpu', 'cuda:0'], batches: [8] });
    expect(axesOf(cases.map((planned) => planned.case))).toEqual(['device', 'rate']);
    expect(axesOf([{}])).toEqual([]);
  });
});
