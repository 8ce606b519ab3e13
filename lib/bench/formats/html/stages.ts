// SPDX-License-Identifier: Apache-2.0
import { type BenchResult, type Distribution, type PipelinedPhase, type TrtexecSummary } from '../../result';
import { distributionTable } from './latency';
import { html, type Html, type Part } from '../../../html/markup';
import { formatCount, formatNumber, NOTHING } from '../../../html/numbers';
import { bar, section, type Section, table } from '../../../html/table';

const STAGES = [
  { key: 'enqueueMs', title: 'Enqueue', color: 4 },
  { key: 'h2dMs', title: 'Host to device', color: 3 },
  { key: 'computeMs', title: 'Compute', color: 1 },
  { key: 'd2hMs', title: 'Device to host', color: 2 },
  { key: 'deviceLatencyMs', title: 'Device latency', color: 6 },
] as const;

/** Where the time of a call goes; pipelined against one at a time where both were measured. */
export function stagesSection(result: BenchResult, prefix: string): Section | null {
  const rows = STAGES.flatMap(({ key, title }): [string, Distribution][] =>
    result[key] === undefined ? [] : [[title, result[key]]],
  );
  if (rows.length === 0 && result.trtexec === undefined) return null;
  return section(
    `${prefix}stages`,
    'Stages',
    rows.length > 0 && [overview(result), distributionTable('One at a time, in milliseconds', rows)],
    result.pipelined !== undefined && pipelinedPart(result.pipelined),
    result.trtexec !== undefined && trtexecPart(result.trtexec),
  );
}

function overview(result: BenchResult): Html {
  const { pipelined } = result;
  const longest = Math.max(
    ...STAGES.flatMap(({ key }) => [result[key]?.p50 ?? 0, pipelined?.[key]?.p50 ?? 0]),
    1e-12,
  );
  const median = (times: Distribution | undefined, color: number): Part[] =>
    times === undefined ? [NOTHING, null] : [formatNumber(times.p50), bar(times.p50 / longest, color)];
  const both = pipelined !== undefined;
  const rows = STAGES.filter(({ key }) => result[key] !== undefined || pipelined?.[key] !== undefined).map(
    ({ key, title, color }) => [
      title,
      ...median(result[key], color),
      ...(both ? median(pipelined[key], color) : []),
    ],
  );
  const columns = [
    { title: 'median', isText: true },
    { title: both ? 'one at a time, ms' : 'ms' },
    { title: '', isText: true },
    ...(both
      ? [{ title: `pipelined (${pipelined.concurrency} in flight), ms` }, { title: '', isText: true }]
      : []),
  ];
  return table('Median time of each stage', columns, rows, 'bars');
}

function pipelinedPart(pipelined: PipelinedPhase): Html {
  const rows = STAGES.flatMap(({ key, title }): [string, Distribution][] =>
    pipelined[key] === undefined ? [] : [[title, pipelined[key]]],
  );
  return html`<h3>Pipelined</h3>
    <p>
      A call always waits behind the running one: ${formatCount(pipelined.inferences)} inferences,
      ${formatNumber(pipelined.throughput.inferencesPerSecond)} inferences/s.
    </p>
    ${rows.length > 0 && distributionTable('Pipelined, in milliseconds', rows)}`;
}

function trtexecPart(summary: TrtexecSummary): Html {
  const named = [
    ['Latency', summary.latency],
    ['Enqueue Time', summary.enqueueTime],
    ['H2D Latency', summary.h2dLatency],
    ['GPU Compute Time', summary.gpuComputeTime],
    ['D2H Latency', summary.d2hLatency],
  ] as const;
  const percents = Object.keys(summary.latency.percentiles).sort((a, b) => Number(a) - Number(b));
  const rows = named.map(([title, times]) => [
    title,
    ...[times.min, times.max, times.mean, times.median].map((value) => formatNumber(value)),
    ...percents.map((percent) => formatNumber(times.percentiles[percent])),
  ]);
  const columns = ['min', 'max', 'mean', 'median', ...percents.map((percent) => `p${percent}`)];
  return html`<h3>In trtexec’s terms</h3>
    <p>
      Throughput: ${formatNumber(summary.throughputQps)} qps · Total Host Walltime:
      ${formatNumber(summary.totalHostWalltimeS)} s · Total GPU Compute Time:
      ${formatNumber(summary.totalGpuComputeTimeS)} s
    </p>
    ${table(
      'trtexec’s performance summary, in milliseconds',
      [{ title: '', isText: true }, ...columns.map((title) => ({ title }))],
      rows,
    )}`;
}
