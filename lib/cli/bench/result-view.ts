// SPDX-License-Identifier: Apache-2.0
// One measurement for people: the two numbers that matter first, then the distributions, then what they depend on.

import type { BenchResult, Distribution, TrtexecTimes } from '../../bench/result';
import { isEmpty } from '../../bench/formats/document-parts';
import { formatFallback, whereItRan } from '../session-talk';
import type { Style } from '../terminal/style';
import type { Terminal } from '../terminal/terminal';
import { formatFacts, formatTable, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { digits3, formatCount, formatMs, plural } from '../values/format';
import { describeSettings } from './settings-view';
import { describeAccuracy, describeUsage, formatShare } from './usage-view';
import { formatMissing, formatNotes, formatState, missing } from './verdict-view';

type Fact = readonly [label: string, value: string];

/** All that a measurement found. */
export function formatResult(result: BenchResult, { style }: Terminal): string[] {
  return [
    `${style.bold(printable(result.model))}  ${style.dim(whereItRan({ ...result, backend: result.backend as 'tensorrt' }))}`,
    ...indent(formatFallback(result).map(style.dim)),
    '',
    ...(isEmpty(result)
      ? [`  ${style.yellow('nothing was measured')}`]
      : [
          ...indent(formatFacts(headline(result, style), style.dim)),
          '',
          ...indent(formatDistributions(result, style)),
        ]),
    '',
    ...indent(formatFacts(circumstances(result), style.dim)),
    ...formatTrtexec(result, style),
    ...formatLayers(result, style),
    '',
    ...indent([
      formatState(result, style),
      ...formatNotes(result, style),
      ...formatMissing(missing(result), style),
    ]),
  ];
}

/** `1,234`, `12.3`. */
export function formatRate(rate: number): string {
  return rate >= 1000 ? formatCount(Math.round(rate)) : digits3(rate);
}

function headline({ latencyMs, throughput, settings, pipelined }: BenchResult, style: Style): Fact[] {
  const { inferencesPerSecond, samplesPerSecond, requestedPerSecond } = throughput;
  const asked = requestedPerSecond === undefined ? '' : ` of ${formatRate(requestedPerSecond)} asked for`;
  const samples = settings.batch === 1 ? '' : `, ${formatRate(samplesPerSecond)} samples/s`;
  const { medianInterval } = latencyMs;
  const sure =
    medianInterval === undefined
      ? ''
      : style.dim(`  (95 %: ${digits3(medianInterval.low)} to ${formatMs(medianInterval.high)})`);
  const behind =
    pipelined === undefined
      ? []
      : [['pipelined', `${formatRate(pipelined.throughput.inferencesPerSecond)} inferences/s`] as const];
  return [
    ['throughput', `${style.bold(`${formatRate(inferencesPerSecond)} inferences/s`)}${asked}${samples}`],
    ...behind,
    ['latency', `${style.bold(formatMs(latencyMs.p50))} median${sure}, ${formatMs(latencyMs.p99)} p99`],
  ];
}

const COLUMNS = ['mean', 'p50', 'p90', 'p95', 'p99', 'p999', 'max'] as const;

function formatDistributions(result: BenchResult, style: Style): string[] {
  const { latencyMs, pipelined } = result;
  const asked = Object.keys(latencyMs.percentiles ?? {}).filter(
    (name) => !['50', '90', '95', '99'].includes(name),
  );
  const rows: [string, Distribution | undefined][] = [
    ['latency', latencyMs],
    ['  from the call', result.serviceMs],
    ['  late by', result.sendDelayMs],
    ['enqueue', result.enqueueMs],
    ['host to device', result.h2dMs],
    ['compute', result.computeMs],
    ['device to host', result.d2hMs],
    ['on the device', result.deviceLatencyMs],
    ['pipelined latency', pipelined?.latencyMs],
    ['pipelined compute', pipelined?.computeMs],
    ['event-loop delay', result.eventLoopDelayMs],
  ];
  const titles = [
    ...COLUMNS.map((name) => (name === 'p999' ? 'p99.9' : name)),
    ...asked.map((name) => `p${name}`),
  ];
  const shown = rows.flatMap(([title, values]) => (values?.count ? [[title, values] as const] : []));
  const cells = shown.map(([title, values]) => [
    title,
    ...COLUMNS.map((name) => fixed(values[name]) + thin(values, PERCENTS[name])),
    ...asked.map((name) => fixed(values.percentiles?.[name]) + thin(values, Number(name))),
  ]);
  const table = formatTable(
    [{ title: 'ms' }, ...titles.map((title) => ({ title, align: 'right' as const }))],
    cells,
    style.dim,
  );
  const hasThin = cells.some((row) => row.some((cell) => cell.endsWith(THIN)));
  return hasThin
    ? [
        ...table,
        style.dim(`${THIN.trim()} too few calls for this percentile: the value is the largest of all`),
      ]
    : table;
}

const THIN = ' †';
const PERCENTS: Readonly<Partial<Record<keyof Distribution, number>>> = {
  p50: 50,
  p90: 90,
  p95: 95,
  p99: 99,
  p999: 99.9,
};

/** A mark where not one call lies beyond the percentile. */
function thin({ count }: Distribution, percent: number | undefined): string {
  return percent !== undefined && count * (1 - percent / 100) < 1 - 1e-9 ? THIN : '';
}

function fixed(ms: number | undefined): string {
  return ms === undefined ? '' : ms.toFixed(ms < 100 ? 3 : 1);
}

function circumstances(result: BenchResult): Fact[] {
  const { inferences, measuredMs, warmUp, environment } = result;
  const versions = Object.entries(environment.versions).map(([name, version]) => `${name} ${version}`);
  return [
    [
      'measured',
      `${plural(inferences, 'inference')} in ${formatMs(measuredMs)}, after ${plural(warmUp.inferences, 'inference')} of warm-up in ${formatMs(warmUp.milliseconds)}`,
    ],
    ...describeSettings(result),
    ...describeUsage(result),
    ...describeAccuracy(result),
    ['machine', `${environment.cpu.model}, ${plural(environment.cpu.cores, 'core')}`],
    ['versions', [`Node ${environment.node}`, ...versions].join(', ')],
  ];
}

/** trtexec's summary, where its settings are in force; -o result.json has it wherever there are device times. */
function formatTrtexec({ trtexec, settings }: BenchResult, style: Style): string[] {
  if (trtexec === undefined || settings.trtexecCompat === undefined) return [];
  const rows: [string, TrtexecTimes][] = [
    ['Latency', trtexec.latency],
    ['Enqueue Time', trtexec.enqueueTime],
    ['H2D Latency', trtexec.h2dLatency],
    ['GPU Compute Time', trtexec.gpuComputeTime],
    ['D2H Latency', trtexec.d2hLatency],
  ];
  const percentiles = Object.keys(trtexec.latency.percentiles);
  const titles = ['min', 'max', 'mean', 'median', ...percentiles.map((name) => `percentile(${name}%)`)];
  const table = formatTable(
    [{ title: "trtexec's, ms" }, ...titles.map((title) => ({ title, align: 'right' as const }))],
    rows.map(([title, { min, max, mean, median, percentiles: values }]) => [
      title,
      ...[min, max, mean, median, ...percentiles.map((name) => values[name])].map(fixed),
    ]),
    style.dim,
  );
  const { throughputQps, totalHostWalltimeS, totalGpuComputeTimeS } = trtexec;
  const totals = `Throughput ${digits3(throughputQps)} qps, Total Host Walltime ${digits3(totalHostWalltimeS)} s, Total GPU Compute Time ${digits3(totalGpuComputeTimeS)} s`;
  return ['', ...indent([...table, totals])];
}

const MOST_LAYERS = 12;

function formatLayers({ layers }: BenchResult, style: Style): string[] {
  if (layers === undefined || 'unavailable' in layers) return [];
  const longest = [...layers].sort((a, b) => b.meanMs - a.meanMs);
  const rows = longest
    .slice(0, MOST_LAYERS)
    .map(({ name, type = '', meanMs, share }) => [
      printable(name),
      printable(type),
      fixed(meanMs),
      formatShare(share),
    ]);
  const columns = [
    { title: 'layer' },
    { title: 'type' },
    { title: 'ms', align: 'right' as const },
    { title: 'share', align: 'right' as const },
  ];
  const rest = layers.length - rows.length;
  return [
    '',
    ...indent(formatTable(columns, rows, style.dim)),
    ...(rest > 0 ? [`  ${style.dim(`and ${plural(rest, 'layer')} more; -o result.json has all`)}`] : []),
  ];
}
