// SPDX-License-Identifier: Apache-2.0
// Resident memory over a thousand builds in one process, good ones and failing ones, beside the official Python API.
//
//     npm run bench:memory -- [--builds 1000] [--json] [--write]

import { fileURLToPath } from 'node:url';
import { runForJson } from './harness/children.mjs';
import { onnxTestModel, pythonPeer, requirePeers } from './harness/paths.mjs';
import { markdownTable, publish, readOptions, say } from './harness/report.mjs';
import { slope } from './harness/stats.mjs';

/** Growth that counts as none: a page every fourth build. */
const FLAT_KIB_PER_BUILD = 1;
const WARM_UP = 100;
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=1'];
const GOOD = ['node/test_relu/model.onnx'];
// One that the parser refuses, one that it takes and the builder refuses.
const FAILING = ['node/test_det_2d/model.onnx', 'node/test_nonmaxsuppression_two_batches/model.onnx'];
const ABOUT = `Resident memory of one process over builds of a tiny model, in thread mode here; collected garbage first,
every 50 builds. The first ${WARM_UP} builds do not count. Growth is the least-squares slope after them. "Failing" takes
two models in turn: one that the parser refuses, one that the builder refuses. Node runs with
\`${NODE_FLAGS.join(' ')}\`: V8 lets its young generation grow by tens of MiB over time whatever runs, and that would
hide what matters here.`;

requirePeers();
const options = readOptions({ builds: { type: 'string', default: '1000' } });
const builds = Number(options.builds);
const results = [];
for (const [kind, models] of [
  ['good builds', GOOD],
  ['failing builds', FAILING],
]) {
  const ours = await measure('tensorrt-node', kind, models);
  const theirs = await measure('Python API', kind, models);
  results.push({ kind, ours, theirs });
}
const verdicts = results.map(({ kind, ours, theirs }) => {
  const isFlat = ours.growthKiB < FLAT_KIB_PER_BUILD;
  const target = `< ${FLAT_KIB_PER_BUILD} KiB a build, or no more than the Python API (${theirs.growthKiB.toFixed(2)})`;
  const isMet = isFlat || ours.growthKiB <= theirs.growthKiB;
  return { claim: `growth over ${kind}`, value: `${ours.growthKiB.toFixed(2)} KiB a build`, target, isMet };
});
publish('memory', options, { results, verdicts }, `${ABOUT}\n\n${format()}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

async function measure(side, kind, models) {
  const { samples, failed } = await runChild(side, models);
  const expected = kind === 'good builds' ? 0 : builds;
  if (failed !== expected)
    throw new Error(`${side}, ${kind}: ${failed} of ${builds} builds failed, not ${expected}`);
  const late = samples.filter((sample) => sample.builds >= WARM_UP);
  const growthKiB = slope(
    late.map((sample) => sample.builds),
    late.map((sample) => sample.rssKiB),
  );
  say(`${side}, ${kind}: ${growthKiB.toFixed(2)} KiB a build`);
  return { samples, atWarmUpMiB: late[0].rssKiB / 1024, atEndMiB: late.at(-1).rssKiB / 1024, growthKiB };
}

function runChild(side, models) {
  const args = [String(builds), ...models.map(onnxTestModel)];
  const script = (name) => fileURLToPath(new URL(`harness/${name}`, import.meta.url));
  if (side === 'tensorrt-node')
    return runForJson(process.execPath, [...NODE_FLAGS, script('memory-child.mjs'), ...args]);
  const { command, env } = pythonPeer();
  return runForJson(command, [script('memory_child.py'), ...args], { env });
}

function format() {
  const row = (name, { atWarmUpMiB, atEndMiB, growthKiB }) => [
    name,
    atWarmUpMiB.toFixed(1),
    atEndMiB.toFixed(1),
    growthKiB.toFixed(2),
  ];
  const rows = results.flatMap(({ kind, ours, theirs }) => [
    row(`${kind}, tensorrt-node`, ours),
    row(`${kind}, Python API`, theirs),
  ]);
  const titles = [`${builds} builds`, `MiB after ${WARM_UP}`, 'MiB at the end', 'growth, KiB a build'];
  return markdownTable(titles, rows);
}
