// SPDX-License-Identifier: Apache-2.0
import { contentSecurityPolicy, inline, readAssets } from './assets';
import { type Charts } from './chart';
import { html, type Html, type Part, scriptJson } from './markup';

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

/** What a page is about. */
export interface PageFacts {
  readonly title: string;
  /** What kind of report it is, for the title of the window. */
  readonly kind: string;
  /** The command that made it. */
  readonly tool: string;
  readonly charts: Charts;
}

/** The whole page: styles, scripts and the data of the charts are in it. One without charts comes without uPlot. */
export function page({ title, kind, tool, charts }: PageFacts, body: Part): Html {
  const hasCharts = charts.all.length > 0;
  const assets = readAssets(hasCharts);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(assets)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="generator" content="${tool}" />
        <title>${title} – ${kind}</title>
        <link rel="icon" href="data:," />
        ${assets.styles.map((text) => inline('style', text))} ${inline('script', assets.headScript)}
      </head>
      <body>
        <div class="top"><span>${tool}</span>${themeSwitch()}</div>
        <main>
          ${
            hasCharts &&
            html`<p class="note without-js">Charts need JavaScript. Every number stands in the tables.</p>`
          }
          ${body}
        </main>
        <script type="application/json" id="charts">
          ${scriptJson(charts.all)}
        </script>
        ${assets.scripts.map((text) => inline('script', text))}
      </body>
    </html> `;
}
