// SPDX-License-Identifier: Apache-2.0
// Non-maximum suppression on the CPU beside torchvision, the same boxes in one run, in turns.
//
//     python3 -m venv build/vision && build/vision/bin/pip install numpy torch torchvision
//     PYTHON=build/vision/bin/python node benchmarks/ops/nms.mjs [--json] [--write]

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { LinePeer } from '../harness/children.mjs';
import { ROOT } from '../harness/paths.mjs';
import { markdownTable, publish, readOptions } from '../harness/report.mjs';
import { median } from '../harness/stats.mjs';

const TARGET = 1.2;
const BOXES = 25_200;
const ROUNDS = 7;
const CASES = [
  { name: 'one class, crowded', classes: 0, extent: 120 },
  { name: 'one class, spread', classes: 0, extent: 640 },
  { name: '80 classes, crowded', classes: 80, extent: 120 },
  { name: '80 classes, spread', classes: 80, extent: 640 },
];

const options = readOptions();
const dist = process.env.TENSORRT_NODE_DIST ?? join(ROOT, 'dist');
const { nonMaximumSuppression, splitDetections } = createRequire(import.meta.url)(join(dist, 'ops/index.js'));
const peer = new LinePeer(process.env.PYTHON ?? 'python3', [join(ROOT, 'benchmarks/ops/nms_peer.py')]);
const { versions } = await peer.ask({ boxes: BOXES });
const results = [];
for (const test of CASES) results.push(await measure(test));
peer.close();

const verdicts = results.map(({ name, ratio, isSame }) => ({
  claim: `${name}: time over torchvision's, same boxes kept`,
  value: `${ratio.toFixed(3)}, ${isSame ? 'same' : 'DIFFERENT'}`,
  target: `at most ${TARGET}, same`,
  isMet: ratio <= TARGET && isSame,
}));
const table = markdownTable(
  ['boxes', 'kept', 'torchvision', 'tensorrt-node', 'ratio'],
  results.map(({ name, kept, theirsMs, oursMs, ratio }) => [
    name,
    kept,
    `${theirsMs.toFixed(2)} ms`,
    `${oursMs.toFixed(2)} ms`,
    ratio.toFixed(3),
  ]),
);
const about = `${BOXES} boxes of 5 to 45 pixels whose corners lie in a square of 120 (crowded) or 640 (spread) pixels, all
above the score threshold, IoU threshold 0.5, no limit on results. Medians of ${ROUNDS} rounds, ours and theirs in turns; ours
is the whole call from JavaScript, with all cores. torch ${versions.torch}, torchvision ${versions.torchvision}: \`nms\`, and
\`batched_nms\` for classes.`;
publish('ops-nms', options, { results, verdicts }, `${about}\n\n${table}`);

async function measure({ name, classes, extent }) {
  const count = BOXES;
  const boxes = { data: madeBoxes(count, extent), dims: [1, count, 4] };
  const scores = { data: Float32Array.from(made(count, 2), (value) => value + 2 ** -24), dims: [1, count] };
  const labels = Int32Array.from(made(count, 3), (value) => Math.floor(value * classes));
  const settings = {
    maxOutput: count,
    ...(classes === 0 ? {} : { classes: { data: labels, dims: [1, count] } }),
  };
  const text = (array) => Buffer.from(array.buffer).toString('base64');
  await peer.ask({
    boxes: text(boxes.data),
    scores: text(scores.data),
    labels: classes ? text(labels) : null,
  });
  const ours = [];
  const theirs = [];
  let mine;
  let other;
  await nonMaximumSuppression(boxes, scores, settings);
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const found = await nonMaximumSuppression(boxes, scores, settings);
    ours.push(performance.now() - start);
    [mine] = splitDetections(found);
    other = await peer.ask({ run: true });
    theirs.push(other.ms);
  }
  const [oursMs, theirsMs] = [median(ours), median(theirs)];
  const isSame = [...mine.indices].sort((a, b) => a - b).join() === other.kept.join();
  return { name, kept: mine.count, oursMs, theirsMs, ratio: oursMs / theirsMs, isSame };
}

/** Numbers from 0 to below 1, multiples of 2^-24. */
function made(count, seed) {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  });
}

function madeBoxes(count, extent) {
  const v = made(count * 4, 1);
  return Float32Array.from({ length: count * 4 }, (_, at) => {
    const first = at - (at % 4);
    const low = v[first + (at % 2)] * extent;
    return at % 4 < 2 ? low : low + 5 + v[first + 2 + (at % 2)] * 40;
  });
}
