// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, ToolError } from '../run-tool.mjs';

/**
 * @typedef {object} Outcome
 * @property {'passed' | 'failed' | 'skipped'} status
 * @property {string} [message] why it failed
 */

/**
 * Runs all tests in a process of their own, with `name` as the package under test.
 * @param {import('./workspace.mjs').Workspace} workspace
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Map<string, Outcome>>} by full title, in the order of the run
 */
export async function runTests({ root, tests, commonTests }, name, env = {}) {
  const report = join(root, `${name.replaceAll('/', '-')}.json`);
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const options = [
    '--timeout',
    '60000',
    '--exit',
    '--reporter',
    'json',
    '--reporter-option',
    `output=${report}`,
  ];
  const command = [process.execPath, mocha, ...options, join(tests, 'test-main.js'), ...commonTests];
  const { code, output } = await capture(command, { ...env, TESTED_PACKAGE: name });
  if (!existsSync(report))
    throw new ToolError(`the tests of ${name} ended (${code}) before they reported:\n${output.slice(-4000)}`);
  return readOutcomes(JSON.parse(readFileSync(report, 'utf8')), root);
}

function readOutcomes(report, root) {
  const outcomes = new Map();
  const pending = new Set(report.pending.map((test) => test.fullTitle));
  for (const test of report.tests) add(outcomes, clean(test.fullTitle, root), outcomeOf(test, pending, root));
  // A failing hook is no test of its own, but takes the tests below it with it.
  const known = new Set(report.tests.map((test) => test.fullTitle));
  for (const hook of report.failures.filter((test) => !known.has(test.fullTitle)))
    add(outcomes, clean(hook.fullTitle, root), outcomeOf(hook, pending, root));
  return outcomes;
}

function outcomeOf({ fullTitle, err }, pending, root) {
  if (err?.message !== undefined) return { status: 'failed', message: clean(err.message, root) };
  return { status: pending.has(fullTitle) ? 'skipped' : 'passed' };
}

/** Two tests may have one title. */
function add(outcomes, title, outcome) {
  let name = title;
  for (let count = 2; outcomes.has(name); count++) name = `${title} (${count})`;
  outcomes.set(name, outcome);
}

/** Paths of this machine say nothing to a reader. */
function clean(text, root) {
  return text.replaceAll(`${root}/`, '');
}
