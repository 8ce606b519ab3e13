// SPDX-License-Identifier: Apache-2.0
// CPU inference beside onnxruntime-node: the same libonnxruntime, the same thread settings, one process, the two sides
// in turns.
//
//     npm run bench:cpu-backend -- [--json] [--write]

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import ort from 'onnxruntime-node';
import { createSession } from 'tensorrt-node';
import { addModel, convolutionModel, identityModel } from './harness/cpu-models.mjs';
import { markdownTable, publish, readOptions, say } from './harness/report.mjs';
import { median, percentile } from './harness/stats.mjs';

const SETTINGS = { intraOpNumThreads: 1, interOpNumThreads: 1, contexts: 2 };
const AIM_MS = 30;
const IN_FLIGHT = 64;
const COPIES_PER_TURN = 20;
const ABOUT = `Both sides use the libonnxruntime of the npm package onnxruntime-node with one thread per inference; ours has two
contexts, so that two inferences may run at once. The sides take turns in one process; figures are medians.`;

const options = readOptions();
const rows = [...(await measureConvolutions()), ...(await measureCopies()), ...(await measureSmallCalls())];
const titles = ['what', 'onnxruntime-node', 'tensorrt-node', 'ratio'];
const table = markdownTable(
  titles,
  rows.map(({ what, peer, ours, ratio }) => [what, peer, ours, ratio === null ? '-' : ratio.toFixed(2)]),
);
const verdicts = rows.filter(({ verdict }) => verdict).map(({ verdict }) => verdict);
publish('cpu-backend', options, { settings: SETTINGS, results: rows, verdicts }, `${ABOUT}\n\n${table}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

/** Milliseconds that `action` takes. */
async function timeMs(action) {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** Times the actions in turns; the first rounds are not counted. */
async function inTurns(rounds, actions) {
  const times = Object.fromEntries(Object.keys(actions).map((name) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    for (const [name, action] of Object.entries(actions)) {
      const ms = await timeMs(action);
      if (round >= 0) times[name].push(ms);
    }
  }
  return times;
}

/** A session of each side over one model, and what runs it. */
async function openBoth(bytes, dims) {
  const peer = await ort.InferenceSession.create(bytes, SETTINGS);
  const ours = await createSession(bytes, {
    device: 'cpu',
    contexts: SETTINGS.contexts,
    intraOpNumThreads: 1,
  });
  const x = new Float32Array(dims.reduce((a, b) => a * b)).fill(0.5);
  return {
    session: ours,
    runPeer: () => peer.run({ x: new ort.Tensor('float32', x, dims) }),
    runOurs: () => ours.run({ x }),
    close: async () => {
      await ours.close();
      await peer.release();
    },
  };
}

async function measureConvolutions() {
  const { dims, bytes } = convolutionModel(await chooseLayers());
  const both = await openBoth(bytes, dims);
  const two = (run) => () => Promise.all([run(), run()]);
  say('two at once');
  const times = await inTurns(25, {
    peerOne: both.runPeer,
    peerTwo: two(both.runPeer),
    oursOne: both.runOurs,
    oursTwo: two(both.runOurs),
  });
  const [peerOne, peerTwo, oursOne, oursTwo] = Object.values(times).map(median);
  say('event loop');
  const peerDelay = await loopDelay(both.runPeer);
  const oursDelay = await loopDelay(both.runOurs);
  await both.close();
  return [
    row('one convolutional inference', [ms(peerOne), ms(oursOne), oursOne / peerOne]),
    row('two at once, over one', [(peerTwo / peerOne).toFixed(2), (oursTwo / oursOne).toFixed(2), null], {
      claim: 'two inferences at once on two cores, over one',
      value: (oursTwo / oursOne).toFixed(2),
      target: '<= 1.15',
      isMet: oursTwo / oursOne <= 1.15,
    }),
    row('event-loop delay p99 meanwhile', [ms(peerDelay), ms(oursDelay), oursDelay / peerDelay], {
      claim: 'event-loop delay p99 during CPU inference',
      value: ms(oursDelay),
      target: '< 5 ms',
      isMet: oursDelay < 5,
    }),
  ];
}

/** As many layers as make an inference of about AIM_MS on this machine. */
async function chooseLayers() {
  const first = 4;
  const { dims, bytes } = convolutionModel(first);
  const both = await openBoth(bytes, dims);
  const { peer } = await inTurns(5, { peer: both.runPeer });
  await both.close();
  return Math.max(2, Math.round((first * AIM_MS) / median(peer)));
}

/** p99 of how late timers are during three seconds of calls, one after the other, its own period taken off. */
async function loopDelay(run) {
  const periodMs = 1;
  const monitor = monitorEventLoopDelay({ resolution: periodMs });
  monitor.enable();
  const end = performance.now() + 3000;
  while (performance.now() < end) await run();
  monitor.disable();
  return Math.max(0, monitor.percentile(99) / 1e6 - periodMs);
}

async function measureCopies() {
  const { bytes, dims } = identityModel();
  const both = await openBoth(bytes, dims);
  const io = await both.session.createBinding();
  // Filled: fresh zeroed memory is one page that is always in the cache.
  const [from, to] = [0, 1].map((value) => Buffer.alloc(4 * 3 * 640 * 640, value + 1));
  say('copies');
  // Turns of several calls: in a turn of one, each side would start with the caches that the other left.
  const times = await inTurns(30, {
    peer: repeat(COPIES_PER_TURN, both.runPeer),
    run: repeat(COPIES_PER_TURN, both.runOurs),
    binding: repeat(COPIES_PER_TURN, () => io.run()),
    copy: repeat(COPIES_PER_TURN, () => to.copy(from)),
  });
  const [peer, run, binding, copy] = Object.values(times).map((turns) => median(turns) / COPIES_PER_TURN);
  await both.close();
  return [
    row('identity of 4.7 MiB, session.run', [ms(peer), ms(run), run / peer]),
    row('a bare copy of 4.7 MiB, which no identity can beat', ['-', ms(copy), copy / peer]),
    row('identity of 4.7 MiB, binding.run', [ms(peer), ms(binding), binding / peer], {
      claim: 'identity of 4.7 MiB through a binding, over onnxruntime-node',
      value: (binding / peer).toFixed(2),
      target: '<= 0.2',
      isMet: binding / peer <= 0.2,
    }),
  ];
}

/** One call after the other, each awaited. */
function repeat(calls, run) {
  return async () => {
    for (let i = 0; i < calls; i++) await run();
  };
}

async function measureSmallCalls() {
  const both = await openBoth(addModel(), [4]);
  const io = await both.session.createBinding();
  say('small calls');
  const calls = 500;
  const one = await inTurns(40, {
    peer: repeat(calls, both.runPeer),
    run: repeat(calls, both.runOurs),
    binding: repeat(calls, () => io.run()),
  });
  const flight = (run) => () => Promise.all(Array.from({ length: IN_FLIGHT }, run));
  const full = await inTurns(300, { peer: flight(both.runPeer), run: flight(both.runOurs) });
  await both.close();
  const [peer, run, binding] = Object.values(one).map((times) => (median(times) * 1e3) / calls);
  const [peerFull, runFull] = Object.values(full).map((times) => (median(times) * 1e3) / IN_FLIGHT);
  const p90 = (times) => (percentile(times, 0.9) * 1e3) / calls;
  say(
    `p90 per call: ${Object.entries(one)
      .map(([name, times]) => `${name} ${us(p90(times))}`)
      .join(', ')}`,
  );
  return [
    row(
      'four elements, session.run, one at a time',
      [us(peer), us(run), run / peer],
      atMost('session.run', run / peer),
    ),
    row(
      'four elements, binding.run, one at a time',
      [us(peer), us(binding), binding / peer],
      atMost('binding.run', binding / peer),
    ),
    row(`four elements, ${IN_FLIGHT} in flight, per call`, [us(peerFull), us(runFull), runFull / peerFull], {
      claim: `four elements, ${IN_FLIGHT} in flight, per call, over onnxruntime-node`,
      value: (runFull / peerFull).toFixed(2),
      target: '< 1',
      isMet: runFull < peerFull,
    }),
  ];
}

function atMost(route, ratio) {
  return {
    claim: `four elements one at a time by ${route}, over onnxruntime-node's blocking call`,
    value: ratio.toFixed(2),
    target: '<= 2',
    isMet: ratio <= 2,
  };
}

/** `figures` are the peer's, ours, and the ratio or null. */
function row(what, figures, verdict) {
  const [peer, ours, ratio] = figures;
  return { what, peer, ours, ratio, ...(verdict ? { verdict } : {}) };
}

function ms(value) {
  return `${value.toFixed(2)} ms`;
}

function us(value) {
  return `${value.toFixed(1)} µs`;
}
