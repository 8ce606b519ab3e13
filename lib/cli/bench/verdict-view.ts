// SPDX-License-Identifier: Apache-2.0
// Whether the numbers can be trusted, and what a reader should know.

import type { BenchResult } from '../../bench/result';
import type { Style } from '../terminal/style';
import { printable } from '../terminal/text-width';
import { isAvailable } from './usage-view';

/** `stable`, or why not. */
export function formatState({ stable, unstableReason }: BenchResult, style: Style): string {
  if (stable) return style.green('stable');
  return `${style.yellow('not stable')}  ${printable(unstableReason ?? 'the windows differ')}`;
}

/** Why it ended early, and warnings. */
export function formatNotes({ error, warnings }: BenchResult, style: Style): string[] {
  return [
    ...(error === undefined
      ? []
      : [`${style.red('failed')}  ${printable(error.message)}  ${style.dim(error.code)}`]),
    ...warnings.map(({ message }) => `${style.yellow('warning')}  ${printable(message)}`),
  ];
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
