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
/** V8's own growth held down: its young generation, and the code that it compiles in the first hundreds of rounds. */
const STEADY_V8 = ['--expose-gc', '--max-semi-space-size=1', '--no-opt', '--no-sparkplug'];
/** Flags of Node by side; the Python side has none. */
const SIDES = {
  'tensorrt-node': STEADY_V8,
  "tensorrt-node, V8's defaults": ['--expose-gc'],
  'Python API': null,
};
const MODELS = {
  'good builds': ['node/test_relu/model.onnx'],
  // One that the parser refuses, one that it takes and the builder refuses.
  'failing builds': ['node/test_det_2d/model.onnx', 'node/test_nonmaxsuppression_two_batches/model.onnx'],
};
const ABOUT = `Resident memory of one process over builds of a tiny model, in thread mode here; garbage is collected before
each look, every 50 builds. The first ${WARM_UP} builds do not count. Growth is the least-squares slope after them.
"Failing" takes two models in turn: one that the parser refuses, one that the builder refuses. By itself V8 lets its
young generation grow by tens of MiB and goes on compiling for hundreds of rounds, whatever runs: the rows that count
have that switched off (\`${STEADY_V8.slice(1).join(' ')}\`), the rows with V8's defaults show it.`;

requirePeers();
const options = readOptions({ builds: { type: 'string', default: '1000' } });
const builds = Number(options.builds);
const results = [];
for (const kind of Object.keys(MODELS)) {
  for (const side of Object.keys(SIDES)) results.push(await measure(side, kind));
}
const verdicts = Object.keys(MODELS).map(judge);
publish('memory', options, { results, verdicts }, `${ABOUT}\n\n${format()}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

function judge(kind) {
  const growthOf = (side) => results.find((result) => result.side === side && result.kind === kind).growthKiB;
  const [ours, theirs] = [growthOf('tensorrt-node'), growthOf('Python API')];
  return {
    claim: `growth over ${kind}`,
    value: `${ours.toFixed(2)} KiB a build`,
    target: `< ${FLAT_KIB_PER_BUILD} KiB a build, or no more than the Python API (${theirs.toFixed(2)})`,
    isMet: ours < FLAT_KIB_PER_BUILD || ours <= theirs,
  };
}

async function measure(side, kind) {
  const { samples, failed } = await runChild(side, kind);
  const expected = kind === 'good builds' ? 0 : builds;
  if (failed !== expected) {
    throw new Error(`${side}, ${kind}: ${failed} of ${builds} builds failed, not ${expected}`);
  }
  const late = samples.filter((sample) => sample.builds >= WARM_UP);
  const growthKiB = slope(
    late.map((sample) => sample.builds),
    late.map((sample) => sample.rssKiB),
  );
  say(`${kind}, ${side}: ${growthKiB.toFixed(2)} KiB a build`);
  return {
    side,
    kind,
    warmUpMiB: late[0].rssKiB / 1024,
    endMiB: late.at(-1).rssKiB / 1024,
    growthKiB,
    samples,
  };
}

function runChild(side, kind) {
  const args = [String(builds), ...MODELS[kind].map(onnxTestModel)];
  const script = (name) => fileURLToPath(new URL(`harness/${name}`, import.meta.url));
  const flags = SIDES[side];
  if (flags) return runForJson(process.execPath, [...flags, script('memory-child.mjs'), ...args]);
  const { command, env } = pythonPeer();
  return runForJson(command, [script('memory_child.py'), ...args], { env });
}

function format() {
  const rows = results.map(({ side, kind, warmUpMiB, endMiB, growthKiB }) => [
    `${kind}, ${side}`,
    warmUpMiB.toFixed(1),
    endMiB.toFixed(1),
    growthKiB.toFixed(2),
  ]);
  const titles = [`${builds} builds`, `MiB after ${WARM_UP}`, 'MiB at the end', 'growth, KiB a build'];
  return markdownTable(titles, rows);
}
