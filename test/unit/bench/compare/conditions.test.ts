// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { compareResults } from '../../../../lib/bench/compare/compare-documents';
import { checkConditions, parseCondition, parseConditions } from '../../../../lib/bench/compare/conditions';
import { TensorRTError } from '../../../../lib/errors';
import { uniform } from '../../../simulated-device';
import { resultOfDraws } from './drawn-results';

const noisy = (seed: number, slowness = 1, calls = 3000) => {
  const random = uniform(seed);
  return resultOfDraws(() => 10 * slowness * (1 + 0.05 * (random() - 0.5)), calls);
};

const thrownBy = (act: () => unknown): TensorRTError => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(TensorRTError);
    return error as TensorRTError;
  }
  throw new Error('nothing was thrown');
};

describe('reading a condition', () => {
  it.each([
    ['p99>+5%', 'p99', '>', { kind: 'change', percent: 5 }],
    ['p99>5%', 'p99', '>', { kind: 'change', percent: 5 }],
    [' throughput < -3% ', 'throughput', '<', { kind: 'change', percent: -3 }],
    ['p50>12ms', 'p50', '>', { kind: 'absolute', value: 12 }],
    ['computeMs.p50>250us', 'computeMs.p50', '>', { kind: 'absolute', value: 0.25 }],
    ['p99.9>0.5s', 'p999', '>', { kind: 'absolute', value: 500 }],
    ['throughput<900', 'throughput', '<', { kind: 'absolute', value: 900 }],
    ['gpu.energy>0.4J', 'gpu.energy', '>', { kind: 'absolute', value: 0.4 }],
  ])('understands %s', (text, metric, operator, limit) => {
    expect(parseCondition(text)).toEqual({ text: text.trim(), metric, operator, limit });
  });

  it('reads several, by comma and by repetition', () => {
    expect(parseConditions(['p50>+5%,p99>+10%', 'mean>3ms']).map(({ metric }) => metric)).toEqual([
      'p50',
      'p99',
      'mean',
    ]);
  });

  it.each(['', 'p99', 'p99>', 'p99=5%', 'p99>5', '>5%', 'p99>+12ms', 'throughput<5ms', 'p99>5%%'])(
    'refuses %j and says what it expects',
    (text) => {
      const error = thrownBy(() => parseCondition(text));
      expect(error.code).toBe('ERR_TRT_ARG_VALUE');
      expect(error.message).toContain('Expected');
      expect(error.hint).toContain("'p99>+5%'");
    },
  );
});

describe('a condition that holds always or never', () => {
  it.each([
    ['throughput<3%', 'throughput<-3%'],
    ['throughput<+3%', 'throughput<-3%'],
    ['p99>-5%', 'p99>+5%'],
  ])('%s is refused and %s proposed', (text, proposed) => {
    expect(thrownBy(() => parseCondition(text)).message).toContain(proposed);
  });

  it('is one of the greatest latency', () => {
    expect(thrownBy(() => parseCondition('max>+5%')).message).toContain('one single latency');
  });
});

describe('checking conditions', () => {
  const check = (text: string, b: ReturnType<typeof noisy>) =>
    checkConditions(compareResults(noisy(1), b), parseConditions([text]))[0]!;

  it('holds where the change is beyond the limit and was seen', () => {
    expect(check('p50>+5%', noisy(2, 1.1))).toMatchObject({ holds: true });
    expect(check('throughput<-5%', noisy(2, 1.1))).toMatchObject({ holds: true });
    expect(check('p50>+5%', noisy(2, 1.1)).reason).toMatch(
      /p50 changed by \+9\.9 % \(95 % interval .*beyond \+5\.0 %/,
    );
  });

  it('does not hold within the limit, nor in the other direction', () => {
    expect(check('p50>+15%', noisy(2, 1.1)).holds).toBe(false);
    expect(check('p50>+5%', noisy(2, 0.8)).holds).toBe(false);
  });

  it('does not hold for a change that may be noise', () => {
    const comparison = compareResults(noisy(1), noisy(2));
    const outcomes = checkConditions(comparison, ['p50>0%', 'p50<0%'].map(parseCondition));
    expect(outcomes.map(({ holds, isDecided }) => holds || isDecided)).toEqual([false, false]);
    expect(outcomes.some(({ reason }) => reason.includes('no difference was seen'))).toBe(true);
  });

  it('is undecided where the interval reaches beyond the limit', () => {
    const random = uniform(5);
    const wide = resultOfDraws(() => 10 * (1 + 0.9 * (random() - 0.5)), 600);
    expect(check('p50>+15%', noisy(2, 1.1))).toMatchObject({ holds: false, isDecided: true });
    const outcome = check('p50>+3%', wide);
    expect(outcome).toMatchObject({ text: 'p50>+3%', holds: false, isDecided: false });
    expect(outcome.reason).toContain('a longer --duration would tell');
  });

  it('decides nothing of a side that failed or of a case that B lost', () => {
    const failed = { ...noisy(2), end: 'failed' as const };
    expect(check('p50>+5%', failed)).toMatchObject({ holds: false, isDecided: false });
    expect(check('p50>12ms', failed)).toMatchObject({ holds: false, isDecided: false });
    const comparison = { ...compareResults(noisy(1), noisy(2)), unmatched: { a: ['batch 4'], b: [] } };
    const [here, lost] = checkConditions(comparison, [parseCondition('p50>12ms')]);
    expect(here).toMatchObject({ isDecided: true });
    expect(lost).toMatchObject({ case: 'batch 4', holds: false, isDecided: false });
  });

  it('compares values of B whatever A is', () => {
    expect(check('p50>10.5ms', noisy(2, 1.1)).holds).toBe(true);
    expect(check('p50>12ms', noisy(2, 1.1)).holds).toBe(false);
  });

  it('refuses a metric that is not there or cannot be judged: it could never fail a build', () => {
    expect(thrownBy(() => check('p98>+5%', noisy(2))).message).toContain('the comparison has mean, p50');
    expect(thrownBy(() => check('p9999>+5%', noisy(2))).message).toContain('was not judged');
  });
});
