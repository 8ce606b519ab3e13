// SPDX-License-Identifier: Apache-2.0
// A comparison for a pull request: the verdict first, then the numbers that it rests on.

import type { ComparedCase, ComparedMetric, Comparison, ConditionOutcome } from '../compare/comparison';
import { isTooNoisy } from '../compare/noisy';
import { formatNumber, formatRow, inlineText } from './markdown-text';

/** The comparison as Markdown: verdict, one table for each case, conditions, and what a reader should know. */
export function formatComparisonMarkdown(
  comparison: Comparison,
  outcomes: readonly ConditionOutcome[] = comparison.conditions ?? [],
): string {
  const { a, b, method, rounds, primary } = comparison;
  const how =
    method === 'interleaved' ? `${rounds ?? 0} interleaved rounds in fresh processes` : 'two measurements';
  return [
    `**${inlineText(b.name)}** against **${inlineText(a.name)}**: **${comparison.verdict}** (${primary}, ${how})`,
    '',
    ...comparison.cases.flatMap(formatCase),
    ...outcomes.map(formatOutcome),
    ...comparison.differences.map((found) => `- compared by force although ${describe(found)}`),
    ...comparison.noted.map((found) => `- ${describe(found)}`),
    ...unmatched('only in the first', comparison.unmatched.a),
    ...unmatched('only in the second', comparison.unmatched.b),
    ...comparison.warnings.map((warning) => `- ${inlineText(warning)}`),
    '',
  ].join('\n');
}

function formatOutcome({ text, case: label, holds, isDecided, reason }: ConditionOutcome): string {
  const state = holds ? '**fails**' : isDecided ? 'passes' : '**undecided**';
  return `- ${state}: ${inlineText(text)} (${inlineText(label)}): ${inlineText(reason)}`;
}

const HEADER = ['Metric', 'Unit', 'A', 'B', 'Change', '95 % interval', 'Verdict'];

function formatCase({ label, verdict, metrics, stable }: ComparedCase): string[] {
  const shaky = stable.a && stable.b ? '' : ' (not both measurements are stable)';
  return [
    `${inlineText(label)}: ${verdict}${shaky}`,
    '',
    formatRow(HEADER),
    '|---|---|---:|---:|---:|---:|---|',
    ...metrics.map((metric) => formatRow(toCells(metric))),
    '',
  ];
}

function toCells(metric: ComparedMetric): string[] {
  const { name, unit, a, b, changePercent, intervalPercent, verdict, reason } = metric;
  return [
    name,
    unit,
    formatNumber(a),
    formatNumber(b),
    changePercent === null ? '' : percent(changePercent),
    formatInterval(intervalPercent),
    reason === undefined ? verdict : `${verdict}: ${reason}`,
  ];
}

function formatInterval(interval: ComparedMetric['intervalPercent']): string {
  if (interval === null) return '';
  return isTooNoisy(interval) ? 'too noisy' : `${percent(interval.low)} … ${percent(interval.high)}`;
}

function percent(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)} %`;
}

function describe({ what, a, b, case: label }: Comparison['noted'][number]): string {
  const where = label === undefined ? '' : ` (${inlineText(label)})`;
  return `${inlineText(what)}${where} differs: ${inlineText(a)} and ${inlineText(b)}`;
}

function unmatched(where: string, labels: readonly string[]): string[] {
  return labels.length === 0 ? [] : [`- ${where}: ${labels.map(inlineText).join(', ')}`];
}
