// SPDX-License-Identifier: Apache-2.0
// What the benchmark harness adds to a call: the same trivial asynchronous call in a bare loop and inside the harness,
// each in a fresh process, in turns.
//
//     npm run bench:harness-overhead -- [--json] [--write]

import { fileURLToPath } from 'node:url';
import { runForJson } from './harness/children.mjs';
import { markdownTable, publish, readOptions, say } from './harness/report.mjs';
import { median } from './harness/stats.mjs';

const ROUNDS = 9;
const CALLS = { microtask: 1_000_000, setImmediate: 400_000 };
const TARGET_NS = 2000;
const ABOUT = `The bare loop is \`while (calls-- > 0) await call()\`. The harness does the same calls in a closed loop, and in
an open loop that always has a call due, with its histograms, blocks, windows and the 99th percentile as the latency of
the stability test. \`microtask\` is a promise that a microtask resolves, \`setImmediate\` one that the next turn of the
event loop does. ${ROUNDS} rounds of fresh processes, the sides in turns; medians, and the median of the differences in
each round.`;
const MODE = process.argv.indexOf('--child');
const KINDS = {
  microtask: () => new Promise((resolve) => queueMicrotask(resolve)),
  setImmediate: () => new Promise((resolve) => setImmediate(resolve)),
};
const SIDES = { bare: runBare, 'closed loop': runClosed, 'open loop': runOpen };

if (MODE >= 0) await runChild(process.argv[MODE + 1], process.argv[MODE + 2]);
else await runParent();

/** Prints the nanoseconds of one call, after a warm-up that compiles what is called. */
async function runChild(kind, side) {
  const call = KINDS[kind];
  await SIDES[side](call, CALLS[kind] / 4);
  console.log(JSON.stringify({ ns: await SIDES[side](call, CALLS[kind]) }));
}

async function runBare(call, calls) {
  const startMs = performance.now();
  let left = calls;
  while (left-- > 0) await call();
  return ((performance.now() - startMs) * 1e6) / calls;
}

function runClosed(call, calls) {
  return runHarness(call, calls, { kind: 'closed', concurrency: 1 });
}

function runOpen(call, calls) {
  // More than any machine does: one call in flight, and the next one is always due.
  const load = { kind: 'open', arrivals: 'constant', ratePerSecond: 1e8, seed: 1, maxInFlight: 1 };
  return runHarness(call, calls, load);
}

async function runHarness(call, calls, load) {
  const { measure } = await import(modulePath());
  const settings = {
    load,
    warmUpMs: 0,
    warmUpIterations: 0,
    // The number of calls ends it. In an open loop the time is that of the schedule, here of 100,000 calls.
    durationMs: 1,
    iterations: calls,
    windowMs: 100,
    stabilityLatency: 'p99',
    stabilityPercent: 10,
    percentiles: [],
    calls: 'run',
    batch: 1,
    stageTimes: false,
    session: {},
  };
  const { measuredMs, inferences } = await measure({ target: { call }, settings });
  return (measuredMs * 1e6) / inferences;
}

function modulePath() {
  const dist =
    process.env.TENSORRT_NODE_DIST ?? fileURLToPath(new URL('../build/javascript', import.meta.url));
  return `${dist}/bench/measure/measure.js`;
}

async function runParent() {
  const options = readOptions();
  const rows = [];
  for (const kind of Object.keys(KINDS)) rows.push(...(await compare(kind)));
  const verdicts = rows
    .filter(({ side }) => side !== 'bare')
    .map(({ kind, side, addedNs }) => ({
      claim: `${side}, ${kind}: added to a call`,
      value: `${(addedNs / 1000).toFixed(2)} µs`,
      target: `<= ${TARGET_NS / 1000} µs`,
      isMet: addedNs <= TARGET_NS,
    }));
  const table = markdownTable(
    ['call', 'loop', 'ns a call', 'above the bare loop'],
    rows.map(({ kind, side, ns, addedNs }) => [kind, side, Math.round(ns), Math.round(addedNs)]),
  );
  publish('harness-overhead', options, { results: rows, verdicts }, `${ABOUT}\n\n${table}`);
  process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
}

async function compare(kind) {
  const figures = Object.fromEntries(Object.keys(SIDES).map((side) => [side, []]));
  for (let round = 1; round <= ROUNDS; round++) {
    for (const side of Object.keys(SIDES)) {
      const { ns } = await runForJson(process.execPath, [
        fileURLToPath(import.meta.url),
        '--child',
        kind,
        side,
      ]);
      figures[side].push(ns);
    }
    say(`${kind}: round ${round} of ${ROUNDS}`);
  }
  return Object.entries(figures).map(([side, values]) => ({
    kind,
    side,
    ns: median(values),
    addedNs: median(values.map((ns, round) => ns - figures.bare[round])),
  }));
}
