// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { ComparedMetric, Comparison, ConditionOutcome } from '../../../../lib/bench/compare/comparison';
import { checkConditions, parseCondition } from '../../../../lib/bench/compare/conditions';
import { formatComparisonMarkdown } from '../../../../lib/bench/formats/comparison-markdown';

const METRIC: ComparedMetric = {
  name: 'p50',
  unit: 'ms',
  isLowerBetter: true,
  a: 10,
  b: 11.25,
  changePercent: 12.5,
  intervalPercent: { low: 11.96, high: 13.04 },
  pValue: 0.0001,
  verdict: 'slower',
};

const SIDE = {
  name: 'main.json',
  model: 'm.onnx',
  modelSha256: null,
  backend: 'onnxruntime',
  device: 'cpu',
  node: '22.11.0',
  versions: {},
  date: '2026-03-14T09:26:53.589Z',
};

function comparisonWith(changes: Partial<Comparison> = {}, metric: Partial<ComparedMetric> = {}): Comparison {
  return {
    schemaVersion: 1,
    kind: 'comparison',
    method: 'blocks',
    a: SIDE,
    b: { ...SIDE, name: 'branch.json' },
    primary: 'p50',
    thresholdPercent: 1,
    confidence: 0.95,
    verdict: 'slower',
    cases: [
      {
        label: 'cpu',
        case: {},
        verdict: 'slower',
        stable: { a: true, b: true },
        inferences: { a: 1000, b: 900 },
        metrics: [{ ...METRIC, ...metric }],
      },
    ],
    unmatched: { a: [], b: [] },
    differences: [],
    noted: [],
    warnings: [],
    ...changes,
  };
}

const linesOf = (changes: Partial<Comparison> = {}, metric: Partial<ComparedMetric> = {}) =>
  formatComparisonMarkdown(comparisonWith(changes, metric)).split('\n');
const rowOf = (metric: Partial<ComparedMetric>) => linesOf({}, metric).find((line) => line.startsWith('| p'));

describe('formatComparisonMarkdown', () => {
  it('begins with the verdict, what it is about, and how it was found', () => {
    expect(linesOf()[0]).toBe('**branch.json** against **main.json**: **slower** (p50, two measurements)');
    expect(linesOf({ method: 'interleaved', rounds: 7, verdict: 'no difference seen' })[0]).toBe(
      '**branch.json** against **main.json**: **no difference seen** (p50, 7 interleaved rounds in fresh processes)',
    );
  });

  it('has one table with as many cells in each row as in its head', () => {
    const [only] = comparisonWith().cases;
    const metrics = ['mean', 'p50', 'p99', 'a|b'].map((name) => ({ ...METRIC, name }));
    const table = linesOf({ cases: [{ ...only!, metrics }] }).filter((line) => line.startsWith('|'));
    expect(table).toHaveLength(metrics.length + 2);
    expect(new Set(table.map((line) => line.split(/(?<!\\)\|/).length)).size).toBe(1);
  });

  it('gives both sides, the change with its sign, and the interval', () => {
    expect(rowOf({})).toBe('| p50 | ms | 10 | 11.3 | +12.5 % | +12.0 % … +13.0 % | slower |');
    const faster = { a: 11.25, b: 10, changePercent: -11.1, intervalPercent: { low: -11.5, high: -10.7 } };
    expect(rowOf({ ...faster, verdict: 'faster' })).toBe(
      '| p50 | ms | 11.3 | 10 | −11.1 % | −11.5 % … −10.7 % | faster |',
    );
  });

  it('leaves cells empty that have no number, and says why nothing was judged', () => {
    const unjudged = {
      changePercent: null,
      intervalPercent: null,
      pValue: null,
      verdict: 'not judged',
    } as const;
    expect(rowOf({ ...unjudged, a: 0, reason: 'A is 0' })).toBe(
      '| p50 | ms | 0 | 11.3 |  |  | not judged: A is 0 |',
    );
  });

  it('has a table for each case, and says which measurements did not settle', () => {
    const [only] = comparisonWith().cases;
    const shaky = { ...only!, label: 'cuda:0', stable: { a: true, b: false }, verdict: 'faster' as const };
    const lines = linesOf({ cases: [only!, shaky], verdict: 'mixed' });
    expect(lines.filter((line) => line.startsWith('| Metric'))).toHaveLength(2);
    expect(lines).toContain('cpu: slower');
    expect(lines).toContain('cuda:0: faster (not both measurements are stable)');
  });

  it('lists conditions that fail and that pass', () => {
    const comparison = comparisonWith();
    const outcomes = checkConditions(comparison, ['p50>+5%', 'p50>+50%'].map(parseCondition));
    expect(outcomes.map(({ holds }) => holds)).toEqual([true, false]);
    const lines = formatComparisonMarkdown(comparison, outcomes).split('\n');
    expect(lines.filter((line) => line.startsWith('- **fails**: '))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('- passes: '))).toHaveLength(1);
  });

  it('shows a condition that could not be decided, and an interval that says nothing', () => {
    const wide = {
      changePercent: 2,
      intervalPercent: { low: -99, high: 5000 },
      verdict: 'no difference seen' as const,
      pValue: 0.9,
    };
    const comparison = comparisonWith({}, wide);
    const conditions = checkConditions(comparison, [parseCondition('p50>+5%')]);
    const text = formatComparisonMarkdown({ ...comparison, conditions });
    expect(text).toContain('- **undecided**: p50');
    expect(text).toContain('| too noisy |');
  });

  it('says what was forced, what differs besides, what has no partner, and the warnings', () => {
    const lines = linesOf({
      differences: [{ what: 'settings.batch', a: '1', b: '4', case: 'cpu' }],
      noted: [{ what: 'environment.node', a: '20.0.0', b: '22.0.0' }],
      unmatched: { a: ['batch 1', 'batch 2'], b: ['batch 8'] },
      warnings: ['One process each.'],
    });
    expect(lines.filter((line) => line.startsWith('- '))).toEqual([
      '- compared by force although settings.batch (cpu) differs: 1 and 4',
      '- environment.node differs: 20.0.0 and 22.0.0',
      '- only in the first: batch 1, batch 2',
      '- only in the second: batch 8',
      '- One process each.',
    ]);
  });

  it('ends with a line break and has no list where there is nothing to say', () => {
    const text = formatComparisonMarkdown(comparisonWith());
    expect(text.endsWith('|\n\n') || text.endsWith('|\n')).toBe(true);
    expect(text).not.toMatch(/^- /m);
  });

  it('keeps names and reasons from becoming markup', () => {
    const hostile = '<img src=x>|**b**\n# c';
    const outcome: ConditionOutcome = {
      text: hostile,
      condition: parseCondition('p50>+5%'),
      case: hostile,
      holds: true,
      isDecided: true,
      reason: hostile,
    };
    const [first] = comparisonWith().cases;
    const text = formatComparisonMarkdown(
      comparisonWith({
        b: { ...SIDE, name: hostile },
        cases: [{ ...first!, label: hostile }],
        noted: [{ what: hostile, a: hostile, b: hostile }],
        unmatched: { a: [hostile], b: [] },
        warnings: [hostile],
      }),
      [outcome],
    );
    expect(text).not.toContain('<img');
    expect(text).not.toContain('**b**');
    expect(text).not.toMatch(/^# c/m);
  });
});
