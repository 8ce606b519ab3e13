// SPDX-License-Identifier: Apache-2.0
import { type BenchResult, type Distribution, type LatencyBlock } from '../../result';
import { USUAL_PERCENTILES } from '../../stats/distribution';
import { type Charts, type ChartSeries } from '../../../html/chart';
import { latencyBars, mergeBlocks, percentileCurve, percentilePlace } from './latency-shape';
import { html, type Html, type Part } from '../../../html/markup';
import { formatCount, formatMs, formatNumber, formatShare, shorten } from '../../../html/numbers';
import { section, type Section, table } from '../../../html/table';

/** How the latency is distributed: curve, histogram, table. */
export function latencySection(result: BenchResult, charts: Charts, prefix: string): Section {
  const rows = distributionRows(result);
  return section(
    `${prefix}latency`,
    'Latency',
    result.blocks.length > 0 &&
      html`<div class="pair">${curveFigure(result, charts)}${histogramFigure(result, charts)}</div>`,
    distributionTable('Latency in milliseconds', rows),
    html`<p class="note">
      From the call until its outputs can be read, in JavaScript.
      ${
        result.serviceMs !== undefined &&
        'Calls of an open loop count from the moment that the schedule says; service time counts from the real call.'
      }
    </p>`,
  );
}

function distributionRows(result: BenchResult): [string, Distribution][] {
  const rows: [string, Distribution | undefined][] = [
    ['Latency', result.latencyMs],
    ['Service time', result.serviceMs],
    ['Send delay', result.sendDelayMs],
    ['Pipelined latency', result.pipelined?.latencyMs],
  ];
  return rows.filter((row): row is [string, Distribution] => row[1] !== undefined);
}

/** A table of distributions in milliseconds; percentiles that were asked for stand among the usual ones. */
export function distributionTable(
  caption: string,
  rows: readonly (readonly [string, Distribution])[],
  counted = 'calls',
): Html {
  const asked = [...new Set(rows.flatMap(([, times]) => Object.keys(times.percentiles ?? {})))]
    .map(Number)
    .filter((percent) => !USUAL_PERCENTILES.some(([, usual]) => usual === percent));
  const percents = [...USUAL_PERCENTILES.map(([, percent]) => percent), ...asked].sort((a, b) => a - b);
  const isBeyondCount = (times: Distribution, percent: number) => times.count * (1 - percent / 100) < 1;
  const columns = [
    { title: '', isText: true },
    ...[counted, 'mean', 'σ', 'min'].map((title) => ({ title })),
    ...percents.map((percent) => ({ title: `p${percent}` })),
    { title: 'max' },
  ];
  const cells = rows.map(([name, times]): Part[] => [
    name,
    formatCount(times.count),
    ...[times.mean, times.deviation, times.min].map((value) => formatNumber(value)),
    ...percents.map((percent) => {
      const text = formatNumber(percentileOf(times, percent));
      return isBeyondCount(times, percent) ? html`<span class="thin">${text} †</span>` : text;
    }),
    formatNumber(times.max),
  ]);
  const hasThin = rows.some(([, times]) => percents.some((percent) => isBeyondCount(times, percent)));
  return html`${table(caption, columns, cells)}${
    hasThin &&
    html`<p class="note">† Too few ${counted} for this percentile: the value is the largest of all.</p> `
  }`;
}

function percentileOf(times: Distribution, percent: number): number | undefined {
  const usual = USUAL_PERCENTILES.find(([, value]) => value === percent);
  if (usual !== undefined) return times[usual[0]];
  return Object.entries(times.percentiles ?? {}).find(([name]) => Number(name) === percent)?.[1];
}

function curveFigure(result: BenchResult, charts: Charts): Html {
  const { latencyMs, serviceMs } = result;
  const [xs, ys] = percentileCurve(mergeBlocks(result.blocks), latencyMs.max);
  const service = serviceMs === undefined ? [] : [serviceCurve(serviceMs, xs)];
  return charts.figure(
    {
      title: 'Percentiles',
      x: { label: 'percentile', kind: 'percentile' },
      y: { label: 'ms', isLog: isWide(latencyMs.min, latencyMs.max) },
      xs,
      series: [{ label: 'latency', color: 1, draw: 'line', ys }, ...service],
    },
    `Median ${formatMs(latencyMs.p50)}, 99th percentile ${formatMs(latencyMs.p99)}, slowest ${formatMs(latencyMs.max)}.`,
  );
}

/** The service time has no histogram in the document: its curve joins the percentiles that are there. */
function serviceCurve(times: Distribution, xs: readonly number[]) {
  const known = [
    [0, times.min],
    ...USUAL_PERCENTILES.map(([key, percent]) => [percentilePlace(percent / 100), times[key]]),
  ] as [number, number][];
  const ys = xs.map((x) => {
    const next = known.findIndex(([place]) => place >= x);
    if (next <= 0) return next === 0 ? times.min : null;
    const [fromX, from] = known[next - 1]!;
    const [toX, to] = known[next]!;
    return shorten(from + ((x - fromX) / (toX - fromX)) * (to - from));
  });
  return { label: 'service time', color: 2, draw: 'line' as const, dash: [6, 4], ys };
}

function histogramFigure({ blocks, latencyMs }: BenchResult, charts: Charts): Html {
  const bars = latencyBars(mergeBlocks(blocks), latencyMs.min, latencyMs.max);
  const beyond =
    bars.beyond > 0 &&
    `${formatCount(bars.beyond)} of ${formatCount(latencyMs.count)} calls (${formatShare(bars.beyond / latencyMs.count, 2)}) took longer than ${formatMs(bars.endMs)}`;
  return charts.figure(
    {
      title: 'Histogram',
      x: { label: 'ms', kind: 'number' },
      y: { label: '% of calls', fromZero: true },
      xs: bars.edgesMs,
      series: [{ label: 'calls', color: 1, draw: 'bars', ys: bars.percent }],
      marks: [
        { x: shorten(latencyMs.p50), label: 'p50' },
        { x: shorten(latencyMs.p99), label: 'p99' },
      ].filter(({ x }) => x <= bars.endMs),
    },
    `From ${formatMs(latencyMs.min)} to ${formatMs(latencyMs.max)}; half of the calls took less than ${formatMs(latencyMs.p50)}.`,
    beyond === false ? null : beyond,
  );
}

/** Whether values from `low` to `high` need a logarithmic axis: the small ones would be a flat line. */
function isWide(low: number, high: number): boolean {
  return low > 0 && high / low > 8;
}

/** Latency and throughput of each piece of the measurement. */
export function timelineSection(result: BenchResult, charts: Charts, prefix: string): Section | null {
  const { blocks } = result;
  if (blocks.length === 0) return null;
  return section(
    `${prefix}timeline`,
    'Over time',
    latencyOverTime(blocks, charts, prefix),
    throughputOverTime(blocks, charts, prefix),
    windowsTable(result),
    blocksTable(blocks),
  );
}

/** Seconds from the start of the measurement, in the middle of the block. */
const middleOf = ({ startMs, endMs }: LatencyBlock) => shorten((startMs + endMs) / 2000);

const rateOf = ({ inferences, startMs, endMs }: LatencyBlock) => (inferences / (endMs - startMs)) * 1000;

function latencyOverTime(blocks: readonly LatencyBlock[], charts: Charts, prefix: string): Html {
  const medians = blocks.map((block) => block.p50Ms);
  const slowest = Math.max(...blocks.map((block) => block.maxMs));
  const lines = [
    { label: 'p50', color: 1, of: (block: LatencyBlock) => block.p50Ms },
    { label: 'p99', color: 2, dash: [7, 4], of: (block: LatencyBlock) => block.p99Ms },
    { label: 'max', color: 4, dash: [2, 3], of: (block: LatencyBlock) => block.maxMs },
  ];
  return charts.figure(
    {
      title: 'Latency',
      x: { label: 's', kind: 'number' },
      y: { label: 'ms', isLog: isWide(Math.min(...medians), slowest) },
      xs: blocks.map(middleOf),
      series: coinciding(
        lines.map(({ of, ...line }) => ({
          ...line,
          draw: 'line' as const,
          ys: blocks.map((block) => shorten(of(block))),
        })),
      ),
      sync: `${prefix}time`,
    },
    `The median of ${formatCount(blocks.length)} pieces lies between ${formatMs(Math.min(...medians))} and ${formatMs(Math.max(...medians))}; the slowest call took ${formatMs(slowest)}.`,
    'of each piece of the measurement',
  );
}

/** Lines that are the same everywhere, as where each piece is one call, drawn once under all their names. */
function coinciding(lines: readonly ChartSeries[]): ChartSeries[] {
  const drawn = new Map<string, ChartSeries>();
  for (const line of lines) {
    const key = line.ys.join();
    const same = drawn.get(key);
    drawn.set(key, same === undefined ? line : { ...same, label: `${same.label} = ${line.label}` });
  }
  return [...drawn.values()];
}

function throughputOverTime(blocks: readonly LatencyBlock[], charts: Charts, prefix: string): Html {
  const rates = blocks.map((block) => shorten(rateOf(block)));
  return charts.figure(
    {
      title: 'Throughput',
      x: { label: 's', kind: 'number' },
      y: { label: 'inferences/s', fromZero: true },
      xs: blocks.map(middleOf),
      series: [{ label: 'inferences/s', color: 3, draw: 'line', ys: rates }],
      sync: `${prefix}time`,
      isLow: true,
    },
    `Between ${formatNumber(Math.min(...rates))} and ${formatNumber(Math.max(...rates))} inferences per second.`,
  );
}

function windowsTable({ windows, settings }: BenchResult): Html | null {
  if (windows.length === 0) return null;
  const judged = settings.stabilityLatency;
  const columns = [
    { title: 'window' },
    { title: 'calls' },
    { title: 'inferences/s' },
    { title: 'mean ms' },
    ...(judged === 'mean' ? [] : [{ title: `${judged} ms` }]),
  ];
  const rows = windows.map((window, index) => [
    index + 1,
    formatCount(window.inferences),
    formatNumber(window.inferencesPerSecond),
    formatNumber(window.meanLatencyMs),
    ...(judged === 'mean' ? [] : [formatNumber(window.judgedLatencyMs)]),
  ]);
  return table('Windows that stability was judged by', columns, rows, 'compact');
}

function blocksTable(blocks: readonly LatencyBlock[]): Html {
  const columns = ['from s', 'calls', 'inferences/s', 'mean ms', 'p50 ms', 'p99 ms', 'max ms'];
  const rows = blocks.map((block) => [
    formatNumber(block.startMs / 1000),
    formatCount(block.inferences),
    ...[rateOf(block), block.meanMs, block.p50Ms, block.p99Ms, block.maxMs].map((value) =>
      formatNumber(value),
    ),
  ]);
  return html`<details>
    <summary>All ${blocks.length} pieces as a table</summary>
    ${table(
      'Pieces of the measurement',
      columns.map((title) => ({ title })),
      rows,
    )}
  </details> `;
}
