// SPDX-License-Identifier: Apache-2.0
import type { ModelFacts } from '../../compress/report/measure-compression';
import type { Evaluation } from '../../evaluate';
import { measureRows, referenceRows, type MeasureRow } from '../../evaluate/formats/measure-rows';
import type { CommandContext } from '../command';
import { formatTable, indent } from '../terminal/table';
import { printable, wrapText } from '../terminal/text-width';
import { digits3, formatBytes, formatCount, formatMs } from '../values/format';
import type { Measured } from './measure-result';

/** Lines are no longer than this, and no longer than the terminal is wide. */
const WIDEST = 100;
/** Layers that are listed by `--verbose` have their dims beside them. */
const NO_WEIGHTS = 'in the graph';

/** The model beside its source: a table that fits 80 columns, what was not measured and why, what TensorRT makes of it. */
export function formatMeasured(measured: Measured, context: CommandContext): string[] {
  const { style, width } = context.terminal;
  const columns = [
    { title: '' },
    { title: 'before', align: 'right' },
    { title: 'after', align: 'right' },
    { title: '', align: 'right' },
  ] as const;
  const wrap = (text: string) => wrapText(printable(text), Math.min(width, WIDEST) - 2);
  return [
    ...indent(formatTable(columns, measuredRows(measured), style.dim)),
    ...missing(measured).flatMap((text) => indent(wrap(text).map(style.dim))),
    ...(context.isVerbose ? changedLayers(measured, context) : []),
    '',
    ...measured.gains.flatMap((sentence) => indent(wrap(sentence))),
  ];
}

function measuredRows(measured: Measured): string[][] {
  const { before, after, changed, latencyDevice } = measured;
  const row = (title: string, pick: (facts: ModelFacts) => number, format: (value: number) => string) => [
    title,
    format(pick(before)),
    format(pick(after)),
    ratio(pick(before), pick(after)),
  ];
  const both = (pick: (facts: ModelFacts) => number | undefined) =>
    pick(before) !== undefined && pick(after) !== undefined;
  return [
    row('on disk', ({ bytes }) => bytes, formatBytes),
    row('zipped', ({ zippedBytes }) => zippedBytes, formatBytes),
    ...(both(({ engineBytes }) => engineBytes)
      ? [row('engine', ({ engineBytes }) => engineBytes!, formatBytes)]
      : []),
    row('parameters', ({ parameters }) => parameters, formatCount),
    ['zeros', percent(before.zeros), percent(after.zeros)],
    row('multiply-adds', ({ multiplyAdds }) => multiplyAdds, formatCount),
    ['layers', String(before.layers), String(after.layers), `${changed.length} changed`],
    ...(both(({ latencyMs }) => latencyMs)
      ? [row(`latency on ${latencyDevice ?? 'cpu'}`, ({ latencyMs }) => latencyMs!, formatMs)]
      : []),
    ...evaluationRows(before.evaluation, after.evaluation),
  ];
}

/** What `evaluate` tells of both, and how near the new one is to the source. */
function evaluationRows(before: Evaluation | undefined, after: Evaluation | undefined): string[][] {
  if (before === undefined || after === undefined) return [];
  const known = new Map(measureRows(before).map((row) => [row.title, row]));
  const pairs = measureRows(after).map((row) => [row.title, measure(known.get(row.title)), measure(row)]);
  const near = referenceRows(after).filter(({ title }) => !title.startsWith('accuracy'));
  return [...pairs, ...near.map((row) => [row.title, '', measure(row)])];
}

function measure(row: MeasureRow | undefined): string {
  if (row === undefined || row.value === null) return row?.otherwise ?? '–';
  const { value, unit } = row;
  if (unit === 'share') return percent(value, 2);
  return unit === undefined ? digits3(value) : `${digits3(value)} ${unit}`;
}

/** Dims of one sample are what numbers are for; nobody guesses them. */
function missing({ notMeasured, before, after, inputs, engineRuntime }: Measured): string[] {
  const reasons = Object.entries(notMeasured).map(
    ([what, reason]) => `${what} not measured: ${reason.split('\n')[0]!}`,
  );
  const uncounted = new Set([...before.uncounted, ...after.uncounted]);
  const shapes = Object.entries(inputs).map(([name, dims]) => `${name} ${dims.join(' x ') || 'scalar'}`);
  return [
    ...(shapes.length === 0 ? [] : [`for inputs ${shapes.join(', ')}`]),
    ...(uncounted.size === 0
      ? []
      : [`multiply-adds without those of ${uncounted.size} nodes, whose shapes are not known`]),
    ...(engineRuntime === undefined ? [] : [`engines built by ${engineRuntime}`]),
    ...reasons,
  ];
}

function changedLayers({ changed }: Measured, { terminal }: CommandContext): string[] {
  if (changed.length === 0) return [];
  const dims = (of: readonly number[] | null) => (of === null ? NO_WEIGHTS : of.join(' x '));
  const rows = changed.map(({ node, op, before, after }) => [printable(node), op, dims(before), dims(after)]);
  const titles = ['changed', 'operator', 'weights before', 'after'].map((title) => ({ title }));
  return ['', ...indent(formatTable(titles, rows, terminal.style.dim))];
}

function ratio(before: number, after: number): string {
  return before === 0 ? '' : percent(after / before);
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
