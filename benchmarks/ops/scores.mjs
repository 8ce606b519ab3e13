// SPDX-License-Identifier: Apache-2.0
// Softmax and the five best of 1,000 classes for a batch of 64: the operator beside a plain loop in JavaScript.
//
//     npm run bench:ops-scores -- [--json] [--write]

import { softmaxTopK } from '../../dist/ops/index.js';
import { median } from '../harness/stats.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';

const ROWS = 64;
const CLASSES = 1000;
const K = 5;
const TARGET = 0.1;
const ROUNDS = 25;
/** The loop is at its best after some hundred calls: V8 compiles it more than once. */
const WARM_UP_ROUNDS = 40;
const ABOUT = `Softmax and top ${K} of ${CLASSES} classes, batch ${ROWS}, float32 logits. The loop is the straightforward
one over a \`Float32Array\`: the largest of the row, \`Math.exp\` of each difference with their sum, and a list of the
${K} best so far, into which a logit is inserted if it is larger than the last; probabilities of those ${K} alone. Both
sides gave the same indices, and probabilities within 1e-6. A figure is the median of ${ROUNDS} rounds, each of calls one
after the other for 20 ms or more, the sides in turn; what \`softmaxTopK\` costs has the promise, the checks and the
hand-over to native threads in it. One row of one class shows that share alone.`;

/** The plain loop. Both sides make new arrays for their results. */
function loop(logits, rows, classes, k) {
  const values = new Float32Array(rows * k);
  const indices = new Int32Array(rows * k);
  const best = new Float32Array(k);
  for (let row = 0; row < rows; row++) {
    const begin = row * classes;
    let largest = -Infinity;
    for (let i = 0; i < classes; i++) {
      if (logits[begin + i] > largest) largest = logits[begin + i];
    }
    let sum = 0;
    best.fill(-Infinity);
    for (let i = 0; i < classes; i++) {
      const logit = logits[begin + i];
      sum += Math.exp(logit - largest);
      if (logit <= best[k - 1]) continue;
      let place = k - 1;
      while (place > 0 && best[place - 1] < logit) {
        best[place] = best[place - 1];
        indices[row * k + place] = indices[row * k + place - 1];
        place--;
      }
      best[place] = logit;
      indices[row * k + place] = i;
    }
    for (let i = 0; i < k; i++) values[row * k + i] = Math.exp(best[i] - largest) / sum;
  }
  return { values, indices };
}

/** Standard normal numbers times 3, as logits are spread, the same in every run. */
function makeLogits(count) {
  let state = 1;
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 + 2 ** -33;
  return Float32Array.from(
    { length: count },
    () => 3 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** Milliseconds a call, over calls for at least 20 ms. */
async function timed(call) {
  const started = performance.now();
  let calls = 0;
  let elapsed = 0;
  while (elapsed < 20) {
    for (let i = 0; i < 8; i++) await call();
    calls += 8;
    elapsed = performance.now() - started;
  }
  return elapsed / calls;
}

async function requireSameResults(logits) {
  const expected = loop(logits, ROWS, CLASSES, K);
  const { values, indices } = await softmaxTopK({ data: logits, dims: [ROWS, CLASSES] }, K);
  const isSame = expected.indices.every((index, at) => index === indices.data[at]);
  const isNear = expected.values.every((value, at) => Math.abs(value - values.data[at]) < 1e-6);
  if (!isSame || !isNear) throw new Error('The two sides do not agree: nothing was measured.');
}

const options = readOptions();
const logits = makeLogits(ROWS * CLASSES);
await requireSameResults(logits);
const input = { type: 'float32', data: logits, dims: [ROWS, CLASSES] };
const single = { type: 'float32', data: new Float32Array(1), dims: [1, 1] };
const sides = {
  'JavaScript loop': () => loop(logits, ROWS, CLASSES, K),
  'softmaxTopK()': () => softmaxTopK(input, K),
  'softmaxTopK(), one thread': () => softmaxTopK(input, K, { threads: 1 }),
  'softmaxTopK() of one number': () => softmaxTopK(single, 1),
};
const times = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
  for (const [name, call] of Object.entries(sides)) {
    const ms = await timed(call);
    if (round >= 0) times[name].push(ms);
  }
}
const results = Object.entries(times).map(([name, ms]) => ({
  name,
  medianMs: median(ms),
  minMs: Math.min(...ms),
}));
const [plain, ours] = results;
const ratio = ours.medianMs / plain.medianMs;
say(`${ratio.toFixed(3)} of the loop's time`);
const verdicts = [
  {
    claim: 'softmaxTopK() beside the JavaScript loop, medians',
    value: ratio.toFixed(3),
    target: `<= ${TARGET}`,
    isMet: ratio <= TARGET,
  },
];
const cells = results.map(({ name, medianMs, minMs }) => [
  name,
  (medianMs * 1000).toFixed(1),
  (minMs * 1000).toFixed(1),
  (medianMs / plain.medianMs).toFixed(3),
]);
publish(
  'ops-scores',
  options,
  { results, verdicts },
  `${ABOUT}\n\n${markdownTable(['what', 'median µs', 'least µs', 'of the loop'], cells)}`,
);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
