// SPDX-License-Identifier: Apache-2.0
// Latency beside the official Python API and trtexec: the same engine file, in turns within the same minutes. Times
// are reported, not judged, but for a difference that no machine explains.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { familyCheck } from '../check.mjs';
import { MODELS, randomTensor } from '../models.mjs';
import { percentile } from '../numbers.mjs';
import { findPeerModule, Peer, PeerError } from '../peer.mjs';

const run = promisify(execFile);

/** Ours over theirs. Above this something is broken, whatever the machine does besides. */
const GROSS_RATIO = 10;

/** Engine -> inputs of one size. Random, as zeros run faster. */
const CASES = {
  add: () => MODELS.add.feeds(4, 1),
  mlp: () => MODELS.mlp.feeds(8, 1),
  conv: () => MODELS.conv.feeds(2, 1),
  heavy: () => ({ x: randomTensor([64, 1024], 1) }),
};

/** Microseconds of each of `count` calls. */
async function timesOf(action, count) {
  const times = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    await action();
    times.push((performance.now() - started) * 1000);
  }
  return times;
}

/** As {@link timesOf}, without the turn of the event loop that `await` costs. */
function timesOfSync(action, count) {
  const times = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    action();
    times.push((performance.now() - started) * 1000);
  }
  return times;
}

/** Every way of ours to run, as functions that measure. */
async function ourWays(t, name, feeds) {
  const shapes = shapesOf(feeds);
  const ways = {};
  for (const [suffix, cudaGraph] of [
    ['', 'off'],
    [' (graph)', 'auto'],
  ]) {
    const session = await t.session(name, { cudaGraph });
    const io = t.own(await session.createBinding(shapes));
    for (const [input, { data }] of Object.entries(feeds)) io.inputs[input].set(data);
    ways[`binding.runSync()${suffix}`] = async (count) => timesOfSync(() => io.runSync(), count);
    ways[`binding.run()${suffix}`] = (count) => timesOf(() => io.run(), count);
    ways[`run()${suffix}`] = (count) => timesOf(() => session.run(feeds), count);
    ways[`runSync()${suffix}`] = async (count) => timesOfSync(() => session.runSync(feeds), count);
  }
  return ways;
}

function shapesOf(feeds) {
  return Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
}

/** The official API's ways to run, or the reason why there are none. */
async function peerWays(t, name, feeds) {
  const { python, gpu } = t.host;
  const { module, reason } = findPeerModule(t.library, python);
  if (reason) throw new PeerError(reason);
  const engine = await t.enginePath(name);
  const { command } = python;
  const peer = t.own(new Peer({ command, module, engine, ordinal: gpu.ordinal, shapes: shapesOf(feeds) }));
  t.note('peer', `${module} ${await peer.ready()}`);
  return {
    'Python execute_async_v3': (count) => peer.measure('plain', count),
    'Python CUDA graph': (count) => peer.measure('graph', count),
  };
}

/** Measures all ways in turns; the spread between the rounds of one way tells how much to trust a difference. */
async function measureInTurns(ways, rounds, count) {
  const medians = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  const all = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (const measure of Object.values(ways)) await measure(Math.ceil(count / 4));
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(ways)) {
      const times = await measure(count);
      medians[name].push(percentile(times, 0.5));
      all[name].push(...times);
    }
  }
  return Object.fromEntries(
    Object.entries(all).map(([name, times]) => [
      name,
      {
        medianUs: percentile(times, 0.5),
        p99Us: percentile(times, 0.99),
        spread: Math.max(...medians[name]) / Math.min(...medians[name]),
      },
    ]),
  );
}

async function compare(t, name) {
  const feeds = CASES[name]();
  const ours = await ourWays(t, name, feeds);
  const measure = (ways) => measureInTurns(ways, t.times(10, 3), t.times(1000, 100));
  let withoutPeer = null;
  let results;
  try {
    results = await measure({ ...ours, ...(await peerWays(t, name, feeds)) });
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    withoutPeer = error.message;
    results = await measure(ours);
  }
  t.note('microseconds', results);
  const trtexec = await runTrtexec(t, name, feeds);
  if (trtexec) t.note('trtexec', trtexec);
  if (withoutPeer !== null) t.skip(`measured, but not compared: ${withoutPeer}`);
  compareWithPython(t, results);
}

function compareWithPython(t, results) {
  const ratio = (one, other) => results[one].medianUs / results[other].medianUs;
  const ratios = {
    plain: ratio('binding.runSync()', 'Python execute_async_v3'),
    graph: ratio('binding.runSync() (graph)', 'Python CUDA graph'),
    awaited: ratio('binding.run() (graph)', 'Python CUDA graph'),
  };
  t.note('ratioOursToPython', ratios);
  t.expect(
    ratios.plain < GROSS_RATIO && ratios.graph < GROSS_RATIO,
    `grossly slower: ${JSON.stringify(ratios)}`,
  );
}

/** trtexec's own latency line, if it is installed and takes the engine. */
async function runTrtexec(t, name, feeds) {
  const isRtx = t.library.family === 'tensorrt-rtx';
  const program = t.host.trtexec.find((path) => path.endsWith(isRtx ? 'tensorrt_rtx' : 'trtexec'));
  if (!program) return null;
  const shapes = Object.entries(shapesOf(feeds)).map(([input, dims]) => `${input}:${dims.join('x')}`);
  const isFixed = name === 'conv';
  const args = [
    `--loadEngine=${await t.enginePath(name)}`,
    ...(isFixed ? [] : [`--shapes=${shapes.join(',')}`]),
    '--useSpinWait',
    `--duration=${t.times(5, 1)}`,
    `--device=${t.host.gpu.ordinal}`,
  ];
  try {
    const { stdout } = await run(program, args, { timeout: 120_000, maxBuffer: 2 ** 26 });
    const lines = stdout
      .split('\n')
      .filter((line) => /(Latency|GPU Compute Time|Enqueue Time): min/.test(line));
    return lines.map((line) => line.replace(/^.*\] \[I\] /, ''));
  } catch (error) {
    return [`${program}: ${error.message.split('\n')[0]}`];
  }
}

/** From an engine file to the first result, in this process. */
async function timeToFirstResult(t) {
  const path = await t.enginePath('mlp');
  const feeds = MODELS.mlp.feeds(8, 1);
  const times = [];
  for (let round = 0; round < t.times(10, 3); round++) {
    const started = performance.now();
    const session = await t.openSession(path);
    await session.run(feeds);
    times.push(performance.now() - started);
    await session.close();
  }
  t.note('milliseconds', { first: times[0], medianOfLater: percentile(times.slice(1), 0.5) });
}

/** How far the device's clock, as it is brought to the host's, may be off. */
const CLOCK_SLACK_MS = 1;
const STAGES = ['h2d', 'compute', 'd2h'];

/** Where the time of a run goes, by events on its stream and within its graph. */
async function stagesOfRuns(t) {
  const feeds = MODELS.mlp.feeds(8, 1);
  for (const cudaGraph of ['off', 'auto']) {
    const session = await t.session('mlp', { cudaGraph, stageTimes: true });
    const io = t.own(await session.createBinding(shapesOf(feeds)));
    for (const [input, { data }] of Object.entries(feeds)) io.inputs[input].set(data);
    const ways = { 'run()': () => session.run(feeds), 'binding.run()': () => io.run() };
    for (const [way, action] of Object.entries(ways)) {
      const rows = [];
      for (let round = 0; round < t.times(500, 50); round++) rows.push(await measuredRow(t, session, action));
      t.note(`microseconds of ${way}, cudaGraph ${cudaGraph}`, medianStages(rows));
    }
  }
}

/** One run: its stages in order, and all of them between the call and its result. */
async function measuredRow(t, session, action) {
  const before = performance.now();
  await action();
  const after = performance.now();
  const { count, rows } = session.takeStageTimes();
  const row = Object.fromEntries(t.api.STAGE_COLUMNS.map((name, column) => [name, rows[column]]));
  const moments = STAGES.flatMap((stage) => [row[`${stage}Start`], row[`${stage}End`]]);
  const isInOrder = moments.every((moment, index) => index === 0 || moment >= moments[index - 1]);
  const isWithin = moments[0] >= before - CLOCK_SLACK_MS && moments.at(-1) <= after + CLOCK_SLACK_MS;
  t.expect(
    count === 1 && isInOrder && isWithin,
    `stages of a run: ${JSON.stringify({ before, after, row })}`,
  );
  return row;
}

function medianStages(rows) {
  return Object.fromEntries(
    ['enqueue', ...STAGES].map((stage) => [
      stage,
      percentile(
        rows.map((row) => (row[`${stage}End`] - row[`${stage}Start`]) * 1000),
        0.5,
      ),
    ]),
  );
}

export const timing = {
  name: 'timing',
  title: 'Latency beside others',
  needs: 'gpu',
  checks: [
    ...Object.keys(CASES).map((name) =>
      familyCheck(name, `latency of the engine "${name}"`, (t) => compare(t, name), { limitSeconds: 600 }),
    ),
    familyCheck('stages', 'stage times of runs, with and without graphs', stagesOfRuns),
    familyCheck('first-result', 'time from a file to the first result', timeToFirstResult, {
      limitSeconds: 300,
    }),
  ],
};
