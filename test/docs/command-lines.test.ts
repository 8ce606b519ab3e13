// SPDX-License-Identifier: Apache-2.0
// Command lines that users read: commands and options of ours are parsed as the command line parses them, scripts of
// npm and programs of the repository are there.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../lib/cli/args/parse-arguments';
import { commonOptions, type Command } from '../../lib/cli/command';
import { commandList } from '../../lib/cli/command-list';
import { codeBlocks } from '../../scripts/check-docs/markdown.mjs';
import { readPages } from '../../scripts/check-docs/pages.mjs';
import { shellCommands } from '../../scripts/check-docs/shell.mjs';
import { sourceFiles } from '../../scripts/source-files.mjs';

const ROOT = join(__dirname, '../..');
const pages = readPages(ROOT);
/** Scripts of npm in a folder of the repository. */
function scriptsOf(folder: string): string[] {
  const path = join(ROOT, folder, 'package.json');
  if (!existsSync(path)) return [];
  return Object.keys((JSON.parse(readFileSync(path, 'utf8')) as { scripts?: object }).scripts ?? {});
}
const scripts = scriptsOf('.');
const SHELLS = new Set(['sh', 'bash', 'console', 'shell']);
const NPM_OWN = new Set([
  'ci',
  'install',
  'i',
  'pack',
  'publish',
  'view',
  'ls',
  'init',
  'pkg',
  'audit',
  'root',
  'uninstall',
  'config',
  'cache',
]);

const commands = new Map<string, Command>();
for (const entry of commandList) commands.set(entry.name, await entry.load());

/** What is wrong with the arguments of `tensorrt-node`; null for nothing. */
function problemOfOurs(args: readonly string[]): string | null {
  const [name, ...rest] = args.filter((arg) => arg !== '…');
  if (name === undefined || name === '--version' || name === '--help' || name.startsWith('<')) return null;
  const command = commands.get(name === 'help' ? rest[0]! : name);
  if (command === undefined) return `there is no command ${name}`;
  try {
    const table = { ...command.options, ...commonOptions };
    const { positionals } = parseArguments(rest, table, command.adviseOption);
    const isWhole = !args.includes('…') && !rest.includes('--help');
    const { length } = command.positionals;
    const fewest = command.positionals.filter(({ isOptional }) => isOptional !== true).length;
    if (positionals.length > length || (isWhole && positionals.length < fewest))
      return `${name} takes ${length} files, not ${positionals.length}`;
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What is wrong with one command; null for nothing, and for programs that are not ours. */
function problemOf(words: readonly string[], page = 'README.md'): string | null {
  const [program, ...args] = words;
  if (program === 'tensorrt-node') return problemOfOurs(args);
  if (program === 'npx' && args[0] === 'tensorrt-node') return problemOfOurs(args.slice(1));
  if (program === 'npm') {
    const name = args[0] === 'run' ? args[1]! : args[0]!;
    if (args[0] !== 'run' && NPM_OWN.has(name)) return null;
    // The page of an example is about the example's own package.
    const isThere = scripts.includes(name) || scriptsOf(dirname(page)).includes(name);
    return isThere ? null : `there is no script ${name}`;
  }
  if (program !== 'node') return null;
  const file = args.find((arg) => !arg.startsWith('-'));
  if (file?.endsWith('dist/cli/main.js')) return problemOfOurs(args.slice(args.indexOf(file) + 1));
  const isOurs = file !== undefined && /^(examples|benchmarks|scripts)\//.test(file);
  return !isOurs || existsSync(join(ROOT, file)) ? null : `there is no ${file}`;
}

/** The commands of a workflow's steps: of one line, folded (`>-`) or of several (`|`). */
function workflowRuns(text: string): string[] {
  const steps = text.matchAll(/^( *)(?:- )?run: *([>|]?)[-+]? *(.*)\n((?:\1 {2,}.*\n|\n)*)/gm);
  return [...steps].map(([, , style, line, rest]) => {
    if (style === '') return line!;
    const lines = rest!.split('\n').map((one) => one.trim());
    return lines.filter((one) => one !== '').join(style === '>' ? ' ' : '\n');
  });
}

const problemsOf = (page: string, text: string): string[] =>
  codeBlocks(text)
    .filter(({ language }) => SHELLS.has(language))
    .flatMap(({ language, code, line }) =>
      shellCommands(code, language === 'console').flatMap((command) => {
        const problem = problemOf(command.words, page);
        return problem === null ? [] : [`${page}:${line + command.line}: ${problem}`];
      }),
    );

describe('command lines of the documentation', () => {
  it('have commands, options and scripts that exist', () => {
    expect([...pages].flatMap(([page, text]) => problemsOf(page, text))).toEqual([]);
  });

  it('name scripts of npm that exist, also in the text', () => {
    // The change log tells of what was, too.
    const missing = [...pages]
      .filter(([page]) => page !== 'CHANGELOG.md')
      .flatMap(([page, text]) => {
        const named = [...text.matchAll(/`npm run ([a-z][\w:-]*)/g)].map((match) => match[1]!);
        const own = [...scripts, ...scriptsOf(dirname(page))];
        return named.filter((name) => !own.includes(name)).map((name) => `${page}: npm run ${name}`);
      });
    expect(missing).toEqual([]);
  });

  it('are found in every form', () => {
    const all = [...pages.values()].flatMap((text) =>
      codeBlocks(text)
        .filter(({ language }) => SHELLS.has(language))
        .flatMap(({ language, code }) => shellCommands(code, language === 'console')),
    );
    const ours = all.filter(({ words }) => words.includes('tensorrt-node'));
    expect(ours.length).toBeGreaterThan(40);
    expect(
      new Set(ours.map(({ words }) => words[words.indexOf('tensorrt-node') + 1])).size,
    ).toBeGreaterThanOrEqual(commandList.length);
  });
});

describe('command lines of the workflows in examples', () => {
  it('have commands and options that exist', () => {
    const workflows = sourceFiles(ROOT).filter((path) => /^examples\/.*\.ya?ml$/.test(path));
    const found = workflows.flatMap((path) =>
      workflowRuns(readFileSync(join(ROOT, path), 'utf8')).map((run) => ({
        path,
        commands: shellCommands(run, false),
      })),
    );
    expect(found.length).toBeGreaterThan(0);
    const problems = found.flatMap(({ path, commands: all }) =>
      all.map(({ words }) => `${path}: ${problemOf(words)}`).filter((line) => !line.endsWith(': null')),
    );
    expect(problems).toEqual([]);
  });

  it('are read in the forms that workflows have', () => {
    const workflow = '- run: npm ci\n- name: x\n  run: >-\n    a b\n    --c\n\n- run: |\n    d\n    e\n';
    expect(workflowRuns(workflow)).toEqual(['npm ci', 'a b --c', 'd\ne']);
  });
});

describe('the check of command lines', () => {
  const check = (line: string): string[] => problemsOf('x.md', `\`\`\`sh\n${line}\n\`\`\`\n`);

  it.each([
    ['npx tensorrt-node buidl m.onnx', /^x\.md:2: there is no command buidl$/],
    ['A=1 npx tensorrt-node build m.onnx --presicion fp16', /--precision/],
    ['npm ci && npx tensorrt-node bench m.onnx --duration 3parsecs', /parsecs/],
    ['tensorrt-node inspect', /inspect takes 1 files, not 0/],
    ['echo x | tensorrt-node compare a.json b.json c.json', /compare takes 2 files, not 3/],
    ['npm run no-such', /there is no script no-such/],
    ['npm tset', /there is no script tset/],
    ['node examples/none.mjs --x', /there is no examples\/none\.mjs/],
    ['npx tensorrt-node build m.onnx \\\n  --no-such-option', /no-such-option/],
  ])('refuses %s', (line, problem) => {
    expect(check(line)).toEqual([expect.stringMatching(problem)]);
  });

  it('accepts comments, quotes, variables, redirections, placeholders and other programs', () => {
    expect(
      check(
        [
          '# npx tensorrt-node nothing',
          'LIB=/x npx tensorrt-node doctor --json > report.json   # what is there',
          "tensorrt-node compare a.json b.json --fail-if 'p99>+5%'",
          'tensorrt-node evaluate m.onnx … --layers',
          'curl --silent localhost:1 | jq .',
        ].join('\n'),
      ),
    ).toEqual([]);
  });

  it('reads of a console what follows the prompt', () => {
    expect(problemsOf('x.md', '```console\n$ npm run no-such\n  tensorrt-node nothing\n```\n')).toHaveLength(
      1,
    );
  });
});
