// SPDX-License-Identifier: Apache-2.0
// A comparison in one sentence and three numbers.

import { type ComparedMetric, type Comparison } from '../../compare/comparison';
import { type Judgement, key } from '../../../html/verdict';
import { html, type Html } from '../../../html/markup';
import { formatChange, formatNumber, metricTitle, NOTHING } from '../../../html/numbers';

const TONES: Readonly<Record<Comparison['verdict'], Judgement['tone']>> = {
  slower: 'bad',
  faster: 'good',
  mixed: 'warn',
  'not judged': 'warn',
  'no difference seen': 'plain',
};

/** Whether B is slower, by how much, and what a build is failed for. */
export function judgeComparison(comparison: Comparison): Judgement {
  const { verdict, cases, primary, conditions = [] } = comparison;
  const metric = cases.length === 1 ? primaryMetric(comparison) : undefined;
  const change = metric === undefined ? '' : changeText(comparison, metric);
  const holding = conditions.filter(({ holds, isDecided }) => holds && isDecided);
  const undecided = conditions.filter(({ isDecided }) => !isDecided);
  const named = (list: typeof conditions) => [...new Set(list.map(({ text }) => text))].join(', ');
  return {
    tone: holding.length > 0 ? 'bad' : TONES[verdict],
    title: `${verdict.charAt(0).toUpperCase()}${verdict.slice(1)}`,
    reasons: [
      ...(change === '' ? [] : [`${metricTitle(primary)} of B against A: ${change}.`]),
      ...(holding.length === 0 ? [] : [`Fails the build: ${named(holding)}.`]),
      ...(undecided.length === 0 ? [] : [`Could not be decided: ${named(undecided)}.`]),
    ],
  };
}

/** A | B | change of the metric that decides; of several cases how many there are of each verdict. */
export function comparisonKeys(comparison: Comparison): Html | null {
  const { a, b, cases, primary } = comparison;
  if (cases.length > 1) return caseCounts(comparison);
  const metric = primaryMetric(comparison);
  if (metric === undefined) return null;
  const name = metricTitle(primary);
  return html`<dl class="keys">
    ${key(`A: ${name}`, formatNumber(metric.a), metric.unit, a.name)}
    ${key(`B: ${name}`, formatNumber(metric.b), metric.unit, b.name)}
    ${key('Change', formatChange(metric.changePercent).replace(/ %$/, ''), '%', intervalText(comparison, metric))}
  </dl> `;
}

function caseCounts({ cases }: Comparison): Html {
  const verdicts = [...new Set(cases.map(({ verdict }) => verdict))];
  return html`<dl class="keys">
    ${verdicts.map((verdict) => {
      const labels = cases.filter((one) => one.verdict === verdict).map(({ label }) => label);
      const more = labels.length > 3 ? ` and ${labels.length - 3} more` : '';
      return key(
        `Cases: ${verdict}`,
        String(labels.length),
        `of ${cases.length}`,
        `${labels.slice(0, 3).join(', ')}${more}`,
      );
    })}
  </dl> `;
}

function primaryMetric({ cases, primary }: Comparison): ComparedMetric | undefined {
  return cases[0]?.metrics.find(({ name }) => name === primary);
}

function changeText(
  { confidence }: Comparison,
  { changePercent, intervalPercent, reason }: ComparedMetric,
): string {
  const change = formatChange(changePercent);
  if (change === NOTHING) return '';
  const interval =
    intervalPercent === null
      ? ''
      : ` (${formatNumber(confidence * 100, 2)} % interval ${formatChange(intervalPercent.low)} … ${formatChange(intervalPercent.high)})`;
  return `${change}${interval}${reason === undefined ? '' : `; not judged: ${reason}`}`;
}

function intervalText({ confidence }: Comparison, { intervalPercent, reason }: ComparedMetric): string {
  if (intervalPercent === null) return reason ?? 'no interval';
  const { low, high } = intervalPercent;
  return `${formatNumber(confidence * 100, 2)} % CI ${formatChange(low)} … ${formatChange(high)}`;
}
