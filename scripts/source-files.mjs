// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Folders of the root that hold nothing written by hand; .gitignore names the same. */
const IGNORED = /^(node_modules|build|dist|prebuilds|coverage|\.sdk|\.git|\.venv)$/;

/**
 * The repository's files: what git has or would take, or, where git is missing (a tarball), all but the folders
 * that .gitignore names. Paths are relative, with forward slashes, sorted.
 * @param {string} root
 */
export function sourceFiles(root) {
  const files = gitFiles(root) ?? folderFiles(root);
  // A file that was deleted but not yet committed is still in git's list.
  return files.filter((file) => existsSync(join(root, file))).sort();
}

function gitFiles(root) {
  try {
    const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 };
    return execFileSync('git', args, options).split('\0').filter(Boolean);
  } catch {
    return null;
  }
}

function folderFiles(root) {
  const entries = readdirSync(root, { withFileTypes: true }).filter((entry) => !IGNORED.test(entry.name));
  return entries.flatMap((entry) => {
    if (entry.isFile()) return [entry.name];
    const inside = readdirSync(join(root, entry.name), { recursive: true, withFileTypes: true });
    const files = inside.filter((file) => file.isFile());
    return files.map((file) => relative(root, join(file.parentPath, file.name)).split(sep).join('/'));
  });
}
