// SPDX-License-Identifier: Apache-2.0
// What a run costs besides the GPU: over the stand-in driver with kernels and copies that take no time, beside the
// least that an asynchronous native call can cost, measured in turns in the same process.
//
//     npm run bench:gpu-overhead -- [--json] [--write]

import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { compileAddon, openStandin, planMaker } from '../harness/standin.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';
import { median, percentile } from '../harness/stats.mjs';

const ROUNDS = 15;
const CALLS = 2000;
const IN_FLIGHT = 64;
const ABOUT = `The stand-in driver runs everything at once on the thread that asks for it, so that a run takes the time of this
package and of Node alone. The empty job goes over one thread of its own and one thread-safe function and does nothing
([source](../gpu/round_trip.c)). ${ROUNDS} rounds of ${CALLS} calls each, in turns; a round's figure is its median call, the
table's the median of the rounds. In flight: ${IN_FLIGHT} calls at once, each over a binding of its
own; medians of seven rounds.`;

const options = readOptions();
const gpu = openStandin();
gpu.reset();
gpu.configure({ mode: 'inline' });
const { createSession } = await import('tensorrt-node');
const { watchEventLoop } = await import('../../build/javascript/bench/sensors/event-loop.js');
const { makePlan, SCALE } = planMaker();
const plan = makePlan('tensorrt-11', SCALE);

const empty = await openEmptyJob();
const eager = await open({ cudaGraph: 'off' });
const graphed = await open({ cudaGraph: 'on' });
const sides = {
  'empty job': empty.call,
  'binding, without a graph': () => eager.io.run(),
  'binding, with a graph': () => graphed.io.run(),
  'session.run(), 4 floats': () => eager.session.run(eager.feeds),
};
const times = await inTurns(sides);
const rows = Object.entries(times).map(([what, us]) => ({ what, us, ratio: us / times['empty job'] }));
const callsPerRun = {
  eager: await countCalls(() => eager.io.run()),
  graphed: await countCalls(() => graphed.io.run()),
};
const copied = await copiedBytes(eager);
const many = await manyInFlight(graphed.session);
const verdicts = [
  verdict(
    'call to resolved, binding with a graph',
    times['binding, with a graph'] / times['empty job'],
    1.5,
    'of an empty job',
  ),
  verdict(
    'call to resolved, binding without a graph',
    times['binding, without a graph'] / times['empty job'],
    1.5,
    'of an empty job',
  ),
  count('driver calls of a run without a graph', callsPerRun.eager, 20),
  count('driver calls of a run with a graph', callsPerRun.graphed, 4),
  count('bytes copied on the host by 1000 runs', copied, 0),
  {
    claim: `throughput with ${IN_FLIGHT} in flight`,
    value: `${many.ratio.toFixed(1)} of one at a time`,
    target: '>= 5',
    isMet: many.ratio >= 5,
  },
  {
    claim: `event-loop delay p99 with ${IN_FLIGHT} in flight`,
    value: `${many.delay.p99.toFixed(2)} ms`,
    target: '< 2 ms',
    isMet: many.delay.p99 < 2,
  },
];
await Promise.all([eager, graphed].map(({ session }) => session.close()));
empty.stop();
const violations = gpu.violations();
if (violations.length > 0) throw new Error(`the stand-in saw: ${violations.join('; ')}`);

const table = markdownTable(
  ['one at a time', 'µs', 'of an empty job'],
  rows.map(({ what, us, ratio }) => [what, us.toFixed(1), ratio.toFixed(2)]),
);
const flight = markdownTable(
  ['calls', 'per second'],
  [
    ['one at a time', Math.round(many.one)],
    [`${IN_FLIGHT} in flight`, Math.round(many.all)],
  ],
);
publish(
  'gpu-overhead',
  options,
  { results: rows, callsPerRun, copied, many, verdicts },
  `${ABOUT}\n\n${table}\n\n${flight}`,
);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

function verdict(claim, value, target, unit) {
  return { claim, value: `${value.toFixed(2)} ${unit}`, target: `<= ${target}`, isMet: value <= target };
}

function count(claim, value, target) {
  return { claim, value, target: `<= ${target}`, isMet: value <= target };
}

async function open(settings) {
  const session = await createSession(plan, { device: 'cuda:0', ...settings });
  const io = await session.createBinding();
  Object.values(io.inputs)[0].fill(1);
  for (let i = 0; i < 100; i++) await io.run();
  const feeds = Object.fromEntries(Object.entries(io.inputs).map(([name, array]) => [name, array.slice()]));
  return { session, io, feeds };
}

async function openEmptyJob() {
  const addon = await compileAddon(fileURLToPath(new URL('round_trip.c', import.meta.url)));
  let done;
  addon.start(() => done());
  const call = () =>
    new Promise((resolve) => {
      done = resolve;
      addon.submit();
    });
  return { call, stop: () => addon.stop() };
}

/** Median µs of one call of each side; the sides take turns. */
async function inTurns(actions) {
  const rounds = Object.fromEntries(Object.keys(actions).map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, action] of Object.entries(actions)) {
      const figure = await medianCall(action);
      if (round >= 0) rounds[name].push(figure);
    }
    say(`round ${round + 2} of ${ROUNDS + 1}`);
  }
  return Object.fromEntries(Object.entries(rounds).map(([name, figures]) => [name, median(figures)]));
}

async function medianCall(action) {
  const figures = new Float64Array(CALLS);
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now();
    await action();
    figures[i] = (performance.now() - start) * 1000;
  }
  return percentile(figures, 0.5);
}

/** Driver calls of one run, on average over many. */
async function countCalls(run) {
  const before = gpu.calls().total;
  for (let i = 0; i < 100; i++) await run();
  return (gpu.calls().total - before) / 100;
}

async function copiedBytes({ session, io }) {
  const before = session.statistics().hostCopiedBytes;
  for (let i = 0; i < 1000; i++) await io.run();
  return session.statistics().hostCopiedBytes - before;
}

async function manyInFlight(session) {
  const bindings = await Promise.all(Array.from({ length: IN_FLIGHT }, () => session.createBinding()));
  for (const io of bindings) for (let i = 0; i < 5; i++) await io.run();
  const ratios = [];
  let one, all;
  for (let round = 0; round < 7; round++) {
    one = await perSecond(bindings.slice(0, 1), 20_000);
    all = await perSecond(bindings, 200_000);
    ratios.push({ one, all, ratio: all / one });
  }
  const delays = [];
  for (let round = 0; round < 7; round++) {
    delays.push(await watchEventLoop(() => perSecond(bindings, 400_000)));
  }
  delays.sort((a, b) => a.p99 - b.p99);
  ratios.sort((a, b) => a.ratio - b.ratio);
  return { ...ratios[3], delay: delays[3] };
}

/** Each binding runs again as soon as its last run has ended. */
async function perSecond(bindings, runs) {
  const start = performance.now();
  let left = runs;
  const lane = async (io) => {
    while (left-- > 0) await io.run();
  };
  await Promise.all(bindings.map(lane));
  return (runs * 1000) / (performance.now() - start);
}
