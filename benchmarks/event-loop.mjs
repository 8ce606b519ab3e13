// SPDX-License-Identifier: Apache-2.0
// How long the event loop is held up while builds and CPU inferences run, beside onnxruntime-node called directly.
//
//     npm run bench:event-loop -- [--json] [--write]

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runForJson } from './harness/children.mjs';
import { onnxTestModel, requirePeers, ROOT } from './harness/paths.mjs';
import { markdownTable, publish, readOptions, say } from './harness/report.mjs';

const TARGET_MS = 5;
const AIM_MS = 35;
const DIGITS = join(ROOT, 'examples/digits/digits.onnx');
// One of the longer builds of the set, so that there is something to see.
const BUILT = onnxTestModel('light/light_densenet121.onnx');
const ABOUT = `How late timers fire (\`perf_hooks.monitorEventLoopDelay\`, 1 ms resolution, its own period taken off) while
one build of light_densenet121 runs, and while CPU inferences of examples/digits run one after the other for five
seconds. The batch is chosen so that one inference takes 20 to 50 ms here; both sides get the same batch and their
default threads. The 1 ms timer takes a share of two busy cores, except where the loop is blocked, so call times are
not to be compared here (bench:cpu-backend does that). Every row is a fresh process.`;

requirePeers();
const options = readOptions();
const batch = await chooseBatch();
const rows = [
  await measure('nothing (idle)', ['idle']),
  await measure("buildEngine(), isolation 'thread'", ['build-thread', BUILT]),
  await measure("buildEngine(), isolation 'process'", ['build-process', BUILT]),
  await measure(`session.run(), batch ${batch}`, ['inference-ours', DIGITS, String(batch)]),
  await measure(`onnxruntime-node directly, batch ${batch}`, [
    'inference-onnxruntime-node',
    DIGITS,
    String(batch),
  ]),
];
const verdicts = rows.slice(1, 4).map(({ title, delay }) => ({
  claim: `event-loop delay p99 during ${title}`,
  value: `${delay.p99.toFixed(2)} ms`,
  target: `< ${TARGET_MS} ms`,
  isMet: delay.p99 < TARGET_MS,
}));
const titles = ['while this runs', 'call ms', 'calls', 'delay p50 ms', 'p99 ms', 'max ms'];
const cells = rows.map(({ title, callMs, calls, delay }) => [
  title,
  callMs?.toFixed(1) ?? '-',
  calls ?? '-',
  ...[delay.p50, delay.p99, delay.max].map((value) => value.toFixed(2)),
]);
publish(
  'event-loop',
  options,
  { batch, results: rows, verdicts },
  `${ABOUT}\n\n${markdownTable(titles, cells)}`,
);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

/** Measures a first batch and scales it to about AIM_MS a call. */
async function chooseBatch() {
  const first = 1024;
  const { callMs } = await runChild(['inference-ours', DIGITS, String(first)]);
  return Math.max(1, Math.round((first * AIM_MS) / callMs / 64) * 64);
}

async function measure(title, args) {
  const figures = await runChild(args);
  say(`${title}: p99 ${figures.delay.p99.toFixed(2)} ms`);
  return { title, ...figures };
}

function runChild(args) {
  const script = fileURLToPath(new URL('harness/event-loop-child.mjs', import.meta.url));
  return runForJson(process.execPath, [script, ...args]);
}
