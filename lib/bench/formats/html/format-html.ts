// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import { type Comparison } from '../../compare/comparison';
import { type BenchDocument, type BenchResult, type BenchSuite } from '../../result';
import { contentSecurityPolicy, inline, readAssets } from './assets';
import { Charts } from './chart';
import { comparisonSection } from './comparison';
import { environmentSection, formatDate } from './conditions';
import { judgeResult, judgeSuite, keyNumbers, subtitle, suiteKeys, verdict, warningList } from './headline';
import { html, type Html, type Part, scriptJson } from './markup';
import { measurementSections } from './measurement';
import { casePanels, overviewSections } from './suite';
import { withContents } from './table';

/** What a report has besides its document. */
export interface HtmlOptions {
  /** Heading of the page. Default: the name of the model. */
  readonly title?: string;
  /** Shown as a section of its own. */
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
  const charts = new Charts();
  const body =
    document.kind === 'suite' ? suiteBody(document, charts, options) : resultBody(document, charts, options);
  return page(titleOf(document, options), body, charts).text;
}

function titleOf(document: BenchDocument, { title }: HtmlOptions): string {
  if (title !== undefined) return title;
  const first = document.kind === 'suite' ? document.measurements[0] : document;
  return first === undefined ? 'Benchmark' : basename(first.model) || first.model;
}

function resultBody(result: BenchResult, charts: Charts, options: HtmlOptions): Html {
  return html`<header>
      <h1>${titleOf(result, options)}</h1>
      ${subtitle(result)} ${verdict(judgeResult(result))} ${keyNumbers(result)}
      ${warningList(result.warnings)}
    </header>
    ${options.comparison && comparisonSection(options.comparison)}
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
    ${options.comparison && comparisonSection(options.comparison)} ${overviewSections(suite, charts)}
    ${casePanels(suite, charts)} ${measurements.length === 0 && environmentSection(environment, '')}`;
}

const THEMES = [
  ['auto', 'Auto'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const;

function themeSwitch(): Html {
  return html`<fieldset class="themes needs-js">
    <legend>Theme</legend>
    ${THEMES.map(
      ([value, name]) =>
        html`<label><input type="radio" name="theme" value="${value}" /><span>${name}</span></label> `,
    )}
  </fieldset> `;
}

function page(title: string, body: Part, charts: Charts): Html {
  const assets = readAssets();
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(assets)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="generator" content="tensorrt-node bench" />
        <title>${title} – benchmark</title>
        <link rel="icon" href="data:," />
        ${assets.styles.map((text) => inline('style', text))} ${inline('script', assets.headScript)}
      </head>
      <body>
        <div class="top"><span>tensorrt-node bench</span>${themeSwitch()}</div>
        <main>
          <p class="note without-js">Charts need JavaScript. Every number stands in the tables.</p>
          ${body}
        </main>
        <script type="application/json" id="charts">
          ${scriptJson(charts.all)}
        </script>
        ${assets.scripts.map((text) => inline('script', text))}
      </body>
    </html> `;
}
