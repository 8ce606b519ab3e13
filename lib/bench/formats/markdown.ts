// SPDX-License-Identifier: Apache-2.0
// A table for pull requests and notes: one row for each measurement, then what the numbers depend on.

import type { BenchDocument, BenchResult } from '../result';
import { failuresOf, isEmpty, measurementsOf } from './document-parts';
import { formatNumber, formatRow, inlineText } from './markdown-text';
import { describeSettings } from './settings-text';

interface Column {
  readonly title: string;
  readonly value: (result: BenchResult) => string | null;
  /** Whether it says anything beside the others. */
  readonly isWanted?: (results: readonly BenchResult[]) => boolean;
}

const COLUMNS: readonly Column[] = [
  { title: 'Case', value: ({ label }) => label },
  { title: 'p50 ms', value: ({ latencyMs }) => formatNumber(latencyMs.p50) },
  { title: 'p90 ms', value: ({ latencyMs }) => formatNumber(latencyMs.p90) },
  { title: 'p99 ms', value: ({ latencyMs }) => formatNumber(latencyMs.p99) },
  { title: 'max ms', value: ({ latencyMs }) => formatNumber(latencyMs.max) },
  { title: 'compute p50 ms', value: ({ computeMs }) => (computeMs ? formatNumber(computeMs.p50) : null) },
  { title: 'inferences/s', value: ({ throughput }) => formatNumber(throughput.inferencesPerSecond) },
  {
    title: 'samples/s',
    value: ({ throughput }) => formatNumber(throughput.samplesPerSecond),
    isWanted: (results) => results.some(({ settings }) => settings.batch !== 1),
  },
  {
    title: 'event loop p99 ms',
    value: ({ eventLoopDelayMs }) => formatNumber(eventLoopDelayMs.p99),
  },
  {
    title: 'mJ/inference (GPU)',
    value: ({ gpu }) =>
      gpu === undefined || 'unavailable' in gpu || gpu.energy === undefined
        ? null
        : formatNumber(gpu.energy.joulesPerInference * 1000),
  },
  {
    title: 'MB',
    value: ({ modelBytes, case: { precision } }) =>
      modelBytes === undefined || precision === undefined ? null : formatNumber(modelBytes / 1e6),
  },
  {
    title: 'cosine',
    value: ({ accuracy }) =>
      accuracy === undefined ? null : Math.min(...accuracy.map(({ cosine }) => cosine)).toFixed(6),
  },
  {
    title: 'stable',
    value: (result) => (isEmpty(result) ? 'nothing was measured' : result.stable ? 'yes' : 'no'),
  },
];

/** The document as a Markdown table with its settings, warnings and environment below. */
export function formatMarkdown(document: BenchDocument): string {
  const results = measurementsOf(document);
  return [
    ...formatHeading(results),
    ...formatTable(results),
    ...failuresOf(document).map(
      ({ label, error }) =>
        `- **${inlineText(label)}** was not measured: ${inlineText(error.message)} [${error.code}]`,
    ),
    ...formatSearch(document),
    ...results.flatMap(formatNotes),
    '',
    ...formatCircumstances(document),
    '',
  ].join('\n');
}

/** Which model it is: the cases say only what differs. */
function formatHeading(results: readonly BenchResult[]): string[] {
  const unique = (values: readonly string[]) => [...new Set(values)].map(inlineText).join(', ');
  if (results.length === 0) return [];
  const models = unique(results.map(({ model }) => model));
  return [`### ${models} on ${unique(results.map(({ device, backend }) => `${device} (${backend})`))}`, ''];
}

/** Columns that no measurement has are left out. */
function formatTable(results: readonly BenchResult[]): string[] {
  if (results.length === 0) return [];
  const isSaid = ({ title }: Column) => title === 'Case' || title === 'stable';
  const cellOf = (column: Column, result: BenchResult) =>
    isEmpty(result) && !isSaid(column) ? null : column.value(result);
  const used = COLUMNS.filter(
    (column) =>
      column.isWanted?.(results) !== false && results.some((result) => cellOf(column, result) !== null),
  );
  return [
    formatRow(used.map(({ title }) => title)),
    `|${used.map((_, index) => (index === 0 ? '---' : '---:')).join('|')}|`,
    ...results.map((result) => formatRow(used.map((column) => cellOf(column, result) ?? ''))),
    '',
  ];
}

function formatNotes(result: BenchResult): string[] {
  const name = inlineText(result.label);
  const error = result.error ? [`- **${name}** ended early: ${inlineText(result.error.message)}`] : [];
  const unstable =
    result.unstableReason === null
      ? []
      : [`- **${name}** is not stable: ${inlineText(result.unstableReason)}`];
  const warnings = result.warnings.map(({ message }) => `- **${name}**: ${inlineText(message)}`);
  return [...error, ...unstable, ...warnings];
}

function formatSearch(document: BenchDocument): string[] {
  if (document.kind !== 'suite' || document.search === undefined) return [];
  const { limit, highestRatePerSecond: highest } = document.search;
  const bound = `${limit.percentile} ≤ ${formatNumber(limit.milliseconds)} ms`;
  return [
    highest === null
      ? `- No rate that was tried keeps ${bound}.`
      : `- Highest rate with ${bound}: **${formatNumber(highest)} inferences/s**.`,
  ];
}

function formatCircumstances(document: BenchDocument): string[] {
  const [first] = measurementsOf(document);
  const { cpu, platform, node, versions, date } = document.environment;
  const known = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    ...(first === undefined ? [] : [`Settings: ${inlineText(describeSettings(first.settings))}`, '']),
    inlineText([`${cpu.model} (${cpu.cores} cores)`, platform, `Node ${node}`, ...known, date].join(' · ')),
  ];
}
