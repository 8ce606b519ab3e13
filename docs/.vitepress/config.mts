// SPDX-License-Identifier: Apache-2.0
// The documentation site: `npm run docs:site` (scripts/site.mjs) builds it and passes its options by environment.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { slug } from '../../scripts/check-docs/markdown.mjs';
import { repositoryLinks } from './links.mjs';
import { makeSidebars, pageAddress } from './pages.mjs';

const docs = fileURLToPath(new URL('..', import.meta.url));
const root = join(docs, '..');
const { version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  description: string;
};
const base = process.env['DOCS_BASE'] ?? '/';
const repository = process.env['DOCS_REPOSITORY'];

export default defineConfig({
  title: 'tensorrt-node',
  description,
  lang: 'en',
  base,
  cleanUrls: true,
  // Or each page has the names of all pages and all sidebars in it.
  metaChunk: true,
  rewrites: pageAddress,
  srcExclude: ['**/*.api.md'],
  markdown: {
    anchor: { slugify: slug },
    config: (md) => repositoryLinks(md, { root, repository, base }),
    theme: { light: 'github-light-high-contrast', dark: 'github-dark' },
  },
  themeConfig: {
    nav: [
      { text: 'Tutorial', link: '/tutorial/' },
      { text: 'Guides', link: '/guides/', activeMatch: '^/guides/' },
      { text: 'Reference', link: '/reference/', activeMatch: '^/reference/' },
      ...(repository === undefined ? [] : [{ text: 'Source', link: repository }]),
    ],
    sidebar: makeSidebars(docs),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    footer: {
      message: `Version ${version}, Apache-2.0. TensorRT, CUDA and NVIDIA are trademarks of NVIDIA Corporation; this project is not NVIDIA's.`,
    },
    externalLinkIcon: true,
  },
});
