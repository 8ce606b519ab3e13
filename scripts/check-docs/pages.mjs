// SPDX-License-Identifier: Apache-2.0
// The Markdown pages of the repository, and the links between them.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { sourceFiles } from '../source-files.mjs';
import { hasOpenFence, headings, links } from './markdown.mjs';

/**
 * Every Markdown file of the repository by its path from the root. Fixtures of tests and the recorded public API are
 * data, not pages.
 * @param {string} root
 * @returns {Map<string, string>}
 */
export function readPages(root) {
  const paths = sourceFiles(root).filter(
    (path) => path.endsWith('.md') && !/(^|\/)fixtures\/|\.api\.md$/.test(path),
  );
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

const EXTERNAL = /^[a-z][a-z0-9+.-]*:/i;

/**
 * Links of pages that lead nowhere: a file that is not there, a heading that the file does not have, a path that
 * leaves the repository, or a folder without README.md where the link does not end with a slash.
 * @param {Map<string, string>} pages
 * @param {(path: string) => 'file' | 'folder' | null} kindOf what is at a path of the repository
 * @returns {string[]} one line per dead link
 */
export function deadLinks(pages, kindOf) {
  const anchors = new Map();
  const anchorsOf = (path) => {
    if (!anchors.has(path)) anchors.set(path, new Set(headings(pages.get(path)).map(({ id }) => id)));
    return anchors.get(path);
  };
  const problemOf = (page, target) => {
    const [file, anchor] = decodeURIComponent(target).split('#', 2);
    if (file.startsWith('/')) return 'starts with a slash; write it relative to the page';
    const path = file === '' ? page : posix.normalize(posix.join(dirname(page), file));
    if (path.startsWith('..')) return 'leaves the repository';
    const kind = kindOf(path.replace(/\/$/, ''));
    if (kind === null) return `there is no ${path}`;
    if (anchor === undefined || anchor === '') return null;
    if (kind === 'folder' || !pages.has(path)) return `${path} is no page with headings`;
    return anchorsOf(path).has(anchor) ? null : `${path} has no heading #${anchor}`;
  };
  return [...pages].flatMap(([page, text]) => {
    const unclosed = hasOpenFence(text) ? [`${page}: a code block is never closed`] : [];
    const relative = links(text).filter(({ target }) => !EXTERNAL.test(target));
    const dead = relative.map(({ target, line }) => ({ target, line, problem: problemOf(page, target) }));
    return [
      ...unclosed,
      ...dead
        .filter(({ problem }) => problem !== null)
        .map(({ target, line, problem }) => `${page}:${line}: (${target}) ${problem}`),
    ];
  });
}

/**
 * What is at a path of a folder, for {@link deadLinks}.
 * @param {string} root
 */
export function kindsBelow(root) {
  return (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return null;
    return statSync(full).isDirectory() ? 'folder' : 'file';
  };
}
