// SPDX-License-Identifier: Apache-2.0
import type { BenchSettings, Load } from '../settings';

/** The settings that change the numbers, on one line; in every report for people. */
export function describeSettings(settings: BenchSettings): string {
  const { session } = settings;
  const chosen = Object.entries(session)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name} ${settingText(value)}`);
  return [
    describeLoad(settings.load),
    `batch ${settings.batch}`,
    `calls ${settings.calls}`,
    `warm-up ${settings.warmUpMs} ms`,
    `duration ${settings.durationMs} ms`,
    ...(settings.trtexecCompat === undefined ? [] : [`as trtexec ${settings.trtexecCompat}`]),
    ...chosen,
  ].join(' · ');
}

/** A setting as people write it: `x 8×3, y 8`, `on`, `random`. */
export function settingText(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (Array.isArray(value))
    return value.every((entry) => typeof entry === 'number')
      ? value.join('×') || '[]'
      : value.map(settingText).join(', ');
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value).map(([name, entry]) => `${name} ${settingText(entry)}`);
  return entries.join(', ') || 'none';
}

/** When calls are made, in words. */
export function describeLoad(load: Load): string {
  switch (load.kind) {
    case 'closed':
      return load.concurrency === 1 ? 'one call at a time' : `${load.concurrency} calls in flight`;
    case 'open':
      return `${load.ratePerSecond} calls/s (${load.arrivals})`;
    case 'schedule':
      return `the schedule of ${load.source}`;
  }
}
