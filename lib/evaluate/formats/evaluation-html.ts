// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import { Charts } from '../../html/chart';
import { html, type Html, type Part } from '../../html/markup';
import { formatCount, formatMs, formatNumber, formatShare, NOTHING } from '../../html/numbers';
import { page } from '../../html/page';
import { facts, section, type Section, table, withContents } from '../../html/table';
import { key } from '../../html/verdict';
import type { ClassificationEvaluation, DetectionEvaluation, Evaluation } from '../evaluation';
import { className } from './confusions';
import { confusionTable } from './confusion-table';
import { layerDrawing, worstLayers } from './layer-chart';
import { measureRows, referenceRows, type MeasureRow } from './measure-rows';

/**
 * An evaluation as one HTML page that needs nothing else: no network, no other file, no JavaScript but for the theme and
 * for sorting. Names of the data and the model are escaped.
 *
 * @param title - Heading of the page. Default: the name of the model.
 */
export function formatEvaluationHtml(evaluation: Evaluation, title?: string): string {
  const heading = title ?? (basename(evaluation.model) || evaluation.model);
  const body = html`<header>
      <h1>${heading}</h1>
      ${subtitle(evaluation)} ${keyNumbers(evaluation)} ${warnings(evaluation)}
    </header>
    ${withContents(sections(evaluation))}`;
  const about = { kind: 'evaluation', tool: 'tensorrt-node evaluate', charts: new Charts() };
  return page({ title: heading, ...about }, body).text;
}

function subtitle({ task, samples, data, device, backend, date }: Evaluation): Html {
  const where = [device, backend].filter((part) => part !== null).join(' · ');
  return html`<p class="subtitle">
    ${task} of ${formatCount(samples)} samples of ${data}${where !== '' && ` · ${where}`} ·
    <time datetime="${date}">${date.slice(0, 16).replace('T', ' ')} UTC</time>
  </p>`;
}

/** The first numbers; beside a reference what they were there. */
function keyNumbers(evaluation: Evaluation): Html {
  const rows = [...measureRows(evaluation).slice(0, 4), ...referenceRows(evaluation).slice(1, 4)];
  return html`<dl class="keys">
    ${rows.map((row) => {
      const [value, unit = ''] = valueText(row).split(' ');
      return key(row.title, value!, unit, noteOf(row, evaluation));
    })}
  </dl> `;
}

function noteOf({ title }: MeasureRow, evaluation: Evaluation): string {
  const own = evaluation.reference?.accuracy;
  if (evaluation.task !== 'classification' || title !== 'accuracy' || own === undefined) return '';
  const points = (evaluation.accuracy - own) * 100;
  return `${points > 0 ? '+' : ''}${points.toFixed(2)} points to the reference`;
}

function warnings({ warnings: found }: Evaluation): Html | null {
  if (found.length === 0) return null;
  return html`<ul class="warnings" aria-label="Warnings">
    ${found.map((one) => html`<li>${one}</li> `)}
  </ul> `;
}

function sections(evaluation: Evaluation): Section[] {
  const found = [
    section('measures', 'Measures', rowsTable('Measures', measureRows(evaluation))),
    evaluation.task === 'classification' ? classesSection(evaluation) : null,
    evaluation.task === 'classification'
      ? section('confusion', 'Confusion', confusionTable(evaluation))
      : null,
    evaluation.task === 'detection' ? precisionSection(evaluation) : null,
    evaluation.reference === undefined
      ? null
      : section(
          'reference',
          'Reference',
          rowsTable(`Against ${evaluation.reference.model}`, referenceRows(evaluation)),
        ),
    layersSection(evaluation),
    section('run', 'Run', runFacts(evaluation)),
  ];
  return found.filter((one) => one !== null);
}

function rowsTable(caption: string, rows: readonly MeasureRow[]): Html {
  return table(
    caption,
    [{ title: 'measure', isText: true }, { title: 'value' }],
    rows.map((row) => [row.title, valueText(row)]),
  );
}

function valueText({ value, unit, otherwise }: MeasureRow): string {
  if (value === null) return otherwise ?? NOTHING;
  if (unit === 'share') return formatShare(value, 4);
  return unit === undefined ? formatNumber(value, 5) : `${formatNumber(value)} ${unit}`;
}

function classesSection({ classes, averages, rocAuc, classNames }: ClassificationEvaluation): Section {
  const perClass = rocAuc !== null && rocAuc.classes.length === classes.length ? rocAuc.classes : undefined;
  const numbers = ({ precision, recall, f1 }: (typeof averages)['macro']) =>
    [precision, recall, f1].map((share) => formatShare(share, 4));
  const rows: Part[][] = classes.map((one) => [
    className(one.label, classNames),
    formatCount(one.support),
    ...numbers(one),
    ...(perClass === undefined ? [] : [formatNumber(perClass[one.label])]),
  ]);
  const columns = [
    { title: 'class', isText: true },
    { title: 'samples' },
    { title: 'precision' },
    { title: 'recall' },
    { title: 'F1' },
    ...(perClass === undefined ? [] : [{ title: 'ROC-AUC', hint: 'one class against the rest' }]),
  ];
  const means = (['micro', 'macro', 'weighted'] as const).map((name) => [name, ...numbers(averages[name])]);
  return section(
    'classes',
    'Classes',
    table('Averages', columns.filter((_, index) => index !== 1).slice(0, 4), means),
    table('Classes', columns, rows, 'sortable'),
  );
}

function precisionSection({ classes, classNames }: DetectionEvaluation): Section {
  const columns = [
    { title: 'class', isText: true },
    { title: 'boxes' },
    { title: 'AP 0.5:0.95' },
    { title: 'AP 0.5' },
  ];
  const share = (value: number | null) => (value === null ? NOTHING : formatShare(value, 4));
  const rows = classes.map(({ label, support, ap, ap50 }) => [
    className(label, classNames),
    formatCount(support),
    share(ap),
    share(ap50),
  ]);
  return section('classes', 'Classes', table('Average precision', columns, rows, 'sortable'));
}

function layersSection({ layers }: Evaluation): Section | null {
  if (layers === undefined || layers.length === 0) return null;
  const columns = [
    { title: 'layer', isText: true },
    { title: 'operator', isText: true },
    { title: 'SQNR dB' },
    { title: 'cosine' },
    { title: 'largest error' },
  ];
  const rows = worstLayers(layers, layers.length).map(({ node, op, sqnrDb, cosine, largestError }) => [
    node,
    op,
    formatNumber(sqnrDb),
    formatNumber(cosine, 7),
    formatNumber(largestError),
  ]);
  return section(
    'layers',
    'Layers',
    html`<p class="note">
      Error of each layer's output against the reference, as the whole model accumulates it. A short bar is a
      large error.
    </p>`,
    layerDrawing(layers),
    table('Layers, the worst first', columns, rows, 'layers sortable'),
    rows.length > 20 &&
      html`<p class="needs-js">
        <button type="button" class="show-all" aria-expanded="false">Show all ${rows.length} layers</button>
      </p>`,
  );
}

function runFacts({ model, reference, data, output, device, backend, batches, elapsedMs }: Evaluation): Html {
  return facts([
    ['Model', model],
    ...(reference === undefined ? [] : [['Reference', reference.model] as const]),
    ['Data', data],
    ['Output', output ?? 'all'],
    ['Device', device ?? NOTHING],
    ['Backend', backend ?? NOTHING],
    ['Batches', formatCount(batches)],
    ['Time', formatMs(elapsedMs)],
  ]);
}
