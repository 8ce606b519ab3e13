// SPDX-License-Identifier: Apache-2.0
import { type BenchEnvironment } from '../../environment';
import { type BenchResult } from '../../result';
import { type BenchSettings, type Load } from '../../settings';
import { settingText } from '../settings-text';
import { html, type Part } from '../../../html/markup';
import { formatBytes, formatCount, formatMs, formatNumber } from '../../../html/numbers';
import { facts, section, type Section } from '../../../html/table';

/** One line that says how calls were made. */
export function describeLoad(load: Load): string {
  if (load.kind === 'closed')
    return load.concurrency === 1 ? 'one at a time' : `closed loop, ${load.concurrency} in flight`;
  const limit = `at most ${formatCount(load.maxInFlight)} in flight`;
  if (load.kind === 'schedule')
    return `recorded schedule ${load.source} (${formatCount(load.calls)} calls in ${formatMs(load.lengthMs)}), ${limit}`;
  const seed = load.arrivals === 'poisson' ? ` (seed ${load.seed})` : '';
  return `open loop, ${load.arrivals} arrivals${seed}, ${formatNumber(load.ratePerSecond)} calls/s, ${limit}`;
}

/** All settings: the numbers depend on every one. */
export function settingsSection({ settings, ...result }: BenchResult, prefix: string): Section {
  return section(
    `${prefix}settings`,
    'Settings',
    facts([
      ['Model', result.model],
      ['SHA-256', result.modelSha256 ?? 'no file'],
      ['Device', `${result.device} (${result.backend})`],
      ...(result.fallbackReason === null ? [] : [['Not on another device', result.fallbackReason] as const]),
      ...measurementFacts(settings),
      ...Object.entries(settings.session).map(([name, value]) => [name, settingText(value)] as const),
    ]),
  );
}

function measurementFacts(settings: BenchSettings): [string, Part][] {
  const judged = `throughput and ${settings.stabilityLatency} of three windows within ${settings.stabilityPercent} %`;
  return [
    ['Load', describeLoad(settings.load)],
    [
      'Warm-up',
      `${formatMs(settings.warmUpMs)} and ${formatCount(settings.warmUpIterations)} calls at least`,
    ],
    ['Measured', `${formatMs(settings.durationMs)} and ${formatCount(settings.iterations)} calls at least`],
    ['Windows', formatMs(settings.windowMs)],
    ['Stable when', judged],
    ['Further percentiles', settings.percentiles.length === 0 ? 'none' : settings.percentiles.join(', ')],
    ['Calls by', settings.calls === 'binding' ? 'binding (no copies)' : 'session.run()'],
    ['Batch', String(settings.batch)],
    ['Stage times', settings.stageTimes ? 'taken' : 'not taken'],
    ...(settings.trtexecCompat === undefined
      ? []
      : [['Settings of trtexec', `TensorRT ${settings.trtexecCompat}`] as [string, Part]]),
  ];
}

/** The machine and its software. */
export function environmentSection(environment: BenchEnvironment, prefix: string): Section {
  const { cpu, versions } = environment;
  return section(
    `${prefix}environment`,
    'Environment',
    facts([
      ['Date', html`<time datetime="${environment.date}">${formatDate(environment.date)}</time>`],
      ['Platform', environment.platform],
      ['Operating system', environment.os],
      ['Processor', `${cpu.model}, ${cpu.cores} cores`],
      ['Memory', formatBytes(environment.memoryBytes)],
      ['Node', environment.node],
      ...Object.entries(versions),
    ]),
  );
}

/** `2026-03-14 09:26 UTC`; as it is where it is no date. */
export function formatDate(date: string): string {
  const at = new Date(date);
  return Number.isNaN(at.getTime()) ? date : `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
