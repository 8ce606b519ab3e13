// SPDX-License-Identifier: Apache-2.0
import type { BenchReport, Distribution, EventLoopDelay } from '../bench/index';
import { formatFallback, whereItRan } from './session-talk';
import type { Style } from './terminal/style';
import type { Terminal } from './terminal/terminal';
import { formatFacts, formatTable, indent } from './terminal/table';
import { digits3, formatCount, formatMs, plural } from './values/format';

/** A measurement for people: the two numbers that matter first, then the distribution, then what it depends on. */
export function formatBench(report: BenchReport, { style }: Terminal): string[] {
  const { latencyMs, throughput } = report;
  return [
    `${style.bold(report.model)}  ${style.dim(whereItRan({ ...report, backend: report.backend as 'tensorrt' }))}`,
    ...indent(formatFallback(report).map(style.dim)),
    '',
    ...indent(
      formatFacts(
        [
          ['throughput', style.bold(`${formatRate(throughput.inferencesPerSecond)} inferences/s`)],
          ['latency', `${style.bold(formatMs(latencyMs.p50))} median, ${formatMs(latencyMs.p99)} p99`],
        ],
        style.dim,
      ),
    ),
    '',
    ...indent(formatDistributions(report, style)),
    '',
    ...indent(formatConditions(report, style)),
    ...formatStability(report, style),
  ];
}

function formatRate(rate: number): string {
  return rate >= 1000 ? formatCount(Math.round(rate)) : digits3(rate);
}

const COLUMNS = ['mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const;

function formatDistributions({ latencyMs, eventLoopDelayMs }: BenchReport, style: Style): string[] {
  const row = (title: string, values: Distribution | EventLoopDelay) => [
    title,
    ...COLUMNS.map((column) => values[column].toFixed(values[column] < 100 ? 3 : 1)),
  ];
  return formatTable(
    [{ title: 'ms' }, ...COLUMNS.map((title) => ({ title, align: 'right' as const }))],
    [row('latency', latencyMs), row('event-loop delay', eventLoopDelayMs)],
    style.dim,
  );
}

function formatConditions(
  { settings, inferences, measuredMs, environment }: BenchReport,
  style: Style,
): string[] {
  const contexts = Number(settings['contexts'] ?? 1);
  const versions = Object.entries(environment.versions).map(([name, version]) => `${name} ${version}`);
  return formatFacts(
    [
      [
        'measured',
        `${plural(inferences, 'inference')} in ${formatMs(measuredMs)}, after ${formatMs(settings.warmUpMs)} of warm-up`,
      ],
      [
        'load',
        `${plural(settings.concurrency, 'call')} in flight over ${plural(contexts, 'context')}, closed loop, ${callsText(settings.calls)}`,
      ],
      ['machine', `${environment.cpu.model}, ${plural(environment.cpu.cores, 'core')}`],
      ['versions', [`Node ${environment.node}`, ...versions].join(', ')],
    ],
    style.dim,
  );
}

function callsText(calls: BenchReport['settings']['calls']): string {
  return calls === 'binding' ? 'bindings (inputs and outputs in place)' : 'session.run (copies in and out)';
}

function formatStability({ stable, unstableReason }: BenchReport, style: Style): string[] {
  return stable ? [] : ['', `  ${style.yellow('not stable')}  ${unstableReason}`];
}
