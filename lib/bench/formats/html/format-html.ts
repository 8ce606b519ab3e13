// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import { type Comparison } from '../../compare/comparison';
import { type BenchDocument, type BenchResult, type BenchSuite } from '../../result';
import { Charts } from '../../../html/chart';
import { comparisonBody } from './comparison';
import { environmentSection, formatDate } from './conditions';
import { judgeResult, judgeSuite, keyNumbers, subtitle, suiteKeys, warningList } from './headline';
import { verdict } from '../../../html/verdict';
import { html, type Html } from '../../../html/markup';
import { measurementSections } from './measurement';
import { page } from '../../../html/page';
import { casePanels, overviewSections } from './suite';
import { withContents } from '../../../html/table';

const ABOUT = { kind: 'benchmark', tool: 'tensorrt-node bench' };

/** What a report has besides its document. */
export interface HtmlOptions {
  /** Heading of the page. Default: the name of the model. */
  readonly title?: string;
  /** Heads the page with its verdict, its numbers and its conditions; the document is then a detail of its second side. */
  readonly comparison?: Comparison;
}

/**
 * A measurement or a suite as one HTML page that needs nothing else: no network, no other file. Charts are drawn with
 * uPlot; every number stands in a table too, which needs no JavaScript. Text of the document is escaped.
 *
 * Blocks while it reads its assets (the first call) and makes the page: milliseconds.
 *
 * @returns the page as text in UTF-8, about 100 KB and what the document adds
 */
export function formatHtml(document: BenchDocument, options: HtmlOptions = {}): string {
  const { comparison } = options;
  if (comparison !== undefined) return formatComparisonHtml(comparison, document, options);
  const charts = new Charts();
  const body =
    document.kind === 'suite' ? suiteBody(document, charts, options) : resultBody(document, charts, options);
  return page({ title: titleOf(document, options), ...ABOUT, charts }, body).text;
}

/**
 * A comparison as such a page.
 *
 * @param document - The second side, for its details; a comparison that ended early may have none.
 */
export function formatComparisonHtml(
  comparison: Comparison,
  document?: BenchDocument,
  { title }: Pick<HtmlOptions, 'title'> = {},
): string {
  const charts = new Charts();
  const heading = title ?? modelName(comparison.b.model);
  return page({ title: heading, ...ABOUT, charts }, comparisonBody(heading, comparison, { document, charts }))
    .text;
}

function titleOf(document: BenchDocument, { title }: HtmlOptions): string {
  if (title !== undefined) return title;
  const first = document.kind === 'suite' ? document.measurements[0] : document;
  return first === undefined ? 'Benchmark' : modelName(first.model);
}

function modelName(model: string): string {
  return basename(model) || model;
}

function resultBody(result: BenchResult, charts: Charts, options: HtmlOptions): Html {
  return html`<header>
      <h1>${titleOf(result, options)}</h1>
      ${subtitle(result)} ${verdict(judgeResult(result))} ${keyNumbers(result)}
      ${warningList(result.warnings)}
    </header>
    ${withContents(measurementSections(result, charts, ''))}`;
}

function suiteBody(suite: BenchSuite, charts: Charts, options: HtmlOptions): Html {
  const { axes, environment, measurements } = suite;
  const models = [...new Set(measurements.map(({ model }) => model))];
  return html`<header>
      <h1>${titleOf(suite, options)}</h1>
      <p class="subtitle">
        ${models.join(', ')} · by ${axes.join(' and ')} ·
        <time datetime="${environment.date}">${formatDate(environment.date)}</time>
      </p>
      ${verdict(judgeSuite(suite))} ${suite.search === undefined && suiteKeys(suite)}
    </header>
    ${overviewSections(suite, charts)} ${casePanels(measurements, charts)}
    ${measurements.length === 0 && environmentSection(environment, '')}`;
}
