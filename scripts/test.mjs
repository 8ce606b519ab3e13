// SPDX-License-Identifier: Apache-2.0
// All tests: builds, runs the native tests (GoogleTest, without Node), then vitest, and totals what both counted.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAddon, buildTypeScript, cmakeProgram } from './build.mjs';
import { requireProvokedCodes } from './provoked-codes.mjs';
import { packageProgram, runLoud, runMain, runQuiet, ToolError } from './run-tool.mjs';
import { findProgram } from './sdk/client.mjs';
import { ROOT } from './sdk/steps.mjs';
import { prepare } from './sdk.mjs';

const REPORTS = join(ROOT, 'build', 'test-reports');
const NATIVE = join(ROOT, 'build', 'native-tests');

/** Compiles and runs the GoogleTest suite; gives back what it counted. */
async function runNativeTests() {
  const cmake = cmakeProgram();
  const generator = findProgram('ninja') === null ? [] : ['-G', 'Ninja'];
  // Half the compile time of -O2 -g. To debug one: cmake -DTRTN_BUILD_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo
  const settings = [
    '-DTRTN_BUILD_TESTS=ON',
    '-DCMAKE_BUILD_TYPE=Release',
    '-DCMAKE_C_FLAGS_RELEASE=-O1',
    '-DCMAKE_CXX_FLAGS_RELEASE=-O1',
  ];
  await runQuiet('configuring the native tests', [
    cmake,
    '-S',
    ROOT,
    '-B',
    NATIVE,
    ...generator,
    ...settings,
  ]);
  await runQuiet('building the native tests', [
    cmake,
    '--build',
    NATIVE,
    '--parallel',
    String(availableParallelism()),
  ]);
  const report = join(REPORTS, 'native.json');
  const run = [join(NATIVE, 'trtn_tests'), '--gtest_brief=1', `--gtest_output=json:${report}`];
  const failure = await failureOf(runLoud('native tests', run));
  const { tests, failures, disabled } = readReport(report);
  return { failure, passed: tests - failures - disabled - skippedIn(report), failed: failures };
}

/** GoogleTest's totals count a skipped test as one that passed; its own entry tells. */
function skippedIn(report) {
  const cases = readReport(report).testsuites.flatMap((suite) => suite.testsuite);
  return cases.filter((entry) => entry.result === 'SKIPPED').length;
}

/** Runs vitest with the given arguments; gives back what it counted. */
async function runVitest(args) {
  const report = join(REPORTS, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  // The packed package has a command of its own, scripts/test-package.mjs.
  const run = [...packageProgram('vitest/vitest.mjs'), 'run', '--project=!consumer', ...reporters, ...args];
  const failure = await failureOf(runLoud('vitest', run));
  const { numPassedTests, numFailedTests } = readReport(report);
  return { failure, passed: numPassedTests, failed: numFailedTests };
}

/** A failing run still has a report to count: its error waits until all is told. */
async function failureOf(run) {
  return run.then(
    () => null,
    (error) => error,
  );
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new ToolError(`the tests ended before they wrote ${file}`);
  }
}

/** What one test compares with. Without it that test skips and says so; in CI it has to run. */
async function preparePeers() {
  await prepare(['peers']).catch((error) => {
    if (process.env.CI) throw error;
    process.stderr.write(`${error.message}\n`);
  });
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { only: { type: 'string' } },
    allowPositionals: true,
  });
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  await prepare(['build', 'test']);
  await preparePeers();
  const results = [];
  if (values.only !== 'javascript') results.push(await runNativeTests());
  if (values.only !== 'native') {
    await buildAddon();
    await buildTypeScript();
    results.push(await runVitest(positionals));
  }
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
  // A runner can fail with no failed test: a file that does not load, an unhandled rejection, a crash at exit.
  const failures = results.map((result) => result.failure).filter((failure) => failure !== null);
  if (failures.length > 0) throw failures[0];
  if (values.only === undefined && positionals.length === 0) requireProvokedCodes();
}

await runMain(main);
