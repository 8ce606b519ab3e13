// SPDX-License-Identifier: Apache-2.0
// The run as a whole: what is there, which checks follow from it, and what came out.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isSelected, planChecks, resultOf } from './check.mjs';
import { environmentText } from './environment-text.mjs';
import { GROUPS } from './groups.mjs';
import { CARRIED, checkEnvironment, ROOT } from './load-package.mjs';
import { checkSelection } from './options.mjs';
import { makeReport, summaryLine, writeReport } from './report.mjs';
import { runGroup } from './run-groups.mjs';

/**
 * @param {ReturnType<typeof import('./options.mjs').parseOptions>} options
 * @param {(text: string) => void} print
 * @returns {Promise<number>} the exit code
 */
export async function gpuCheck(options, print) {
  checkSelection(options.only, GROUPS);
  const folder = mkdtempSync(join(tmpdir(), 'gpu-check-'));
  const started = Date.now();
  try {
    const results = await runAll(options, folder, print);
    const report = makeReport({ ...results, options, started, ended: Date.now() });
    const files = writeReport(report, resolve(options.output ?? join(ROOT, 'benchmarks', 'results')));
    print(`\n${summaryLine(report)}\n${files.join('\n')}\n`);
    return report.exitCode;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runAll(options, folder, print) {
  const say = (result) => print(`${resultLine(result)}\n`);
  const engines = options.engines ?? (existsSync(CARRIED.engines) ? CARRIED.engines : undefined);
  const settings = {
    device: options.device,
    quick: options.quick,
    isBuilding: !options['no-build'],
    folder,
    env: checkEnvironment(),
    ...(engines ? { engines: resolve(engines) } : {}),
  };
  const [environmentGroup, ...groups] = GROUPS;
  const quiet = [];
  const first = await runGroup(planChecks(environmentGroup, []), settings, (result) => quiet.push(result));
  const environment = first.environment ?? null;
  print(`${environmentText(environment)}\n`);
  for (const result of quiet) say(result);
  const results = [...first.results];
  const unusable = new Map();
  for (const group of groups) {
    const planned = planFor(group, options, environment);
    const { ready, skipped } = sortOut(group, planned, { environment, unusable, ...settings });
    print(skippedText(skipped));
    const run = await runGroup(ready, { ...settings, environment }, say);
    results.push(...skipped, ...run.results);
    noteUnusable(run.results, unusable);
  }
  return { environment, results };
}

/** The libraries to check: the first usable one of each family, else the first. */
export function librariesToCheck(environment, families) {
  const known = (environment?.tensorrt ?? []).filter(({ family }) => family !== null);
  const wanted = known.filter(({ family }) => families.length === 0 || families.includes(family));
  const names = [...new Set(wanted.map(({ family }) => family))];
  return names.map((name) => {
    const ofFamily = wanted.filter(({ family }) => family === name);
    return ofFamily.find(({ usable }) => usable) ?? ofFamily[0];
  });
}

function planFor(group, options, environment) {
  const libraries = librariesToCheck(environment, options.family);
  return planChecks(group, libraries).filter(({ id }) => isSelected(id, options.only));
}

/** Parts the checks that can be made here from those that cannot, which get their reason. */
function sortOut(group, planned, host) {
  const skipped = [];
  const ready = planned.filter((one) => {
    const reason = whyNot(group, one, host);
    if (reason !== null) skipped.push(resultOf(one, 'skipped', reason));
    return reason === null;
  });
  return { ready, skipped };
}

/**
 * Why a check cannot be made on this host; null if it can.
 *
 * @param {import('./groups.mjs').Group} group
 * @param {{check: import('./check.mjs').Check, library: object | null}} planned
 * @param {{environment: object | null, unusable: Map<string, string>, isBuilding: boolean}} host
 */
export function whyNot(group, { check, library }, { environment, unusable, isBuilding }) {
  if (group.needs === 'nothing') return null;
  if (group.needs === 'builder' && !isBuilding) return '--no-build';
  if (environment === null) return 'the environment could not be read: see environment.*';
  const { gpu } = environment;
  if (group.needs === 'gpu' && !gpu.usable) return gpu.reason;
  if (!check.perFamily) return null;
  if (library === null) return 'no TensorRT library was found';
  if (!library.usable) return library.reason;
  return unusable.get(library.family) ?? null;
}

/** A family that could not run its first model says so once, and not again in every check. */
function noteUnusable(results, unusable) {
  for (const { id, status, reason } of results) {
    const family = /^facts\.runs@(.+)$/.exec(id)?.[1];
    if (family && status !== 'passed') unusable.set(family, `facts.runs@${family}: ${reason}`);
  }
}

const MARKS = { passed: 'pass', failed: 'FAIL', skipped: 'skip' };

function resultLine({ id, status, reason, durationMs }) {
  const time = durationMs > 0 ? ` (${(durationMs / 1000).toFixed(1)} s)` : '';
  return `${MARKS[status]}  ${id}${time}${reason === null ? '' : ` — ${reason.split('\n')[0]}`}`;
}

/** Checks that are skipped for one reason are one line. */
function skippedText(skipped) {
  const reasons = new Set(skipped.map(({ reason }) => reason));
  if (skipped.length < 3 || reasons.size > 1) return skipped.map((one) => `${resultLine(one)}\n`).join('');
  const { group, reason } = skipped[0];
  return `${MARKS.skipped}  ${group}: ${skipped.length} checks — ${reason.split('\n')[0]}\n`;
}

/** The ids of all checks, those per family without it. */
export function listChecks() {
  return GROUPS.flatMap(({ name, checks }) => checks.map((check) => `${name}.${check.name}`));
}

/** Whether the package was built; the message says what to do if not. */
export function whyNotBuilt() {
  const missing = ['dist/index.js', 'node_modules/bindings', 'node_modules/@bufbuild/protobuf'];
  const first = missing.find((path) => !existsSync(join(ROOT, path)));
  return first === undefined ? null : `${join(ROOT, first)} is missing: run \`npm run build\` first.`;
}
