// SPDX-License-Identifier: Apache-2.0
// How long `import 'tensorrt-node'` takes in a fresh process, and which native libraries it opens.
//
//     npm run bench:import-time -- [--rounds 20] [--json] [--write]

import { runForJson } from './harness/children.mjs';
import { ROOT } from './harness/paths.mjs';
import { markdownTable, publish, readOptions } from './harness/report.mjs';
import { median, percentile } from './harness/stats.mjs';

const TARGET_MS = 50;
const CASES = {
  "import 'tensorrt-node'": "await import('tensorrt-node')",
  "require('tensorrt-node')": "createRequire(process.cwd() + '/')('tensorrt-node')",
  "require('onnxruntime-node')": "createRequire(process.cwd() + '/')('onnxruntime-node')",
};

const options = readOptions({ rounds: { type: 'string', default: '20' } });
process.chdir(ROOT);
const samples = Object.fromEntries(Object.keys(CASES).map((name) => [name, []]));
// Interleaved, so that what else the machine does falls on all alike; the first round warms the file cache.
for (let round = 0; round <= Number(options.rounds); round += 1) {
  for (const [name, code] of Object.entries(CASES)) {
    const sample = await measure(code);
    if (round > 0) samples[name].push(sample);
  }
}
const results = Object.entries(samples).map(([name, list]) => summarize(name, list));
const ours = results[0];
const theirs = results.at(-1);
const verdicts = [
  {
    claim: "median of import 'tensorrt-node'",
    value: `${ours.medianMs.toFixed(1)} ms`,
    target: `< ${TARGET_MS} ms`,
    isMet: ours.medianMs < TARGET_MS,
  },
  {
    claim: 'native libraries opened by it',
    value: ours.libraries.length,
    target: 0,
    isMet: ours.libraries.length === 0,
  },
];
const rows = results.map(({ name, medianMs, p90Ms, libraries }) => [
  `\`${name}\``,
  medianMs.toFixed(1),
  p90Ms.toFixed(1),
  (medianMs / theirs.medianMs).toFixed(2),
  libraries.join(', ') || 'none',
]);
const titles = ['what', 'median ms', 'p90 ms', 'ratio to onnxruntime-node', 'native libraries opened'];
publish('import-time', options, { results, verdicts }, markdownTable(titles, rows));
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

/** One import in a fresh process. */
function measure(code) {
  const script = `
    import { createRequire } from 'node:module';
    const opened = () => new Set(process.report.getReport().sharedObjects);
    const before = opened();
    const startMs = performance.now();
    ${code};
    const ms = performance.now() - startMs;
    const libraries = [...opened()].filter((path) => !before.has(path));
    console.log(JSON.stringify({ ms, libraries }));`;
  return runForJson(process.execPath, ['--input-type=module', '--eval', script]);
}

function summarize(name, list) {
  const times = list.map(({ ms }) => ms);
  const libraries = [...new Set(list.flatMap((sample) => sample.libraries))].map((path) =>
    path.split('/').at(-1),
  );
  return { name, medianMs: median(times), p90Ms: percentile(times, 0.9), libraries, runs: times.length };
}
