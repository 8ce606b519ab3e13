// SPDX-License-Identifier: Apache-2.0
// All that can be checked without a build: `npm run check`, `npm run check -- lint types` for some of it, or
// `npm run check -- --skip unit`.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { clangFormat, prettier } from './format.mjs';
import { capture, packageProgram, runMain, ToolError } from './run-tool.mjs';
import { prepare } from './sdk.mjs';

const script = (name, ...args) => [process.execPath, `scripts/${name}`, ...args];

/** Name -> command; a check passes with exit status 0 and then stays silent. */
const CHECKS = {
  prettier: () => prettier('--check'),
  'clang-format': () => clangFormat('--dry-run', '-Werror'),
  lint: () => [...packageProgram('eslint/bin/eslint.js'), '.'],
  dependencies: () => [
    ...packageProgram('dependency-cruiser/bin/dependency-cruise.mjs'),
    ...['--config', '.dependency-cruiser.cjs', 'lib'],
  ],
  includes: () => script('check-includes.mjs'),
  sources: () => script('check-sources.mjs'),
  workflows: () => script('lint-workflows.mjs'),
  types: () => [...packageProgram('typescript/bin/tsc'), '-p', 'tsconfig.check.json'],
  docs: () => script('docs.mjs', '--check'),
  unit: () => [...packageProgram('vitest/vitest.mjs'), 'run', '--project', 'unit'],
};

/** What is worth reading of a check that explains itself at too great a length. */
const SHORTEN = {
  'clang-format': (output) => {
    const files = [...output.matchAll(/^(\S+?):\d+:\d+: (?:error|warning):/gm)].map((match) => match[1]);
    return files.length === 0 ? output : [...new Set(files), 'run npm run format'].join('\n');
  },
};

/** Runs checks, two or more at a time, each reported as it ends. */
async function runChecks(names) {
  const waiting = [...names];
  const failed = [];
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      if (!(await runCheck(name))) failed.push(name);
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, lane));
  return failed;
}

async function runCheck(name) {
  const started = Date.now();
  const { ok, output } = await capture(CHECKS[name]());
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
  const shown = SHORTEN[name]?.(output) ?? output;
  if (!ok) process.stdout.write(`${shown.trimEnd().replace(/^/gm, '  ')}\n`);
  return ok;
}

await runMain(async () => {
  const { values, positionals } = parseArgs({
    options: { skip: { type: 'string', multiple: true, default: [] } },
    allowPositionals: true,
  });
  const unknown = [...positionals, ...values.skip].find((name) => !Object.hasOwn(CHECKS, name));
  if (unknown !== undefined)
    throw new ToolError(`no check "${unknown}"; there are ${Object.keys(CHECKS).join(', ')}`);
  const named = positionals.length > 0 ? positionals : Object.keys(CHECKS);
  const names = named.filter((name) => !values.skip.includes(name));
  if (names.includes('clang-format')) await prepare(['check']);
  const failed = await runChecks(names);
  if (failed.length > 0)
    throw new ToolError(`check: ${failed.length} of ${names.length} failed: ${failed.join(', ')}`);
  process.stdout.write(`check: all ${names.length} passed\n`);
});
