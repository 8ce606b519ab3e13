// SPDX-License-Identifier: Apache-2.0
// The documentation site is built, and every page of it is looked at as a browser gets it.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { siteProblems } from '../../scripts/check-docs/built-site.mjs';
import { temporaryFolder } from '../temporary-folder';

const ROOT = join(__dirname, '../..');

function buildSite(...args: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, ['scripts/site.mjs', ...args], { cwd: ROOT });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text }));
  });
}

describe('the documentation site', () => {
  // Some 400 pages: a minute of one core.
  it(
    'is built below a path, all its links arrive, and nothing is loaded from elsewhere',
    { timeout: 600_000 },
    async () => {
      const { code, text } = await buildSite(
        '--check',
        '--base',
        '/docs/',
        '--repository',
        'https://example.org/repository',
      );
      expect(text).toMatch(/^site: \d{3,} pages, no problem\n$/);
      expect(code).toBe(0);
    },
  );

  it('refuses a path without slashes and an address that is none', async () => {
    expect(await buildSite('--base', 'docs')).toEqual({
      code: 1,
      text: expect.stringContaining('begins and ends with a slash, such as /docs/; got docs') as string,
    });
    expect((await buildSite('--repository', 'here')).text).toContain(
      'address of the repository, https://…; got here',
    );
  });
});

describe('the check of a built site', () => {
  const problems = (files: Record<string, string>, base = '/'): string[] => {
    const folder = temporaryFolder();
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return siteProblems(folder, base);
  };

  it('finds no problem where there is none', () => {
    const index =
      '<p id="a"></p><a href="#a"></a><a href="./b#x"></a><a href="/c/"></a><a href="https://example.org">';
    expect(
      problems({ 'index.html': index, 'b.html': '<i id="x">', 'c/index.html': '<a href="../b">' }),
    ).toEqual([]);
  });

  it.each([
    ['a dead link', '<a class="x" href="./none">', 'index.html: (./none) leads nowhere'],
    ['a heading that is not there', '<a href="#none">', 'index.html: (#none) index.html has no #none'],
    [
      'a script of another host',
      '<script src="https://cdn.example.org/x.js">',
      'index.html: loads //cdn.example.org/x.js',
    ],
    [
      'a style sheet of another host',
      '<link rel="stylesheet" href="//example.org/x.css">',
      'index.html: loads //example.org/x.css',
    ],
    [
      'a font of another host',
      '<style>@font-face { src: url(https://example.org/f) }</style>',
      'index.html: loads //example.org/f',
    ],
  ])('finds %s', (_, html, problem) => {
    expect(problems({ 'index.html': html })).toContain(problem);
  });

  it('finds a link that leaves the path below which the site is served', () => {
    expect(problems({ 'index.html': '<a href="/b">', 'b.html': '' }, '/docs/')).toEqual([
      'index.html: (/b) is not below /docs/',
    ]);
  });

  it('says that nothing was built', () => {
    expect(problems({})).toEqual(['there is no index.html']);
  });
});
