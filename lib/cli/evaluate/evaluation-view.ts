// SPDX-License-Identifier: Apache-2.0
import type { ClassificationEvaluation, DetectionEvaluation, Evaluation, LayerError } from '../../evaluate';
import { className, worstConfusions } from '../../evaluate/formats/confusions';
import { worstLayers } from '../../evaluate/formats/layer-chart';
import { measureRows, referenceRows, type MeasureRow } from '../../evaluate/formats/measure-rows';
import { formatTable, indent } from '../terminal/table';
import type { Terminal } from '../terminal/terminal';
import { printable } from '../terminal/text-width';
import { digits3, formatMs, plural } from '../values/format';

/** Classes that get a row of their own. */
const MOST_CLASSES = 20;
const CONFUSIONS = 5;

/** What `evaluate` found, for people. */
export function formatEvaluation(evaluation: Evaluation, { style }: Terminal): string[] {
  const { model, samples, elapsedMs, device } = evaluation;
  const where = device === null ? '' : ` on ${device}`;
  const sections = [
    titled('', formatRows(measureRows(evaluation))),
    evaluation.task === 'classification' ? classesView(evaluation) : [],
    evaluation.task === 'detection' ? precisionView(evaluation) : [],
    titled(`Against ${printable(evaluation.reference?.model ?? '')}`, formatRows(referenceRows(evaluation))),
    evaluation.layers === undefined ? [] : layersView(evaluation.layers),
  ].filter((lines) => lines.length > 0);
  return [
    `${style.green('evaluated')}  ${style.bold(printable(model))}  ${style.dim(`${plural(samples, 'sample')}${where}, ${formatMs(elapsedMs)}`)}`,
    ...sections.flatMap((lines) => ['', ...indent(lines)]),
    ...evaluation.warnings.map((warning) => style.yellow(printable(warning))),
  ];
}

/** Rows as `name  value`; shared with `validate`. */
function formatRows(rows: readonly MeasureRow[]): string[] {
  return formatTable(
    [{ title: '' }, { title: '', align: 'right' }],
    rows.map((row) => [row.title, formatValue(row)]),
  );
}

function formatValue({ value, unit, otherwise }: MeasureRow): string {
  if (value === null) return otherwise ?? '–';
  if (unit === 'share') return `${(value * 100).toFixed(2)} %`;
  if (unit !== undefined) return `${digits3(value)} ${unit}`;
  return Math.abs(value) < 1e-4 && value !== 0 ? value.toExponential(3) : value.toFixed(6);
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...(title === '' ? [] : [title]), ...lines];
}

function percent(share: number | null): string {
  return share === null ? '–' : (share * 100).toFixed(2);
}

function classesView(evaluation: ClassificationEvaluation): string[] {
  const { classes, classNames } = evaluation;
  const rows = classes
    .slice(0, MOST_CLASSES)
    .map(({ label, support, precision, recall, f1 }) => [
      printable(className(label, classNames)),
      String(support),
      ...[precision, recall, f1].map(percent),
    ]);
  const more = classes.length - rows.length;
  const confusions = worstConfusions(evaluation, CONFUSIONS).map(
    ({ truth, predicted, count }) =>
      `${printable(className(truth, classNames))} taken for ${printable(className(predicted, classNames))}: ${count}`,
  );
  return [
    ...formatTable(numberColumns(['class', 'samples', 'precision', 'recall', 'F1']), rows),
    ...(more > 0 ? [`and ${more} more: --json and --html have all`] : []),
    ...(confusions.length === 0 ? [] : ['', 'Confused most', ...indent(confusions)]),
  ];
}

function precisionView({ classes, classNames }: DetectionEvaluation): string[] {
  const rows = classes
    .slice(0, MOST_CLASSES)
    .map(({ label, support, ap, ap50 }) => [
      printable(className(label, classNames)),
      String(support),
      percent(ap),
      percent(ap50),
    ]);
  return formatTable(numberColumns(['class', 'boxes', 'AP 0.5:0.95', 'AP 0.5']), rows);
}

function layersView(layers: readonly LayerError[]): string[] {
  const rows = worstLayers(layers).map(({ node, op, sqnrDb, cosine }) => [
    printable(node),
    op,
    sqnrDb!.toFixed(1),
    cosine.toFixed(6),
  ]);
  if (rows.length === 0) return ['All layers are equal to those of the reference.'];
  const columns = [
    { title: 'layer' },
    { title: 'operator' },
    ...numberColumns(['', 'SQNR dB', 'cosine']).slice(1),
  ];
  return ['Layers with the largest error', ...formatTable(columns, rows)];
}

function numberColumns(titles: readonly string[]) {
  return titles.map((title, index) => (index === 0 ? { title } : { title, align: 'right' as const }));
}
