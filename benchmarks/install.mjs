// SPDX-License-Identifier: Apache-2.0
// How long installing the tarball takes, and the first `import` of what was installed, beside onnxruntime-node.
//
//     npm run bench:install -- [--tarball <file>] [--installs 5] [--rounds 20] [--json] [--write]
//
// Needs `npm run build` (or a tarball) and `npm run sdk -- --group consumers`. Both packages come from npm's cache:
// the network is not measured.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runForJson } from './harness/children.mjs';
import { installedVersions, ROOT } from './harness/paths.mjs';
import { markdownTable, publish, readOptions } from './harness/report.mjs';
import { median, percentile } from './harness/stats.mjs';

const INSTALL_TARGET_S = 3;
const IMPORT_TARGET_MS = 50;
const CACHE = join(ROOT, '.sdk', 'consumer-cache', 'npm');
const FLAGS = ['--ignore-scripts', '--offline', '--no-audit', '--no-fund', '--cache'];

const options = readOptions({
  tarball: { type: 'string' },
  installs: { type: 'string', default: '5' },
  rounds: { type: 'string', default: '20' },
});
if (!existsSync(CACHE)) throw new Error('run: npm run sdk -- --group consumers');
const folder = mkdtempSync(join(tmpdir(), 'trtn-bench-install-'));
try {
  process.exitCode = await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  const tarball = options.tarball === undefined ? pack() : resolve(options.tarball);
  const peer = preparePeer();
  const sides = [
    { name: 'tensorrt-node', source: tarball, cache: CACHE },
    { name: 'onnxruntime-node', source: peer.version, cache: peer.cache },
  ];
  for (const side of sides) Object.assign(side, { installS: [], importMs: [], requireMs: [] });
  for (let round = 0; round <= Number(options.installs); round += 1) {
    for (const side of sides) measureInstall(side, round);
  }
  // Interleaved; the first round warms the file cache.
  for (let round = 0; round <= Number(options.rounds); round += 1) {
    for (const side of sides) await measureImport(side, round);
  }
  return report(sides, tarball);
}

/** The tarball of this checkout as it is built. */
function pack() {
  execFileSync('npm', ['pack', ROOT, '--silent', '--pack-destination', folder], { stdio: ['ignore', 2, 2] });
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
}

/** Fills a cache with onnxruntime-node once, outside of what is measured. */
function preparePeer() {
  const cache = join(folder, 'peer-cache');
  const version = `onnxruntime-node@${installedVersions()['onnxruntime-node']}`;
  const project = emptyProject('peer');
  const args = ['install', version, '--ignore-scripts', '--no-audit', '--no-fund', '--cache', cache];
  execFileSync('npm', args, { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] });
  return { cache, version };
}

function emptyProject(name) {
  const project = join(folder, name);
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  return project;
}

/** One `npm install` in an empty project; the last one stays for the imports. */
function measureInstall(side, round) {
  side.project = emptyProject(`project-${side.name}`);
  const startMs = performance.now();
  execFileSync('npm', ['install', side.source, ...FLAGS, side.cache], {
    cwd: side.project,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (round > 0) side.installS.push((performance.now() - startMs) / 1000);
}

async function measureImport(side, round) {
  const program = (code) => `
    import { createRequire } from 'node:module';
    const startMs = performance.now();
    ${code};
    console.log(JSON.stringify(performance.now() - startMs));`;
  const codes = {
    importMs: `await import('${side.name}')`,
    requireMs: `createRequire(import.meta.url)('${side.name}')`,
  };
  for (const [key, code] of Object.entries(codes)) {
    const file = join(side.project, `${key}.mjs`);
    writeFileSync(file, program(code));
    const ms = await runForJson(process.execPath, [file]);
    if (round > 0) side[key].push(ms);
  }
}

function report(sides, tarball) {
  const results = sides.map(({ name, project, ...times }) => ({
    name,
    installS: { median: median(times.installS), p90: percentile(times.installS, 0.9) },
    importMs: { median: median(times.importMs), p90: percentile(times.importMs, 0.9) },
    requireMs: { median: median(times.requireMs), p90: percentile(times.requireMs, 0.9) },
    installedMB: Number(execFileSync('du', ['-sm', project], { encoding: 'utf8' }).split('\t')[0]),
  }));
  const [ours] = results;
  const verdicts = [
    {
      claim: 'median of npm install',
      value: `${ours.installS.median.toFixed(2)} s`,
      target: `< ${INSTALL_TARGET_S} s`,
      isMet: ours.installS.median < INSTALL_TARGET_S,
    },
    {
      claim: 'median of the first import',
      value: `${ours.importMs.median.toFixed(1)} ms`,
      target: `< ${IMPORT_TARGET_MS} ms`,
      isMet: ours.importMs.median < IMPORT_TARGET_MS,
    },
  ];
  const both = ({ median: middle, p90 }, digits) => `${middle.toFixed(digits)} (${p90.toFixed(digits)})`;
  const rows = results.map(({ name, installS, importMs, requireMs, installedMB }) => [
    `\`${name}\``,
    both(installS, 2),
    both(importMs, 1),
    both(requireMs, 1),
    installedMB,
  ]);
  const titles = ['package', 'install s, median (p90)', 'import ms', 'require ms', 'MB installed'];
  const note =
    `\`npm install --ignore-scripts --offline\` from a filled cache into an empty folder, ${options.installs} times; ` +
    `the first import in a fresh process, ${options.rounds} times. The tarball has ${(statSync(tarball).size / 1e6).toFixed(2)} MB. ` +
    'Without `--ignore-scripts` onnxruntime-node downloads GPU libraries, which is not measured here.';
  publish('install', options, { results, verdicts }, `${note}\n\n${markdownTable(titles, rows)}`);
  return verdicts.every(({ isMet }) => isMet) ? 0 : 1;
}
