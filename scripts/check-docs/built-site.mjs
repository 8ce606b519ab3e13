// SPDX-License-Identifier: Apache-2.0
// What a built site must be: every link arrives, also at a heading, and a page takes nothing from another host.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Elements that a browser loads without being asked, and references inside style sheets. */
const LOADS = [
  /<(?:script|img|source|iframe|video|audio|embed)\b[^>]*?\b(?:src|srcset)="(?:https?:)?(\/\/[^"]+)"/g,
  /<link\b[^>]*?\bhref="(?:https?:)?(\/\/[^"]+)"/g,
  /(?:url\(\s*["']?|@import\s+["'])(?:https?:)?(\/\/[^)"']+)/g,
];

const decode = (text) => text.replaceAll('&amp;', '&').replaceAll('&#39;', "'");

/**
 * @param {string} folder of the built site
 * @param {string} base path below which it is served
 * @returns {string[]} one line per problem
 */
export function siteProblems(folder, base) {
  const names = readdirSync(folder, { recursive: true }).map(String);
  const read = (name) => readFileSync(join(folder, name), 'utf8');
  const pages = new Map(names.filter((name) => name.endsWith('.html')).map((name) => [name, read(name)]));
  if (!pages.has('index.html')) return ['there is no index.html'];
  const ids = new Map([...pages].map(([name, html]) => [name, idsOf(html)]));
  const loads = names
    .filter((name) => /\.(html|css)$/.test(name))
    .flatMap((name) => foreignLoads(pages.get(name) ?? read(name)).map((url) => `${name}: loads ${url}`));
  const dead = [...pages].flatMap(([name, html]) =>
    // The page for addresses that do not exist is served at any of them.
    hrefsOf(html)
      .map((href) => [href, linkProblem({ href, name, base, folder, ids })])
      .filter(([, problem]) => problem !== null)
      .map(([href, problem]) => `${name}: (${href}) ${problem}`),
  );
  return [...loads, ...dead];
}

const idsOf = (html) => new Set([...html.matchAll(/\bid="([^"]+)"/g)].map((match) => decode(match[1])));

function hrefsOf(html) {
  const all = [...html.matchAll(/<(?:a|link|img|script|source)\b[^>]*?\b(?:href|src)="([^"]*)"/g)];
  return [...new Set(all.map((match) => decode(match[1])))].filter((href) => !/^([a-z]+:|\/\/)/i.test(href));
}

function foreignLoads(text) {
  return LOADS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]));
}

/** The file that a static server gives for a path. */
function fileOf(folder, path) {
  const candidates = path === '' || path.endsWith('/') ? [`${path}index.html`] : [path, `${path}.html`];
  return candidates.find((name) => existsSync(join(folder, name)) && !name.endsWith('/')) ?? null;
}

function linkProblem({ href, name, base, folder, ids }) {
  const [path, hash] = decodeURIComponent(href).split('#', 2);
  const self = `${base}${name.replace(/(^|\/)index\.html$/, '$1').replace(/\.html$/, '')}`;
  const absolute = path === '' ? self : posix.resolve(posix.dirname(`${self}x`), path);
  const full = path.endsWith('/') && !absolute.endsWith('/') ? `${absolute}/` : absolute;
  if (!`${full}/`.startsWith(base)) return `is not below ${base}`;
  const file = fileOf(folder, full.slice(base.length));
  if (file === null) return 'leads nowhere';
  if (hash === undefined || hash === '' || !ids.has(file)) return null;
  return ids.get(file).has(hash) ? null : `${file} has no #${hash}`;
}
