// SPDX-License-Identifier: Apache-2.0
// Feeds damaged files to the readers, or with --native damaged models to TensorRT itself, in a process that is watched:
// a crash or a hang costs that one case, is reported with its number, and the run goes on behind it.
//
//   node scripts/fuzz.mjs [--cases 20000] [--seed 1] [--first 0]     readers of models and plans
//   node scripts/fuzz.mjs --toolkit 5000 [--seed 1] [--first 0]      graph toolkit: checks, inference, passes, printing
//   node scripts/fuzz.mjs --native 500 [--seed 1] [--first 0]        builds with TensorRT-RTX in the addon
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { packageProgram, runLoud } from './run-tool.mjs';
import { ROOT } from './sdk/steps.mjs';

const HANG_MS = { reader: 20_000, toolkit: 60_000, native: 120_000 };
/** So many cases share a process: what it found is lost if it dies. */
const CASES_PER_PROCESS = { reader: 2500, toolkit: 500, native: 50 };
/** A run that dies this often has told enough. */
const MOST_DEATHS = 25;

/** The options as numbers. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' },
      toolkit: { type: 'string' },
      native: { type: 'string' },
    },
  });
  const mode = ['native', 'toolkit'].find((name) => values[name] !== undefined) ?? 'reader';
  const numbers = [values[mode] ?? values.cases, values.seed, values.first].map(Number);
  if (!numbers.every(Number.isSafeInteger))
    throw new Error('--cases, --toolkit, --native, --seed and --first take whole numbers');
  const [cases, seed, first] = numbers;
  return { mode, cases, seed, first };
}

/**
 * Runs one process until it ends, dies or hangs.
 * @returns {Promise<{ report?: object, lastCase: number, death?: string }>}
 */
function runProcess({ mode, cases, seed, first }) {
  const program = join(ROOT, 'build', 'fuzz', 'test', 'fuzz', `${mode}-process.js`);
  const env = { ...process.env, TENSORRT_NODE_ADDON: join(ROOT, 'build', 'Release', 'tensorrt_node.node') };
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=512', '--enable-source-maps', program, ROOT, ...[seed, first, cases].map(String)],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: mode === 'native' ? env : process.env },
  );
  return new Promise((resolve) => {
    let lastCase = first - 1;
    let output = '';
    let errors = '';
    let isHung = false;
    const watchdog = setTimeout(() => {
      isHung = true;
      child.kill('SIGKILL');
    }, HANG_MS[mode]);
    createInterface({ input: child.stdio[3] }).on('line', (line) => {
      lastCase = Number(line);
      watchdog.refresh();
    });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-4000)));
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      if (code === 0) return resolve({ report: JSON.parse(output), lastCase });
      const why = isHung ? `hung for ${HANG_MS[mode]} ms` : `died with ${signal ?? `exit code ${code}`}`;
      return resolve({ lastCase, death: `case ${lastCase} ${why}\n${errors.trim()}` });
    });
  });
}

/** Runs all cases, going on behind each that kills its process. */
async function runAll({ mode, cases, seed, first }) {
  const outcomes = {};
  const failures = [];
  let peakMiB = 0;
  let deaths = 0;
  for (let at = first; at < first + cases && deaths < MOST_DEATHS;) {
    const count = Math.min(first + cases - at, CASES_PER_PROCESS[mode]);
    const { report, lastCase, death } = await runProcess({ mode, cases: count, seed, first: at });
    for (const [outcome, times] of Object.entries(report?.outcomes ?? {})) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + times;
    }
    failures.push(...(report?.failures ?? []), ...(death === undefined ? [] : [death]));
    peakMiB = Math.max(peakMiB, report?.peakMiB ?? 0);
    if (death !== undefined) deaths++;
    // A process that dies before its first case would die again.
    if (death !== undefined && lastCase < at) break;
    at = death === undefined ? at + count : lastCase + 1;
  }
  return { outcomes, failures, peakMiB };
}

const options = readOptions();
const project = join(ROOT, 'test', 'fuzz', 'tsconfig.json');
await runLoud('compiling test/fuzz', [...packageProgram('typescript/bin/tsc'), '-p', project]);
const started = performance.now();
const { outcomes, failures, peakMiB } = await runAll(options);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
for (const [outcome, count] of Object.entries(outcomes).sort())
  console.log(`${String(count).padStart(8)}  ${outcome}`);
for (const failure of failures) console.error(`\nFAILED ${failure}`);
const memory = peakMiB > 0 ? `, at most ${peakMiB} MiB` : '';
console.log(
  `${options.cases} ${options.mode} cases, seed ${options.seed}, ${seconds} s${memory}, ${failures.length} failures`,
);
process.exitCode = failures.length > 0 ? 1 : 0;
