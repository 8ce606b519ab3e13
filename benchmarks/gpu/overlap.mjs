// SPDX-License-Identifier: Apache-2.0
// Do copies of one call overlap the arithmetic of another? Over the stand-in driver, whose copy engines and compute
// engine each serve one operation at a time and take the time that they are told.
//
//     npm run bench:gpu-overlap -- [--json] [--write]

import { performance } from 'node:perf_hooks';
import { openStandin, planMaker } from '../harness/standin.mjs';
import { markdownTable, publish, readOptions } from '../harness/report.mjs';
import { median } from '../harness/stats.mjs';

const COPY_MS = 10;
const RUNS = 50;
const ROUNDS = 5;
const ABOUT = `Copying the inputs takes ${COPY_MS} ms and so does the network. One context does one after the other: ${2 * COPY_MS} ms a
run. Two contexts at best always copy and compute at the same time: ${COPY_MS} ms a run, and one copy more at the start.
${RUNS} runs, all asked for at once, median of ${ROUNDS} rounds.`;

const options = readOptions();
const gpu = openStandin();
gpu.reset();
const { createSession } = await import('tensorrt-node');
const { makePlan } = planMaker();
const elements = 1 << 14;
const bytes = elements * 4;
gpu.configure({ h2dMbps: bytes / 1e6 / (COPY_MS / 1000) });
const plan = makePlan('tensorrt-11', {
  name: 'overlap',
  inputs: [{ name: 'x', type: 'float32', dims: [1, elements] }],
  outputs: [{ name: 'y', type: 'float32', dims: [1] }],
  layers: ['sum x y'],
  durationUs: COPY_MS * 1000,
});

const perfect = (RUNS + 1) * COPY_MS;
const rows = [];
for (const contexts of [1, 2]) {
  const session = await createSession(plan, { device: 'cuda:0', contexts });
  const x = new Float32Array(elements);
  for (let i = 0; i < 4; i++) await session.run({ x });
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await Promise.all(Array.from({ length: RUNS }, () => session.run({ x })));
    rounds.push(performance.now() - start);
  }
  await session.close();
  rows.push({ contexts, ms: median(rounds), ofPerfect: median(rounds) / perfect });
}
const verdicts = [
  {
    claim: 'wall time with two contexts',
    value: `${rows[1].ofPerfect.toFixed(3)} of perfect overlap`,
    target: '<= 1.1',
    isMet: rows[1].ofPerfect <= 1.1,
  },
];
const table = markdownTable(
  ['contexts', `ms for ${RUNS} runs`, 'of perfect overlap'],
  rows.map(({ contexts, ms, ofPerfect }) => [contexts, ms.toFixed(0), ofPerfect.toFixed(3)]),
);
publish('gpu-overlap', options, { results: rows, verdicts }, `${ABOUT}\n\n${table}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
