// SPDX-License-Identifier: Apache-2.0
import {
  type ComparedCase,
  type ComparedMetric,
  type Comparison,
  type ConditionOutcome,
  type Difference,
} from '../../compare/comparison';
import { type BenchDocument, type BenchResult } from '../../result';
import { type Charts } from '../../../html/chart';
import { comparisonKeys, judgeComparison } from './comparison-headline';
import { formatDate } from './conditions';
import { verdict } from '../../../html/verdict';
import { html, type Html, type Part } from '../../../html/markup';
import { formatChange, formatNumber, metricTitle, NOTHING } from '../../../html/numbers';
import { casePanels, overviewSections } from './suite';
import { section, type Section, table, withContents } from '../../../html/table';

const TONES: Readonly<Record<string, string>> = { slower: 'bad', faster: 'good', mixed: 'warn' };

/** Rounds beyond these have a row and no details: a page of hundreds of them helps nobody. */
const MOST_DETAILED = 20;

/** What the details below a comparison are made of. */
interface Details {
  /** The second side, or its last round. */
  readonly document: BenchDocument | undefined;
  readonly charts: Charts;
}

/** A page about a comparison: its verdict and numbers first, then what was measured of B. */
export function comparisonBody(title: string, comparison: Comparison, details: Details): Html {
  const { a, b, warnings, failures = [] } = comparison;
  const parts = [
    numbersSection(comparison),
    conditionsSection(comparison.conditions ?? []),
    roundsSection(comparison),
    differencesSection(comparison),
  ];
  return html`<header>
      <h1>${title}</h1>
      <p class="subtitle">
        <b>${b.name}</b> against <b>${a.name}</b> · ${b.device} · ${b.backend} ·
        <time datetime="${b.date}">${formatDate(b.date)}</time>
      </p>
      ${verdict(judgeComparison(comparison))} ${comparisonKeys(comparison)}
      ${noteList([...failures, ...warnings])}
    </header>
    ${withContents(parts.filter((part) => part !== null))} ${detailsOfB(comparison, details)}`;
}

function noteList(notes: readonly string[]): Html | null {
  if (notes.length === 0) return null;
  return html`<ul class="warnings" aria-label="Warnings">
    ${notes.map((note) => html`<li>${note}</li> `)}
  </ul>`;
}

function numbersSection(comparison: Comparison): Section {
  const { primary, method, rounds } = comparison;
  return section(
    'comparison',
    'Comparison',
    html`<p>
      ${metricTitle(primary)} decides,
      ${method === 'interleaved' ? `over ${rounds ?? 'several'} interleaved rounds` : 'by resampling the pieces of both'}.
      Intervals are at ${formatNumber(comparison.confidence * 100, 2)} % confidence; changes below
      ${formatNumber(comparison.thresholdPercent, 1)} % count as none.
    </p>`,
    comparison.cases.map((one) => caseTable(one, comparison)),
    unmatched(comparison),
  );
}

/** What a build may be failed for, and whether it is. */
function conditionsSection(outcomes: readonly ConditionOutcome[]): Section | null {
  if (outcomes.length === 0) return null;
  const columns = ['condition', 'state', 'case', 'reason'].map((title) => ({ title, isText: true }));
  const rows = outcomes.map((outcome) => [
    html`<code>${outcome.text}</code>`,
    stateTag(outcome),
    outcome.case,
    outcome.reason,
  ]);
  return section('conditions', 'Conditions', table('What a build fails for', columns, rows, 'wraps'));
}

function stateTag({ holds, isDecided }: ConditionOutcome): Html {
  if (!isDecided) return html`<span class="tag warn">undecided</span>`;
  return holds ? html`<span class="tag bad">holds</span>` : html`<span class="tag good">passes</span>`;
}

/** Each pair of measurements: what the interval is made of. */
function roundsSection({ measurements, a, b }: Comparison): Section | null {
  if (measurements === undefined || measurements.b.length === 0) return null;
  const columns = [
    { title: 'round' },
    { title: `${a.name}: p50 ms` },
    { title: `${b.name}: p50 ms` },
    { title: 'change' },
    { title: `${a.name}: inferences/s` },
    { title: `${b.name}: inferences/s` },
  ];
  const rows = measurements.b.map((ofB, index): Part[] => {
    const ofA: BenchResult | undefined = measurements.a[index];
    return [
      index + 1,
      formatNumber(ofA?.latencyMs.p50),
      formatNumber(ofB.latencyMs.p50),
      formatChange(ofA === undefined ? null : (ofB.latencyMs.p50 / ofA.latencyMs.p50 - 1) * 100),
      formatNumber(ofA?.throughput.inferencesPerSecond),
      formatNumber(ofB.throughput.inferencesPerSecond),
    ];
  });
  return section('rounds', 'Rounds', table('Measurements in the order of the rounds', columns, rows));
}

function differencesSection({ differences, noted }: Comparison): Section | null {
  if (differences.length + noted.length === 0) return null;
  return section(
    'differences',
    'What differs',
    differencesTable('Differences for which it would have been refused', differences),
    differencesTable('Other differences', noted),
  );
}

/** What was measured of B: its rounds one by one, or the document that was compared. */
function detailsOfB(comparison: Comparison, { document, charts }: Details): Html | null {
  const { b, measurements, rounds } = comparison;
  const ofRounds = (measurements?.b ?? []).slice(0, MOST_DETAILED);
  if (ofRounds.length > 0)
    return casePanels(ofRounds, charts, (_result, index) => `Round ${index + 1} of ${b.name}`);
  if (document === undefined) return null;
  if (document.kind === 'suite')
    return html`${overviewSections(document, charts)} ${casePanels(document.measurements, charts)}`;
  const name = rounds === undefined ? b.name : `Round ${rounds} of ${b.name}`;
  return casePanels([document], charts, () => name);
}

function verdictTag(verdict: string): Html {
  return html`<span class="tag ${TONES[verdict] ?? 'plain'}">${verdict}</span>`;
}

/** The numbers that the verdict rests on. */
function caseTable({ label, metrics, stable }: ComparedCase, { a, b }: Comparison): Html {
  const columns = [
    { title: 'metric', isText: true },
    { title: `A: ${a.name}` },
    { title: `B: ${b.name}` },
    { title: 'unit', isText: true },
    { title: 'change' },
    { title: 'interval' },
    { title: 'p-value' },
    { title: 'verdict', isText: true },
  ];
  const unstable = [!stable.a && a.name, !stable.b && b.name].filter((name) => name !== false);
  return html`${table(label, columns, metrics.map(metricRow), 'verdicts')}${
    unstable.length > 0 && html`<p class="note">Not stable: ${unstable.join(', ')}.</p> `
  }`;
}

function metricRow(metric: ComparedMetric) {
  const { intervalPercent, pValue, reason } = metric;
  return [
    metricTitle(metric.name),
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

function differencesTable(caption: string, list: readonly Difference[]): Html | null {
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
