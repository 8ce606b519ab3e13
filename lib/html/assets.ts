// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../package-root';
import { html, Html } from './markup';

/** What the page is made of besides its numbers. */
export interface Assets {
  readonly styles: readonly string[];
  /** Runs before anything is drawn. */
  readonly headScript: string;
  readonly scripts: readonly string[];
}

/**
 * Chooses the theme before the first paint, so that nothing flashes. Chromium without a locale, as in a container, says
 * that its language is `en-US@posix`, with which uPlot does not load.
 */
const HEAD_SCRIPT = `document.documentElement.classList.add('js');
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
try {
  const theme = localStorage.getItem('tensorrt-node-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {}`;

const cached = new Map<boolean, Assets>();

/** Reads our own files from the package's folder, and uPlot from its package for a page with charts. */
export function readAssets(hasCharts: boolean): Assets {
  let assets = cached.get(hasCharts);
  if (assets === undefined) cached.set(hasCharts, (assets = load(hasCharts)));
  return assets;
}

function load(hasCharts: boolean): Assets {
  const plot = hasCharts ? loadPlot() : { styles: [], scripts: [] };
  return {
    styles: [...plot.styles, readOwn('report.css')],
    headScript: HEAD_SCRIPT,
    scripts: [...plot.scripts, readOwn('report-client.js')],
  };
}

/** A checkout has the sources, which may be newer than what was built of them; the installed package has `dist`. */
function readOwn(file: string): string {
  const [source, built] = ['lib', 'dist'].map((folder) => join(packageRoot(), folder, 'html', file));
  return readFileSync(existsSync(source!) ? source! : built!, 'utf8');
}

function loadPlot(): Pick<Assets, 'styles' | 'scripts'> {
  const require = createRequire(join(packageRoot(), 'package.json'));
  const ofPlot = (file: string) => readFileSync(require.resolve(`uplot/${file}`), 'utf8').trim();
  // The licence asks for its text in every copy.
  const notice = `/*! uPlot\n\n${ofPlot('LICENSE')}\n*/`;
  return {
    styles: [ofPlot('dist/uPlot.min.css')],
    scripts: [`${notice}\n${withoutLinks(ofPlot('dist/uPlot.iife.min.js'))}`],
  };
}

/** The bundle names its home page in a comment; the notice says whose it is, and the page then names no address. */
function withoutLinks(script: string): string {
  return script.replace(/^\/\*! https:\S+ (\(v[^)]+\)) \*\//, '/*! uPlot $1 */');
}

/**
 * The page's content security policy: nothing is loaded from anywhere, and only these scripts and styles run, by their
 * hashes: even a name that got through as markup could do nothing.
 */
export function contentSecurityPolicy({ styles, headScript, scripts }: Assets): string {
  const hashes = (texts: readonly string[]) => texts.map((text) => `'sha256-${sha256(text)}'`).join(' ');
  return [
    "default-src 'none'",
    `script-src ${hashes([headScript, ...scripts])}`,
    `style-src ${hashes(styles)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64');
}

/** A script or style tag of our own; its text must not hold what would end it. */
export function inline(tag: 'script' | 'style', text: string): Html {
  return html`${new Html(`<${tag}>`)}${new Html(text)}${new Html(`</${tag}>`)}`;
}
