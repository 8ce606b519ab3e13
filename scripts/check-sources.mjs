// SPDX-License-Identifier: Apache-2.0
// Rules that hold for every file of the repository, whatever its language.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './sdk/steps.mjs';
import { sourceFiles } from './source-files.mjs';

const CODE = /\.(ts|mts|cts|js|mjs|cjs|cc|h|cu|cuh|py|cmake|sh)$|(^|\/)(CMakeLists\.txt|\.clang-format)$/;
const BINARY = /\.(onnx|npy|npz|png|engine|tgz|pack)$/;
const MAX_LINES = 600;

/** Written in two halves so that this file does not name what it looks for. */
const REGISTRY_HOST = new RegExp('//[a-z0-9.-]*' + '(pypi|npmjs|maven|crates|golang|debian)[a-z.]*', 'i');
const MACHINE_PATH = new RegExp('(^|[^A-Za-z0-9_.<>*-])/' + '(work|farm|root|home|Users)/', 'm');

/** Each rule gets a file's path and text (null for binary files) and gives back what is wrong, or null. */
const RULES = [
  function spdx(path, text) {
    if (!CODE.test(path) || text === null) return null;
    const head = text.split('\n', 3).join('\n');
    return head.includes('SPDX-License-Identifier: Apache-2.0') ? null : 'has no SPDX line at its top';
  },
  function hosts(path, text) {
    const found = text === null ? null : REGISTRY_HOST.exec(text);
    return found ? `names a registry's host (${found[0]})` : null;
  },
  function machinePaths(path, text) {
    const found = text === null ? null : MACHINE_PATH.exec(text);
    return found ? `names a path of one machine (${found[0].trim()})` : null;
  },
  function names(path) {
    const isVague = /^(helpers?|utils?|common|misc)\./.test(basename(path));
    return isVague ? 'has a name that says nothing; name its subject' : null;
  },
  function size(path, text) {
    if (!CODE.test(path) || text === null) return null;
    const lines = text.split('\n').length;
    return lines > MAX_LINES ? `has ${lines} lines; split it (at most ${MAX_LINES})` : null;
  },
];

/**
 * @param {Iterable<[string, string | null]>} files path from the root and text, null for a binary file
 * @returns {string[]} one line per violation
 */
export function findViolations(files) {
  return [...files].flatMap(([path, text]) => {
    const problems = RULES.map((rule) => rule(path, text)).filter((problem) => problem !== null);
    return problems.map((problem) => `${path}: ${problem}`);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const readText = (path) => (BINARY.test(path) ? null : readFileSync(join(ROOT, path), 'utf8'));
  const violations = findViolations(sourceFiles(ROOT).map((path) => [path, readText(path)]));
  process.stdout.write(violations.map((line) => `${line}\n`).join(''));
  process.exitCode = violations.length > 0 ? 1 : 0;
}
