// SPDX-License-Identifier: Apache-2.0
import { type BenchAxis, type BenchResult, type BenchSuite, type RateSearchResult } from '../../result';
import { isEmpty } from '../document-parts';
import { accuracyOfAll } from './accuracy';
import { type ChartSeries, type Charts } from '../../../html/chart';
import { failure, judgeResult, keyNumbers, subtitle, warningList } from './headline';
import { verdict } from '../../../html/verdict';
import { html, type Html, type Part } from '../../../html/markup';
import { measurementSections } from './measurement';
import { formatBytes, formatJoules, formatNumber, NOTHING, shorten } from '../../../html/numbers';
import { isUnavailable } from './resources';
import { bar, section, type Section, table, withContents } from '../../../html/table';

/** All cases in one table and one chart. */
export function overviewSections(suite: BenchSuite, charts: Charts): Section[] {
  const sections = [
    suite.search === undefined ? null : searchSection(suite.search),
    section('overview', 'All cases', sweepFigures(suite, charts), casesTable(suite)),
    accuracyOfAll(suite.measurements),
    failedSection(suite),
  ];
  return sections.filter((part) => part !== null);
}

const SWEPT: readonly BenchAxis[] = ['rate', 'concurrency', 'batch'];
const AXIS_KEYS = {
  device: 'device',
  precision: 'precision',
  batch: 'batch',
  concurrency: 'concurrency',
  rate: 'ratePerSecond',
} as const;

/** What the points of the sweep's lines are labelled with; null where the suite is no sweep. */
function sweptAxis({ axes, measurements }: BenchSuite): BenchAxis | null {
  const values = (axis: BenchAxis) => new Set(measurements.map((result) => result.case[AXIS_KEYS[axis]]));
  return SWEPT.find((axis) => axes.includes(axis) && values(axis).size > 1) ?? null;
}

function sweepFigures(suite: BenchSuite, charts: Charts): Html | null {
  const axis = sweptAxis(suite);
  if (axis === null) return null;
  if (axis === 'batch' && isAlone(suite, axis)) return batchFigures(suite, charts);
  const figures = (['p50', 'p99'] as const).map((percentile) => {
    const lines = sweepLines(suite, axis, percentile);
    const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
    const latencies = suite.measurements.map(({ latencyMs }) => latencyMs[percentile]);
    return charts.figure(
      {
        title: `Throughput and ${percentile} latency`,
        x: { label: 'samples/s', kind: 'number', isLog: axis === 'rate' && xs[0]! > 0 },
        y: { label: `${percentile} ms`, isLog: Math.max(...latencies) / Math.min(...latencies) > 20 },
        xs,
        series: lines.map((line) => ({
          ...line,
          ys: xs.map((x) => line.points.find(([at]) => at === x)?.[1] ?? null),
        })),
      },
      `One point for each case, one line for each of ${lines.map(({ label }) => label).join(', ')}; the table holds the numbers.`,
      `points are labelled with the ${axis}`,
    );
  });
  return html`<div class="pair">${figures}</div>`;
}

/** Whether the other axes have one value each. */
function isAlone({ axes, measurements }: BenchSuite, axis: BenchAxis): boolean {
  const others = axes.filter((other) => other !== axis);
  return others.every((other) => new Set(measurements.map((result) => caseValue(result, other))).size < 2);
}

/** What a larger batch gains, and what it costs. */
function batchFigures({ measurements }: BenchSuite, charts: Charts): Html {
  const sorted = measurements
    .filter((result) => !isEmpty(result))
    .sort((a, b) => a.settings.batch - b.settings.batch);
  const xs = sorted.map(({ settings }) => settings.batch);
  const isLog = xs.length > 1 && xs.at(-1)! / xs[0]! >= 8;
  const figures = [
    {
      title: 'Throughput by batch',
      unit: 'samples/s',
      of: (one: BenchResult) => one.throughput.samplesPerSecond,
    },
    { title: 'p50 latency by batch', unit: 'ms', of: (one: BenchResult) => one.latencyMs.p50 },
    { title: 'p99 latency by batch', unit: 'ms', of: (one: BenchResult) => one.latencyMs.p99 },
  ].map(({ title, unit, of }, index) => {
    const ys = sorted.map((result) => shorten(of(result)));
    const points = xs.map((x, place) => [x, ys[place]!, String(x)] as const);
    return charts.figure(
      {
        title,
        x: { label: 'batch', kind: 'number', isLog },
        y: { label: unit, fromZero: true },
        xs,
        series: [{ label: unit, color: 1 + index, draw: 'path', ys, points }],
      },
      `Between ${formatNumber(Math.min(...ys))} and ${formatNumber(Math.max(...ys))} ${unit}; the table holds the numbers.`,
    );
  });
  return html`<div class="pair">${figures}</div>`;
}

const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

function sweepLines(suite: BenchSuite, axis: BenchAxis, percentile: 'p50' | 'p99') {
  const others = suite.axes.filter((other) => other !== axis);
  const lines = new Map<string, BenchResult[]>();
  for (const result of suite.measurements) {
    const name = others.map((other) => caseValue(result, other)).join(' · ') || result.device;
    lines.set(name, [...(lines.get(name) ?? []), result]);
  }
  return [...lines].map(([label, results], index) => ({
    label,
    color: 1 + (index % 6),
    draw: 'path' as const satisfies ChartSeries['draw'],
    dash: DASHES[index % DASHES.length],
    points: [...results]
      .sort((a, b) => Number(a.case[AXIS_KEYS[axis]]) - Number(b.case[AXIS_KEYS[axis]]))
      .map(
        (result) =>
          [
            shorten(result.throughput.samplesPerSecond),
            shorten(result.latencyMs[percentile]),
            caseValue(result, axis),
          ] as const,
      ),
  }));
}

function caseValue(result: BenchResult, axis: BenchAxis): string {
  const value = result.case[AXIS_KEYS[axis]];
  return typeof value === 'number' ? formatNumber(value, 3) : (value ?? NOTHING);
}

/** A column of the table of all cases; `of` gives null where a case does not have it. */
interface CaseColumn {
  readonly title: string;
  readonly of: (result: BenchResult) => Part;
}

const CASE_COLUMNS: readonly CaseColumn[] = [
  { title: 'mean ms', of: ({ latencyMs }) => formatNumber(latencyMs.mean) },
  { title: 'p50 ms', of: ({ latencyMs }) => formatNumber(latencyMs.p50) },
  { title: 'p90 ms', of: ({ latencyMs }) => formatNumber(latencyMs.p90) },
  { title: 'p99 ms', of: ({ latencyMs }) => formatNumber(latencyMs.p99) },
  { title: 'max ms', of: ({ latencyMs }) => formatNumber(latencyMs.max) },
  {
    title: 'GPU energy/inf.',
    of: ({ gpu }) =>
      gpu === undefined || isUnavailable(gpu) || gpu.energy === undefined
        ? null
        : formatJoules(gpu.energy.joulesPerInference),
  },
  {
    title: 'CPU energy/inf.',
    of: ({ cpuEnergy }) => (isUnavailable(cpuEnergy) ? null : formatJoules(cpuEnergy.joulesPerInference)),
  },
  { title: 'model', of: ({ modelBytes }) => (modelBytes === undefined ? null : formatBytes(modelBytes)) },
  {
    title: 'lowest cosine',
    of: ({ accuracy }) =>
      accuracy === undefined || accuracy.length === 0
        ? null
        : formatNumber(Math.min(...accuracy.map(({ cosine }) => cosine)), 7),
  },
];

function casesTable({ measurements }: BenchSuite): Html {
  const shown = CASE_COLUMNS.filter(({ of }) => measurements.some((result) => of(result) !== null));
  const rates = measurements.map(({ throughput }) => throughput.samplesPerSecond);
  const fastest = Math.max(...rates, 1e-12);
  const columns = [
    { title: 'case', isText: true },
    { title: 'verdict', isText: true },
    { title: 'inferences/s' },
    { title: 'samples/s' },
    { title: '', isText: true },
    ...shown.map(({ title }) => ({ title })),
  ];
  const rows = measurements.map((result, index) => {
    const { tone, title } = judgeResult(result);
    const name = [
      html`<a href="#case-${index + 1}">${result.label}</a>`,
      html`<span class="tag ${tone}">${title}</span>`,
    ];
    if (isEmpty(result)) return [...name, NOTHING, NOTHING, '', ...shown.map(() => NOTHING)];
    return [
      ...name,
      formatNumber(result.throughput.inferencesPerSecond),
      formatNumber(result.throughput.samplesPerSecond),
      bar(result.throughput.samplesPerSecond / fastest, 3),
      ...shown.map(({ of }) => of(result) ?? NOTHING),
    ];
  });
  return table('All cases', columns, rows, 'bars cases');
}

function searchSection({ limit, tried }: RateSearchResult): Section {
  const columns = [
    { title: 'calls/s' },
    { title: `${limit.percentile} ms` },
    { title: 'limit', isText: true },
    { title: 'reason', isText: true },
  ];
  const byRate = [...tried].sort((a, b) => a.ratePerSecond - b.ratePerSecond);
  const rows = byRate.map(({ ratePerSecond, milliseconds, isWithinLimit, reason }) => [
    formatNumber(ratePerSecond, 3),
    formatNumber(milliseconds),
    html`<span class="tag ${isWithinLimit ? 'good' : 'bad'}">${isWithinLimit ? 'kept' : 'not kept'}</span>`,
    reason,
  ]);
  return section(
    'search',
    'Highest rate under the limit',
    table('Rates that were tried', columns, rows, 'wraps compact'),
  );
}

function failedSection({ failed }: BenchSuite): Section | null {
  if (failed.length === 0) return null;
  const columns = [
    { title: 'case', isText: true },
    { title: 'error', isText: true },
  ];
  return section(
    'failed',
    'Cases without a measurement',
    table(
      'Cases that could not be measured, and why',
      columns,
      failed.map(({ label, error }) => [label, failure(error)]),
      'wraps',
    ),
  );
}

/** One panel for each measurement; the client shows one at a time and says which. */
export function casePanels(
  measurements: readonly BenchResult[],
  charts: Charts,
  nameOf: (result: BenchResult, index: number) => string = ({ label }) => label,
): Html | null {
  if (measurements.length === 0) return null;
  const names = measurements.map(nameOf);
  return html`<div id="cases">
    <div class="chooser needs-js">
      <label for="case-select">Details of</label>
      <select id="case-select">
        ${names.map((name, index) => html`<option value="case-${index + 1}">${name}</option> `)}
      </select>
    </div>
    ${measurements.map((result, index) => casePanel(result, charts, { id: `case-${index + 1}`, name: names[index]! }))}
  </div> `;
}

function casePanel(result: BenchResult, charts: Charts, { id, name }: { id: string; name: string }): Html {
  return html`<article class="case" id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title" tabindex="-1">${name}</h2>
    ${subtitle(result)} ${verdict(judgeResult(result))} ${keyNumbers(result)} ${warningList(result.warnings)}
    ${withContents(measurementSections(result, charts, `${id}-`))}
  </article> `;
}
