// SPDX-License-Identifier: Apache-2.0
// The pages of the site and its sidebar, found in the folders: a new page appears by itself.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pageTitle } from '../../scripts/check-docs/markdown.mjs';

export interface SidebarItem {
  text: string;
  link?: string;
  collapsed?: boolean;
  items?: SidebarItem[];
}

/** Guides in the order in which they are read; what is not named here comes after them, by title. */
const GUIDES: Readonly<Record<string, readonly string[]>> = {
  'Build and run': [
    'dynamic-shapes',
    'precision',
    'compression',
    'zero-copy',
    'streams-and-graphs',
    'life-of-an-inference',
  ],
  'Measure and prove': ['benchmarking', 'evaluating', 'gpu-check'],
  'When something is wrong': ['errors-and-doctor', 'troubleshooting'],
  'Coming from': [
    'onnxruntime',
    'migrate-from-onnxruntime-node',
    'migrate-from-trtexec',
    'migrate-from-python',
  ],
  'Around it': ['command-line', 'runtimes', 'bundlers', 'prebuilds'],
};

/** `reference/README.md` → `reference/index.md`: a folder's page has the folder's address. */
export function pageAddress(path: string): string {
  return path.replace(/(^|\/)README\.md$/, '$1index.md');
}

/** Titles of all pages below `docs` by path. @throws {Error} if a page has none */
function readTitles(docs: string): Map<string, string> {
  const files = readdirSync(docs, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(docs, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.startsWith('.vitepress/') && !path.endsWith('.api.md'))
    .sort();
  return new Map(
    files.map((path) => {
      const title = pageTitle(readFileSync(join(docs, path), 'utf8'));
      if (title === null) throw new Error(`docs/${path} has no title: begin it with "# …"`);
      return [path, title];
    }),
  );
}

function toItem([path, title]: [string, string]): SidebarItem {
  return { text: title, link: `/${pageAddress(path).replace(/(index)?\.md$/, '')}` };
}

/** The pages of one folder, without those below it, by title; the folder's own page first. */
function folderItems(titles: Map<string, string>, folder: string): SidebarItem[] {
  const isOwn = (path: string): boolean => /(^|\/)(README|index)\.md$/.test(path);
  const inside = [...titles].filter(
    ([path]) => path.startsWith(folder) && !path.slice(folder.length).includes('/'),
  );
  return inside
    .sort(
      ([a, titleA], [b, titleB]) => Number(isOwn(b)) - Number(isOwn(a)) || titleA.localeCompare(titleB, 'en'),
    )
    .map(toItem);
}

function guideGroups(titles: Map<string, string>): SidebarItem[] {
  const named = Object.values(GUIDES).flat();
  const groups = Object.entries(GUIDES).map(([text, names]) => ({
    text,
    items: names.flatMap((name) => {
      const title = titles.get(`guides/${name}.md`);
      return title === undefined ? [] : [toItem([`guides/${name}.md`, title])];
    }),
  }));
  const others = new Map(
    [...titles].filter(
      ([path]) => path !== 'guides/README.md' && !named.includes(path.replace(/^guides\/|\.md$/g, '')),
    ),
  );
  const operators = { text: 'Operators', collapsed: true, items: folderItems(titles, 'guides/operators/') };
  return [...groups, operators, { text: 'More', items: folderItems(others, 'guides/') }].filter(
    ({ items }) => (items ?? []).length > 0,
  );
}

function apiName(module: string): string {
  return module === 'index' ? 'tensorrt-node' : `tensorrt-node/${module}`;
}

/** `classes`, `functions` … of a module of the API. */
function apiModule(titles: Map<string, string>, name: string): SidebarItem {
  const folder = `reference/api/${name}/`;
  const short = ({ text, ...rest }: SidebarItem): SidebarItem => ({
    ...rest,
    text: text.replace(/^(Class|Function|Interface|Type Alias|Variable|Enumeration): /, ''),
  });
  const kinds = new Set(
    [...titles.keys()]
      .filter((path) => path.startsWith(folder) && path.slice(folder.length).includes('/'))
      .map((path) => path.slice(folder.length).split('/')[0]!),
  );
  return {
    text: apiName(name),
    link: `/${folder}`,
    items: [...kinds].map((kind) => ({
      text: kind.replace('-', ' '),
      collapsed: true,
      items: folderItems(titles, `${folder}${kind}/`).map(short),
    })),
  };
}

/** Names of the folders of the API, the main module first. */
function apiModules(titles: Map<string, string>): string[] {
  const modules = [...titles.keys()].map((path) => /^reference\/api\/([^/]+)\/README\.md$/.exec(path)?.[1]);
  return modules
    .filter((name) => name !== undefined)
    .sort((a, b) => apiName(a).localeCompare(apiName(b), 'en'));
}

function moduleLinks(modules: readonly string[]): SidebarItem[] {
  return modules.map((name) => ({ text: apiName(name), link: `/reference/api/${name}/` }));
}

/**
 * The sidebars of the site by the folder that they are for. Each module of the API has its own: one for all would be
 * nine tenths of every page.
 */
export function makeSidebars(docs: string): Record<string, SidebarItem[]> {
  const titles = readTitles(docs);
  const modules = apiModules(titles);
  const ofModules = modules.map((name): [string, SidebarItem[]] => [
    `/reference/api/${name}/`,
    [
      {
        text: 'Start',
        items: [{ text: 'All guides', link: '/guides/' }, ...folderItems(titles, 'reference/')],
      },
      apiModule(titles, name),
      { text: 'Other modules', items: moduleLinks(modules.filter((other) => other !== name)) },
    ],
  ]);
  return { ...Object.fromEntries(ofModules), '/': mainSidebar(titles, modules) };
}

function mainSidebar(titles: Map<string, string>, modules: readonly string[]): SidebarItem[] {
  return [
    { text: 'Start', items: [...folderItems(titles, 'tutorial/'), { text: 'All guides', link: '/guides/' }] },
    ...guideGroups(titles),
    { text: 'Reference', items: folderItems(titles, 'reference/') },
    { text: 'API', items: moduleLinks(modules) },
    { text: 'Public API, recorded', collapsed: true, items: folderItems(titles, 'reference/public-api/') },
  ].filter(({ items }) => (items ?? []).length > 0);
}
