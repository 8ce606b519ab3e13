// SPDX-License-Identifier: Apache-2.0
import {
  type ComparedCase,
  type ComparedMetric,
  type Comparison,
  type Difference,
} from '../../compare/comparison';
import { html, type Html } from './markup';
import { formatChange, formatNumber, NOTHING } from './numbers';
import { section, type Section, table } from './table';

const TONES: Readonly<Record<string, string>> = { slower: 'bad', faster: 'good', mixed: 'warn' };

/** Measurement B against measurement A. */
export function comparisonSection(comparison: Comparison): Section {
  const { a, b, verdict, primary, method, rounds } = comparison;
  return section(
    'comparison',
    'Comparison',
    html`<p>
      <b>${b.name}</b> against <b>${a.name}</b>: ${verdictTag(verdict)} by ${primary},
      ${method === 'interleaved' ? `over ${rounds ?? 'several'} interleaved rounds` : 'by resampling the pieces of both'}.
      Intervals are at ${formatNumber(comparison.confidence * 100, 2)} % confidence; changes below
      ${formatNumber(comparison.thresholdPercent, 1)} % count as none.
    </p>`,
    comparison.warnings.length > 0 &&
      html`<ul class="warnings">
        ${comparison.warnings.map((warning) => html`<li>${warning}</li> `)}
      </ul>`,
    comparison.cases.map((one) => caseTable(one, comparison)),
    differences('Differences for which it would have been refused', comparison.differences),
    differences('Other differences', comparison.noted),
    unmatched(comparison),
  );
}

function verdictTag(verdict: string): Html {
  return html`<span class="tag ${TONES[verdict] ?? 'plain'}">${verdict}</span>`;
}

function caseTable({ label, metrics, stable }: ComparedCase, { a, b }: Comparison): Html {
  const columns = [
    { title: 'metric', isText: true },
    { title: a.name },
    { title: b.name },
    { title: 'unit', isText: true },
    { title: 'change' },
    { title: 'interval' },
    { title: 'p-value' },
    { title: 'verdict', isText: true },
  ];
  const unstable = [!stable.a && a.name, !stable.b && b.name].filter((name) => name !== false);
  return html`${table(label, columns, metrics.map(metricRow))}${
    unstable.length > 0 && html`<p class="note">Not stable: ${unstable.join(', ')}.</p> `
  }`;
}

function metricRow(metric: ComparedMetric) {
  const { intervalPercent, pValue, reason } = metric;
  return [
    metric.name,
    formatNumber(metric.a),
    formatNumber(metric.b),
    metric.unit,
    formatChange(metric.changePercent),
    intervalPercent === null
      ? NOTHING
      : `${formatChange(intervalPercent.low)} … ${formatChange(intervalPercent.high)}`,
    pValue === null ? NOTHING : pValue < 0.001 ? '< 0.001' : pValue.toFixed(3),
    html`${verdictTag(metric.verdict)}${reason !== undefined && ` ${reason}`}`,
  ];
}

function differences(caption: string, list: readonly Difference[]): Html | null {
  if (list.length === 0) return null;
  const columns = ['what', 'a', 'b', 'case'].map((title) => ({ title, isText: true }));
  return table(
    caption,
    columns,
    list.map(({ what, a, b, case: label }) => [what, a, b, label ?? 'all']),
    'wraps',
  );
}

function unmatched({ a, b, unmatched: labels }: Comparison): Html[] {
  const sides = [
    { name: a.name, only: labels.a },
    { name: b.name, only: labels.b },
  ];
  return sides
    .filter(({ only }) => only.length > 0)
    .map(({ name, only }) => html`<p class="note">Only in ${name}: ${only.join(', ')}.</p> `);
}
