// SPDX-License-Identifier: Apache-2.0
// Several measurements for people: one table, then what they have in common.

import type { BenchResult, BenchSuite, BenchWarning } from '../../bench/result';
import { isEmpty } from '../../bench/formats/document-parts';
import type { Style } from '../terminal/style';
import type { Terminal } from '../terminal/terminal';
import { formatFacts, formatTable, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { digits3, formatBytes, formatMs, plural } from '../values/format';
import { formatRate } from './result-view';
import { describeSettings } from './settings-view';
import { isAvailable } from './usage-view';
import { formatError, formatMissing, formatState, formatWarning, missing } from './verdict-view';

interface SuiteColumn {
  readonly title: string;
  readonly cell: (result: BenchResult) => string | null;
  /** Whether it says anything beside the others. */
  readonly isWanted?: (results: readonly BenchResult[]) => boolean;
}

const ms = (value: number) => value.toFixed(value < 100 ? 3 : 1);

/** Columns that no measurement has are left out. */
const COLUMNS: readonly SuiteColumn[] = [
  { title: 'inferences/s', cell: ({ throughput }) => formatRate(throughput.inferencesPerSecond) },
  {
    title: 'samples/s',
    cell: ({ throughput }) => formatRate(throughput.samplesPerSecond),
    isWanted: (results) => results.some(({ settings }) => settings.batch !== 1),
  },
  { title: 'p50 ms', cell: ({ latencyMs }) => ms(latencyMs.p50) },
  { title: 'p90', cell: ({ latencyMs }) => ms(latencyMs.p90) },
  { title: 'p99', cell: ({ latencyMs }) => ms(latencyMs.p99) },
  { title: 'max', cell: ({ latencyMs }) => ms(latencyMs.max) },
  { title: 'compute p50', cell: ({ computeMs }) => (computeMs === undefined ? null : ms(computeMs.p50)) },
  { title: 'loop p99', cell: ({ eventLoopDelayMs }) => ms(eventLoopDelayMs.p99) },
  {
    title: 'mJ/inference',
    cell: ({ gpu, cpuEnergy }) => {
      const energy = isAvailable(gpu) ? gpu.energy : isAvailable(cpuEnergy) ? cpuEnergy : undefined;
      return energy === undefined ? null : digits3(energy.joulesPerInference * 1000);
    },
  },
  {
    title: 'size',
    cell: ({ modelBytes, case: { precision } }) =>
      modelBytes === undefined || precision === undefined ? null : formatBytes(modelBytes),
  },
  {
    title: 'cosine',
    cell: ({ accuracy }) =>
      accuracy === undefined || accuracy.length === 0
        ? null
        : Math.min(...accuracy.map(({ cosine }) => cosine)).toFixed(6),
  },
  {
    title: 'top-1',
    cell: ({ accuracy = [] }) => {
      const shares = accuracy.flatMap(({ top1Agreement }) =>
        top1Agreement === undefined ? [] : [top1Agreement],
      );
      return shares.length === 0 ? null : `${(Math.min(...shares) * 100).toFixed(1)} %`;
    },
  },
  { title: '', cell: stateOf },
];

function stateOf(result: BenchResult): string {
  const { stable, end } = result;
  if (isEmpty(result)) return end === 'complete' ? 'nothing was measured' : `${end}, nothing was measured`;
  return end === 'complete' ? (stable ? 'stable' : 'not stable') : end;
}

/** The measurements of a suite. */
export function formatSuite(suite: BenchSuite, { style }: Terminal): string[] {
  const { measurements, failed, environment } = suite;
  const models = [...new Set(measurements.map(({ model }) => printable(model)))];
  const versions = Object.entries(environment.versions).map(([name, version]) => `${name} ${version}`);
  const common: [string, string][] = [
    ...commonSettings(measurements),
    ['machine', `${environment.cpu.model}, ${plural(environment.cpu.cores, 'core')}`],
    ['versions', [`Node ${environment.node}`, ...versions].join(', ')],
  ];
  return [
    `${style.bold(models.join(', ') || 'nothing was measured')}  ${style.dim(`by ${suite.axes.join(' and ')}`)}`,
    '',
    ...indent(formatMeasurements(measurements, style)),
    ...failed.map(
      ({ label, error }) =>
        `  ${style.red('failed')}  ${printable(label)}: ${printable(error.message)}  ${style.dim(error.code)}`,
    ),
    ...formatSearch(suite, style),
    '',
    ...indent(formatFacts(common, style.dim)),
    ...formatRemarks(measurements, style),
  ];
}

function formatMeasurements(results: readonly BenchResult[], style: Style): string[] {
  if (results.length === 0) return [];
  const cellOf = ({ title, cell }: SuiteColumn, result: BenchResult) =>
    isEmpty(result) && title !== '' ? null : cell(result);
  const used = COLUMNS.filter(
    (column) =>
      column.isWanted?.(results) !== false && results.some((result) => cellOf(column, result) !== null),
  );
  return formatTable(
    [
      { title: 'case' },
      ...used.map(({ title }) => ({ title, align: title === '' ? ('left' as const) : ('right' as const) })),
    ],
    results.map((result) => [printable(result.label), ...used.map((column) => cellOf(column, result) ?? '')]),
    style.dim,
  );
}

/** Settings that all measurements share; what differs is in their labels. */
function commonSettings(results: readonly BenchResult[]): [string, string][] {
  const all = results.map((result) => describeSettings(result));
  const [first = []] = all;
  return first.map(([label, value], index) => {
    const parts = value
      .split(', ')
      .filter((part) => all.every((facts) => facts[index]?.[1].split(', ').includes(part)));
    return [label, parts.join(', ')];
  });
}

function formatSearch({ search }: BenchSuite, style: Style): string[] {
  if (search === undefined) return [];
  const bound = `${search.limit.percentile} within ${formatMs(search.limit.milliseconds)}`;
  const answer =
    search.highestRatePerSecond === null
      ? `no rate that was tried keeps ${bound}`
      : `${style.bold(`${formatRate(search.highestRatePerSecond)} inferences/s`)} is the highest rate with ${bound}`;
  const refused = search.tried.filter(({ isWithinLimit }) => !isWithinLimit);
  return [
    '',
    `  ${answer}`,
    ...refused.map(({ ratePerSecond, reason }) =>
      style.dim(`  ${formatRate(ratePerSecond)}/s is too high: ${reason}`),
    ),
  ];
}

/** What is to be known about each measurement; what could not be read once for all. */
function formatRemarks(results: readonly BenchResult[], style: Style): string[] {
  const remarks = results.flatMap((result) =>
    [
      ...(result.stable || isEmpty(result) ? [] : [formatState(result, style)]),
      ...formatError(result, style),
    ].map((line) => `${style.dim(printable(result.label))}  ${line}`),
  );
  const unread = formatMissing([...new Set(results.flatMap(missing))], style);
  const all = [...remarks, ...formatWarnings(results, style), ...unread];
  return all.length === 0 ? [] : ['', ...indent(all)];
}

/** Warnings of the machine are the same for all; others are joined where they say the same. */
function formatWarnings(results: readonly BenchResult[], style: Style): string[] {
  const said = new Map<string, { warning: BenchWarning; labels: Set<string> }>();
  for (const { label, warnings } of results) {
    for (const warning of warnings) {
      const kind = warning.code === 'busy-machine' ? warning.code : warning.message;
      const entry = said.get(kind) ?? { warning, labels: new Set() };
      entry.labels.add(label);
      said.set(kind, entry);
    }
  }
  return [...said.values()].map(({ warning, labels }) => {
    const [first = ''] = labels;
    const many = labels.size === results.length ? 'all cases' : `${labels.size} cases`;
    const where = labels.size === 1 ? printable(first) : many;
    return `${style.dim(where)}  ${formatWarning(warning, style)}`;
  });
}
