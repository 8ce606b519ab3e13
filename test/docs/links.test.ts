// SPDX-License-Identifier: Apache-2.0
// Every link of every Markdown file of the repository arrives: at a file that is there, and at a heading of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeBlocks, headings, links, pageTitle } from '../../scripts/check-docs/markdown.mjs';
import { deadLinks, kindsBelow, readPages } from '../../scripts/check-docs/pages.mjs';

const ROOT = join(__dirname, '../..');

describe('links of the documentation', () => {
  const pages = readPages(ROOT);

  it('lead to files and headings that are there', () => {
    expect(pages.size).toBeGreaterThan(20);
    expect(deadLinks(pages, kindsBelow(ROOT))).toEqual([]);
  });

  it('start from pages that have a title', () => {
    expect([...pages].filter(([, text]) => pageTitle(text) === null).map(([page]) => page)).toEqual([]);
  });

  it('reach each page of docs/guides and docs/tutorial from another page', () => {
    const reached = new Set(
      [...pages].flatMap(([page, text]) =>
        links(text).map(({ target }) => join(page, '..', target.split('#')[0]!)),
      ),
    );
    const guides = [...pages.keys()].filter((page) => /^docs\/(guides|tutorial)\//.test(page));
    expect(guides.filter((page) => !reached.has(page))).toEqual([]);
  });
});

describe('docs/guides/README.md', () => {
  it('lists every guide', () => {
    const listed = links(readFileSync(join(ROOT, 'docs/guides/README.md'), 'utf8')).map(
      ({ target }) => target,
    );
    const guides = readdirSync(join(ROOT, 'docs/guides')).filter(
      (name) => name.endsWith('.md') && name !== 'README.md',
    );
    expect(guides.length).toBeGreaterThan(10);
    expect(guides.filter((name) => !listed.includes(name))).toEqual([]);
  });
});

describe('the check of links', () => {
  const kinds = new Map<string, 'file' | 'folder'>([
    ['a.md', 'file'],
    ['docs/b.md', 'file'],
    ['docs', 'folder'],
  ]);
  const problems = (text: string): string[] =>
    deadLinks(
      new Map([
        ['a.md', text],
        ['docs/b.md', '# Title\n\n## Two `words` here\n\n## Again\n\n## Again\n\n```sh\n# no heading\n```\n'],
      ]),
      (path: string) => kinds.get(path) ?? null,
    );

  it('accepts files, folders, headings, addresses and pictures', () => {
    expect(
      problems(
        '# A\n[x](docs/b.md) [x](docs/) [x](docs/b.md#two-words-here) [x](docs/b.md#again-1)\n' +
          '[x](#a) [x](https://example.org/none) `[x](none.md)`\n\n```md\n[x](none.md)\n```\n',
      ),
    ).toEqual([]);
  });

  it.each([
    ['[x](none.md)', 'a.md:1: (none.md) there is no none.md'],
    ['text\n\n[a\nlink](docs/b.md#none)', 'a.md:3: (docs/b.md#none) docs/b.md has no heading #none'],
    ['[x](docs/b.md#no-heading)', 'a.md:1: (docs/b.md#no-heading) docs/b.md has no heading #no-heading'],
    ['[x](../out.md)', 'a.md:1: (../out.md) leaves the repository'],
    ['[x](/docs/b.md)', 'a.md:1: (/docs/b.md) starts with a slash; write it relative to the page'],
    ['[![p](none.svg)](docs/b.md)', 'a.md:1: (none.svg) there is no none.svg'],
    ['<img src="none.png">', 'a.md:1: (none.png) there is no none.png'],
    ['```sh\nnever closed', 'a.md: a code block is never closed'],
  ])('refuses %s', (text, problem) => {
    expect(problems(text)).toContain(problem);
  });

  it('reads headings as a repository browser does', () => {
    const ids = headings(
      '# ERR_TRT_RUN_CLOSED\n## `session.run()`: *what* it does\n### [A link](x.md), once',
    ).map(({ id }) => id);
    expect(ids).toEqual(['err_trt_run_closed', 'sessionrun-what-it-does', 'a-link-once']);
  });

  it('finds code blocks in lists, and tildes', () => {
    const blocks = codeBlocks('- item\n\n  ```js\n  a;\n    b;\n  ```\n\n~~~sh\n```\n~~~\n');
    expect(blocks.map(({ language, code, line }) => [language, code, line])).toEqual([
      ['js', 'a;\n  b;\n', 4],
      ['sh', '```\n', 9],
    ]);
  });
});
