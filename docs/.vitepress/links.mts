// SPDX-License-Identifier: Apache-2.0
// Pages are written for the repository: their links are relative paths of files. What a link becomes on the site:
// - a page below docs: its address, where README.md stands for its folder;
// - another file below docs (a schema): the file, which site.mjs copies;
// - a model or an array (.onnx, .npy) to download: the file, which site.mjs copies to files/;
// - anything else of the repository: the repository's address on the web, or plain text while that is not known.
import { statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';

type Token = ReturnType<MarkdownRenderer['parse']>[number];

/** Address of a file of the repository; undefined where no address is known. */
export function repositoryAddress(
  repository: string | undefined,
  root: string,
  path: string,
): string | undefined {
  if (repository === undefined) return undefined;
  const kind = statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() ? 'tree' : 'blob';
  return `${repository.replace(/\/$/, '')}/${kind}/HEAD/${path}`;
}

export interface LinkOptions {
  readonly root: string;
  readonly repository: string | undefined;
  /** Path below which the site is served. */
  readonly base: string;
}

/** What a link of a page becomes: another target, or null for none. */
function siteTarget(
  page: string,
  href: string,
  { root, repository, base }: LinkOptions,
): { href: string; file: boolean } | null {
  const [path, anchor] = href.split('#', 2) as [string, string | undefined];
  const hash = anchor === undefined ? '' : `#${anchor}`;
  const target = posix.join('docs', dirname(page), path);
  if (/\.(onnx|npy)$/.test(target)) return { href: `${base}files/${target}`, file: true };
  if (!target.startsWith('docs/')) {
    const address = repositoryAddress(repository, root, target.replace(/\/$/, ''));
    return address === undefined ? null : { href: `${address}${hash}`, file: false };
  }
  if (path.endsWith('.md'))
    return { href: `${path.replace(/(^|\/)README\.md$/, '$1index.md')}${hash}`, file: false };
  return { href, file: !path.endsWith('/') };
}

const isRelative = (href: string): boolean => !/^([a-z][a-z0-9+.-]*:|\/|#)/i.test(href);

function rewriteInline(children: Token[], page: string, options: LinkOptions): Token[] {
  let isDropping = false;
  return children.filter((token) => {
    if (token.type === 'link_close' && isDropping) {
      isDropping = false;
      return false;
    }
    const href = token.type === 'link_open' ? token.attrGet('href') : null;
    if (href === null || !isRelative(href)) return true;
    const target = siteTarget(page, href, options);
    if (target === null) {
      isDropping = true;
      return false;
    }
    token.attrSet('href', target.href);
    // With a target of its own the site's router leaves the link to the browser.
    if (target.file) token.attrSet('target', '_self');
    return true;
  });
}

/** The rule as a plugin of markdown-it. */
export function repositoryLinks(md: MarkdownRenderer, options: LinkOptions): void {
  md.core.ruler.push('repository-links', (state) => {
    const page = (state.env as { relativePath?: string }).relativePath;
    if (page === undefined) return;
    for (const token of state.tokens) {
      if (token.children) token.children = rewriteInline(token.children, page, options);
    }
  });
}
