// SPDX-License-Identifier: Apache-2.0
// The settings that change the numbers, for people; they are printed always.

import type { BenchResult } from '../../bench/result';
import type { BenchSettings, Load } from '../../bench/settings';
import { formatMs, plural } from '../values/format';

/** `load`, and the settings of session and measurement. */
export function describeSettings({
  settings,
  device,
}: Pick<BenchResult, 'settings' | 'device'>): [string, string][] {
  const { session } = settings;
  const contexts = Number(session['contexts'] ?? 1);
  const gpu = device.startsWith('cuda:')
    ? [
        `graph ${text(session['cudaGraph'] ?? 'auto')}`,
        `transfers ${text(session['transfers'] ?? true)}`,
        `spin ${text(session['spinWait'] ?? false)}`,
      ]
    : [];
  const threads = session['intraOpNumThreads'];
  return [
    ['load', `${describeLoad(settings.load)}, ${callsText(settings)}`],
    [
      'settings',
      [
        `batch ${settings.batch}`,
        plural(contexts, 'context'),
        ...(threads === undefined ? [] : [plural(Number(threads), 'thread')]),
        ...gpu,
        `stage times ${text(settings.stageTimes)}`,
        ...(settings.trtexecCompat === undefined ? [] : [`as trtexec ${settings.trtexecCompat}`]),
      ].join(', '),
    ],
  ];
}

/** When calls were made. */
export function describeLoad(load: Load): string {
  switch (load.kind) {
    case 'closed':
      return `${plural(load.concurrency, 'call')} in flight, closed loop`;
    case 'open':
      return `${load.ratePerSecond} calls/s, open loop (${load.arrivals}, ${load.maxInFlight} in flight at most)`;
    case 'schedule':
      return `${plural(load.calls, 'recorded call')} of ${load.source} in ${formatMs(load.lengthMs)}, open loop`;
  }
}

function callsText({ calls }: BenchSettings): string {
  return calls === 'binding' ? 'bindings (inputs and outputs in place)' : 'session.run (copies in and out)';
}

function text(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}
