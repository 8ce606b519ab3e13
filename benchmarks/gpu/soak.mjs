// SPDX-License-Identifier: Apache-2.0
// A long life: many runs, many bindings, many sessions with faults at random places. Nothing may be left behind, no
// promise may stay unsettled, and the process may not grow.
//
//     npm run bench:gpu-soak -- [--json] [--write] [--runs 1000000] [--bindings 100000] [--sessions 10000]

import { openStandin, planMaker } from '../harness/standin.mjs';
import { withGarbageCollector } from '../harness/children.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';
import { slope } from '../harness/stats.mjs';

const SAMPLES = 40;
const PERMILLE = 20;
// Out of memory, an invalid argument, a launch that failed (sticky), false or null from TensorRT.
const RESULTS = [2, 1, 719];
const ABOUT = `Over the stand-in driver without simulated time. The first fifth of each part warms up (V8's heap and compiled code,
the allocator's arenas) and is not counted in the growth. Resident memory is sampled after a garbage collection; the
growth is the slope of its least-squares line. Faults: each call of the driver and of TensorRT fails with a probability of
${PERMILLE / 10} % in every second session; what comes of it must be a typed error. To tell a handle that was destroyed from
one that never was, the stand-in keeps 16 bytes for each that it ever gave out: four in the life of a binding, about
seven in that of a session. That is what is left of the growth.`;

const options = readOptions({
  runs: { type: 'string', default: '1000000' },
  bindings: { type: 'string', default: '100000' },
  sessions: { type: 'string', default: '10000' },
});
withGarbageCollector();
const gpu = openStandin();
gpu.reset();
gpu.configure({ mode: 'inline' });
const { createSession } = await import('tensorrt-node');
const { makePlan, SCALE } = planMaker();
const plan = makePlan('tensorrt-11', SCALE);

const parts = [
  await part('runs of a binding, 8 in flight', Number(options.runs), soakRuns),
  await part('bindings made and closed', Number(options.bindings), soakBindings),
  await part('sessions made and closed, faults in every second', Number(options.sessions), soakSessions),
];
for (let i = 0; i < 50; i++) {
  globalThis.gc();
  await new Promise((resolve) => setImmediate(resolve));
}
const live = gpu.live();
const left = [
  live.streams,
  live.events,
  live.graphs,
  live.graphExecs,
  live.device.allocations,
  live.contexts,
];
const objects = Object.values(live.objects).reduce((a, b) => a + b, 0);
const violations = gpu.violations();
const verdicts = [
  ...parts.map(({ what, count, growth, done }) => ({
    claim: `${count} ${what}: growth of resident memory`,
    value: `${growth.toFixed(2)} bytes each, ${done} done`,
    target: `< ${growthLimit(what)}`,
    isMet: growth < growthLimit(what) && done === count,
  })),
  fact(
    'handles of the driver left behind',
    left.reduce((a, b) => a + b, 0),
  ),
  fact('page-locked blocks left behind', live.pinned.allocations),
  fact('objects of TensorRT left behind', objects),
  fact('things that real hardware forbids', violations.length),
];
const table = markdownTable(
  ['what', 'count', 'seconds', 'MiB at start', 'MiB at end', 'bytes each', 'typed errors'],
  parts.map((p) => [
    p.what,
    p.count,
    p.seconds.toFixed(0),
    p.startMiB.toFixed(1),
    p.endMiB.toFixed(1),
    p.growth.toFixed(2),
    p.errors,
  ]),
);
publish('gpu-soak', options, { results: parts, live, violations, verdicts }, `${ABOUT}\n\n${table}`);
process.exit(verdicts.every(({ isMet }) => isMet) ? 0 : 1);

function fact(claim, value) {
  return { claim, value, target: '0', isMet: value === 0 };
}

/** Bytes of growth for each that count as flat, the stand-in's memory of handles among it. */
function growthLimit(what) {
  return what.startsWith('runs') ? 2 : 256;
}

/** Runs `work(count)` in slices with a sample of the resident memory after each. */
async function part(what, count, work) {
  say(what);
  const slices = SAMPLES + SAMPLES / 4;
  const each = Math.ceil(count / slices);
  const xs = [];
  const ys = [];
  const start = performance.now();
  const state = { errors: 0, done: 0 };
  const { run, stop } = await work();
  for (let i = 0; i < slices; i++) {
    await run(state, Math.min(each, count - state.done));
    globalThis.gc();
    if (i < SAMPLES / 4) continue;
    xs.push(state.done);
    ys.push(process.memoryUsage.rss());
  }
  await stop();
  const growth = slope(xs, ys);
  const seconds = (performance.now() - start) / 1000;
  const MiB = 2 ** 20;
  return { what, count, seconds, startMiB: ys[0] / MiB, endMiB: ys.at(-1) / MiB, growth, ...state };
}

async function soakRuns() {
  const session = await createSession(plan, { device: 'cuda:0', contexts: 2 });
  const bindings = await Promise.all(Array.from({ length: 8 }, () => session.createBinding()));
  return {
    run: async (state, count) => {
      const lane = async (io, index) => {
        for (let i = index; i < count; i += bindings.length) await io.run();
      };
      await Promise.all(bindings.map(lane));
      state.done += count;
    },
    stop: () => session.close(),
  };
}

async function soakBindings() {
  const session = await createSession(plan, { device: 'cuda:0', contexts: 2 });
  return {
    run: async (state, count) => {
      for (let i = 0; i < count; i++) {
        const io = await session.createBinding();
        if (i % 16 === 0) await io.run();
        await io.close();
        state.done++;
      }
    },
    stop: () => session.close(),
  };
}

async function soakSessions() {
  let seed = 0;
  return {
    run: async (state, count) => {
      for (let i = 0; i < count; i++) {
        seed++;
        if (seed % 2 === 0) gpu.faultRandom(seed, PERMILLE, RESULTS[(seed / 2) % RESULTS.length]);
        await oneSession(state);
        gpu.reset();
        gpu.configure({ mode: 'inline' });
        state.done++;
      }
    },
    stop: async () => {},
  };
}

async function oneSession(state) {
  let session;
  try {
    session = await createSession(plan, { device: 'cuda:0', contexts: 1 });
    const io = await session.createBinding();
    const runs = await Promise.allSettled(Array.from({ length: 4 }, () => io.run()));
    await io.close();
    for (const { status, reason } of runs) if (status === 'rejected') expectTyped(state, reason);
  } catch (error) {
    expectTyped(state, error);
  } finally {
    await session?.close();
  }
}

function expectTyped(state, error) {
  if (typeof error?.code !== 'string' || !error.code.startsWith('ERR_TRT_')) throw error;
  state.errors++;
}
