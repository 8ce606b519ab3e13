// SPDX-License-Identifier: Apache-2.0
// A comparison for people: the verdict, the numbers it rests on, and what a reader should know.

import { basename } from 'node:path';
import type {
  ComparedCase,
  ComparedMetric,
  Comparison,
  ConditionOutcome,
  Difference,
} from '../../bench/compare/comparison';
import { isTooNoisy } from '../../bench/compare/noisy';
import type { Style } from '../terminal/style';
import type { Terminal } from '../terminal/terminal';
import { formatTable, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { digits3 } from '../values/format';

/** What a comparison found. */
export function formatComparison(
  comparison: Comparison,
  outcomes: readonly ConditionOutcome[],
  { style }: Terminal,
): string[] {
  const { a, b, cases, primary, method, rounds, confidence, thresholdPercent } = comparison;
  const how =
    method === 'interleaved'
      ? `${rounds ?? 0} rounds in fresh processes, in turn`
      : 'from the blocks of both';
  return [
    `${paint(comparison.verdict, style)}  ${style.bold(printable(b.name))} against ${style.bold(printable(a.name))}`,
    `  ${style.dim(`${primary} decides, ${how}; ${(confidence * 100).toFixed(0)} % intervals, changes below ${thresholdPercent} % do not count`)}`,
    ...cases.flatMap((one) => ['', ...indent(formatCase(one, comparison, style))]),
    ...section(outcomes.map((outcome) => formatOutcome(outcome, style))),
    ...section([
      ...comparison.differences.map((found) => `${style.yellow('differs')}  ${describe(found)}`),
      ...comparison.noted.map((found) => style.dim(`differs  ${describe(found)}`)),
      ...comparison.unmatched.a.map((label) =>
        style.dim(`only in ${printable(a.name)}: ${printable(label)}`),
      ),
      ...comparison.unmatched.b.map((label) =>
        style.dim(`only in ${printable(b.name)}: ${printable(label)}`),
      ),
      ...comparison.warnings.map((warning) => `${style.yellow('warning')}  ${printable(warning)}`),
    ]),
  ];
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...indent(lines)];
}

function paint(verdict: Comparison['verdict'] | ComparedCase['verdict'], style: Style): string {
  if (verdict === 'slower' || verdict === 'mixed') return style.red(verdict);
  return verdict === 'faster' ? style.green(verdict) : style.dim(verdict);
}

function formatCase(
  { label, verdict, metrics, stable }: ComparedCase,
  { a, b, cases }: Comparison,
  style: Style,
): string[] {
  const [nameA, nameB] = columnNames(a.name, b.name);
  const unstable = [...(stable.a ? [] : [nameA]), ...(stable.b ? [] : [nameB])];
  const right = (text: string) => ({ title: text, align: 'right' as const });
  return [
    ...(cases.length === 1 ? [] : [`${style.bold(printable(label))}  ${paint(verdict, style)}`]),
    ...formatTable(
      [
        { title: '' },
        right(nameA),
        right(nameB),
        { title: '' },
        right('change'),
        right('95 % interval'),
        { title: '' },
      ],
      metrics.map((metric) => toCells(metric, style)),
      style.dim,
    ),
    // With one case the warnings say it.
    ...(unstable.length === 0 || cases.length === 1
      ? []
      : [`${style.yellow('not stable')}  ${unstable.join(' and ')}: measure longer`]),
  ];
}

const LONGEST_NAME = 20;

/** What a table can call the sides: file names where they differ, letters where nothing short tells them apart. */
function columnNames(a: string, b: string): readonly [string, string] {
  const shortest = (name: string) =>
    printable(
      name
        .split(' · ')
        .map((part) => basename(part))
        .join(' · '),
    );
  const names = [shortest(a), shortest(b)] as const;
  const isTold = names[0] !== names[1] && names.every((name) => name !== '' && name.length <= LONGEST_NAME);
  return isTold ? [`A ${names[0]}`, `B ${names[1]}`] : ['A', 'B'];
}

function toCells(metric: ComparedMetric, style: Style): string[] {
  const { name, unit, a, b, changePercent, intervalPercent, verdict, reason } = metric;
  return [
    name,
    digits3(a),
    digits3(b),
    style.dim(unit),
    changePercent === null ? '' : signed(changePercent),
    formatInterval(intervalPercent),
    reason === undefined ? paint(verdict, style) : style.dim(`${verdict}: ${printable(reason)}`),
  ];
}

function formatInterval(interval: ComparedMetric['intervalPercent']): string {
  if (interval === null) return '';
  return isTooNoisy(interval) ? 'too noisy' : `${signed(interval.low)} to ${signed(interval.high)}`;
}

function signed(percent: number): string {
  return `${percent < 0 ? '-' : '+'}${Math.abs(percent).toFixed(1)} %`;
}

function formatOutcome(
  { text, holds, isDecided, reason, case: label }: ConditionOutcome,
  style: Style,
): string {
  const decided = holds ? style.red('holds    ') : style.green('passes   ');
  const state = holds || isDecided ? decided : style.yellow('undecided');
  return `${state}  ${printable(text)}  ${style.dim(`${printable(label)}: ${printable(reason)}`)}`;
}

function describe({ what, a, b, case: label }: Difference): string {
  const where = label === undefined ? '' : ` (${printable(label)})`;
  return `${printable(what)}${where}: ${printable(a)} and ${printable(b)}`;
}
