// SPDX-License-Identifier: Apache-2.0
// Whether the numbers can be trusted, and what a reader should know.

import type { BenchResult, BenchWarning } from '../../bench/result';
import type { Style } from '../terminal/style';
import { printable } from '../terminal/text-width';
import { isAvailable } from './usage-view';

/** `stable`, or why not. */
export function formatState({ stable, unstableReason }: BenchResult, style: Style): string {
  if (stable) return style.green('stable');
  return `${style.yellow('not stable')}  ${printable(unstableReason ?? 'the windows differ')}`;
}

/** Why it ended early, and warnings. */
export function formatNotes(result: BenchResult, style: Style): string[] {
  return [...formatError(result, style), ...result.warnings.map((warning) => formatWarning(warning, style))];
}

/** Why it ended early; no line where it did not. */
export function formatError({ error }: BenchResult, style: Style): string[] {
  if (error === undefined) return [];
  return [`${style.red('failed')}  ${printable(error.message)}  ${style.dim(error.code)}`];
}

/** What a reader should know. */
export function formatWarning({ message }: BenchWarning, style: Style): string {
  // The library names its option; here it is written as on the command line.
  const said = message.replaceAll('maxInFlight', '--max-in-flight');
  return `${style.yellow('warning')}  ${printable(said)}`;
}

/** What could not be read. */
export function formatMissing(reasons: readonly string[], style: Style): string[] {
  return reasons.map((reason) => style.dim(`not read: ${printable(reason)}`));
}

/** What could not be read, each once and not what a warning says already. */
export function missing({ gpu, cpuEnergy, layers, coldStart, warnings }: BenchResult): string[] {
  const said = new Set(warnings.filter(({ code }) => code === 'sensor').map(({ message }) => message));
  const reasons = [gpu, cpuEnergy, layers, coldStart].flatMap((value) =>
    value !== undefined && 'unavailable' in value ? [value.unavailable] : [],
  );
  const sensors = isAvailable(gpu)
    ? Object.entries(gpu.missing).map(([name, reason]) => `${name}: ${reason}`)
    : [];
  return [...new Set([...reasons, ...sensors])].filter((text) => !said.has(text));
}
