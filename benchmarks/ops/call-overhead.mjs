// SPDX-License-Identifier: Apache-2.0
// What a call of an operator costs by itself: a few numbers converted, beside session.run() of a model of one node.
//
//     npm run bench:ops-call-overhead -- [--json] [--write]

import { createSession } from 'tensorrt-node';
import { convert, createChain, planConvert } from 'tensorrt-node/ops';
import { addModel } from '../harness/cpu-models.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';
import { median } from '../harness/stats.mjs';

const ROUNDS = 25;
const AT_ONCE = 64;
const ABOUT = `\`convert()\` of four float32 numbers to int32, alone and as a chain of one step, beside \`session.run()\` of
y = x + [1, 2, 3, 4] on the CPU with one thread: little is computed, so that this is the cost of the promise, the checks,
and the way to a native thread and back. One after the other, and ${AT_ONCE} at once, each time for 20 ms or more, the sides in
turns; medians of ${ROUNDS} rounds.`;

/** Microseconds a call, over calls for at least 20 ms. */
async function timed(call, atOnce) {
  const started = performance.now();
  let calls = 0;
  let elapsed = 0;
  while (elapsed < 20) {
    for (let i = 0; i < 4; i++) {
      if (atOnce === 1) await call();
      else await Promise.all(Array.from({ length: atOnce }, call));
    }
    calls += 4 * atOnce;
    elapsed = performance.now() - started;
  }
  return (1000 * elapsed) / calls;
}

const options = readOptions();
const data = Float32Array.of(1, 2, 3, 4);
const settings = { type: 'int32', scale: 2 };
const session = await createSession(addModel(), { device: 'cpu', intraOpNumThreads: 1 });
const chain = await createChain(
  [{ plan: ([x]) => planConvert([x], settings), inputs: ['x'], outputs: ['y'] }],
  { inputs: { x: { type: 'float32', dims: [4] } } },
);
const out = new Int32Array(4);
const sides = {
  'session.run()': () => session.run({ x: data }),
  'convert()': () => convert({ data, dims: [4] }, settings),
  'convert() with `out`': () => convert({ data, dims: [4] }, { ...settings, out }),
  'chain.run()': () => chain.run({ x: data }),
};

const results = [];
for (const atOnce of [1, AT_ONCE]) {
  const times = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = -3; round < ROUNDS; round++) {
    for (const [name, call] of Object.entries(sides)) {
      const microseconds = await timed(call, atOnce);
      // The first rounds warm up.
      if (round >= 0) times[name].push(microseconds);
    }
  }
  const reference = median(times['session.run()']);
  for (const [name, all] of Object.entries(times)) {
    const medianUs = median(all);
    results.push({ name, atOnce, medianUs, minUs: Math.min(...all), ratio: medianUs / reference });
  }
}
await chain.close();
await session.close();

for (const { name, atOnce, ratio } of results)
  say(`${name} over session.run(), ${atOnce} at once: ${ratio.toFixed(2)}`);
const cells = results.map(({ name, atOnce, medianUs, minUs, ratio }) => [
  name,
  atOnce,
  medianUs.toFixed(1),
  minUs.toFixed(1),
  ratio.toFixed(2),
]);
publish(
  'ops-call-overhead',
  options,
  { results },
  `${ABOUT}\n\n${markdownTable(['what', 'at once', 'median µs', 'least µs', 'of session.run()'], cells)}`,
);
