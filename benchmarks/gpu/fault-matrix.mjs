// SPDX-License-Identifier: Apache-2.0
// Every entry point of the driver and of TensorRT that a session calls fails once, in each phase of its life. Each
// time: does the error name the call, is the session usable afterwards or does it say that the device is lost, is
// everything given back, does nothing hang?
//
//     npm run bench:gpu-faults -- [--json] [--write] [--family tensorrt-11]
//
// The list of calls is not written down: a run without faults is recorded first.

import { openStandin, planMaker } from '../harness/standin.mjs';
import { LIVES } from './fault-lives.mjs';
import { withGarbageCollector } from '../harness/children.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';

const HANG_MS = 10_000;
const COLLECTIONS = 50;
// Results of the driver: out of memory, which the device survives, and an illegal address, which it does not.
const FAILURE = 2;
const STICKY = 700;
const ABOUT = `One row for each entry point, phase and kind of failure, in the first of the lives
([list](../gpu/fault-lives.mjs)) that calls it there. \`call\`: the device survives (out of memory, or false or
null from TensorRT). \`sticky\`: the context is lost. *load* is createSession(), *first run* a binding and its first run and
a first session.run(), *steady* the runs after that, *closing* close(). \`-\` as error: the caller notices nothing, because
there is another way (a run without a graph, memory without a pool, a device without a name) or because something is
given back, where there is nothing that the caller could do. What gives back fails for lost contexts alone: a driver
that keeps a handle at another failure keeps it for good. Calls of the driver that TensorRT makes itself are told in
TensorRT's words and name its method.`;

withGarbageCollector();
const options = readOptions({ family: { type: 'string', default: 'tensorrt-11' } });
const gpu = openStandin();
if (options.family === 'tensorrt-rtx') process.env.TENSORRT_NODE_LIB_DIR = gpu.tensorRtRtxFolder;
if (options.family === 'tensorrt-10') process.env.TENSORRT_NODE_LIB_DIR = gpu.tensorRt10Folder;
const api = await import('tensorrt-node');
const { makePlan } = planMaker();

const rows = [];
const tried = new Set();
for (const [name, life] of Object.entries(LIVES)) {
  const called = await recordCalls(life);
  for (const [phase, entries] of Object.entries(called)) {
    const fresh = entries.filter((entry) => !tried.has(`${phase} ${entry}`));
    for (const entry of fresh) {
      tried.add(`${phase} ${entry}`);
      for (const result of resultsOf(entry)) {
        rows.push(await tryFault({ name, life, phase, entry, result }));
      }
    }
  }
  say(`${name}: ${rows.length} failures so far`);
}
const bad = rows.filter(({ problems }) => problems.length > 0);
const verdicts = [
  {
    claim: `${rows.length} failures: named, survived or told, all given back, no hang`,
    value: `${bad.length} not so`,
    target: '0',
    isMet: bad.length === 0,
  },
];
const table = markdownTable(
  ['call', 'life', 'phase', 'kind', 'error', 'afterwards', 'problems'],
  rows.map((row) => [
    row.entry,
    row.life,
    row.phase,
    row.kind,
    row.code,
    row.afterwards,
    row.problems.join('; '),
  ]),
);
publish('gpu-faults', options, { family: options.family, results: rows, verdicts }, `${ABOUT}\n\n${table}`);
process.exit(bad.length === 0 ? 0 : 1);

/** What each phase of a life does. */
function phasesOf(life) {
  return {
    load: async (state) => {
      const plan = makePlan(options.family, life.plan);
      state.session = await api.createSession(plan, { device: 'cuda:0', contexts: 1, ...life.options });
      // The session's thread makes the device current: that belongs to this phase, not to the next.
      while (!gpu.calls().entries.cuCtxSetCurrent) await new Promise((resolve) => setImmediate(resolve));
    },
    'first run': (state) => life.first(state),
    steady: (state) => life.steady(state),
    closing: async (state) => {
      await state.io?.close();
      await state.session.close();
    },
  };
}

/** Which entry points each phase calls when nothing fails. */
async function recordCalls(life) {
  const state = { api };
  const found = {};
  for (const [phase, act] of Object.entries(phasesOf(life))) {
    gpu.reset();
    await act(state);
    found[phase] = Object.keys(gpu.calls().entries).filter(isFallible).sort();
  }
  return found;
}

/** Questions for a text, and TensorRT's calls that return nothing, cannot fail. */
function isFallible(entry) {
  return !/^cuGetError|::~|^~/.test(entry);
}

/** The results to order: questions lose no context, and what gives back fails for lost contexts alone. */
function resultsOf(entry) {
  if (!entry.startsWith('cu')) return [1];
  if (givesBack(entry)) return [STICKY];
  return /Query|^cu(DeviceGet|DeviceTotal|DriverGet)/.test(entry) ? [FAILURE] : [FAILURE, STICKY];
}

function givesBack(entry) {
  return /Destroy|Free|Release/.test(entry);
}

async function tryFault({ name, life, phase, entry, result }) {
  const kind = entry.startsWith('cu') && result === STICKY ? 'sticky' : 'call';
  const row = { entry, life: name, phase, kind, code: '-', afterwards: '-', problems: [] };
  const state = { api };
  const phases = phasesOf(life);
  gpu.reset();
  for (const [earlier, act] of Object.entries(phases)) {
    if (earlier === phase) break;
    await act(state);
  }
  gpu.reset();
  gpu.fault(entry, 1, result);
  const error = await outcome(row, () => phases[phase](state));
  if (!givesBack(entry)) describe(row, entry, error);
  else if (error) row.code = error.code;
  await lookAfter(row, state, phase, life);
  await outcome(row, async () => {
    await state.io?.close();
    await state.session?.close();
  });
  await checkGivenBack(row);
  if ((gpu.calls().entries[entry] ?? 0) === 0) row.problems.push('the call was not made again');
  return row;
}

/** The error of an action; a hang is noted. */
async function outcome(row, action) {
  let timer;
  const hang = new Promise((resolve) => {
    timer = setTimeout(() => resolve(new Error('hang')), HANG_MS);
  });
  const error = await Promise.race([
    action().then(
      () => null,
      (reason) => reason,
    ),
    hang,
  ]);
  clearTimeout(timer);
  if (error?.message === 'hang') row.problems.push('it hangs');
  return error;
}

function describe(row, entry, error) {
  if (error === null) {
    return;
  }
  row.code = error.code ?? error.name;
  if (error.code === undefined) row.problems.push(`not a typed error: ${error.message}`);
  const text = `${error.message} ${JSON.stringify(error.details ?? {})} ${error.where ?? ''}`;
  const log = error.log?.map(({ message }) => message).join(' ') ?? '';
  const isToldByTensorRt =
    entry.startsWith('cu') && /\bI[A-Z]\w+::|createInferRuntime/.test(`${text} ${log}`);
  if (!text.includes(entry.split('::').at(-1)) && !isToldByTensorRt) {
    row.problems.push(`the error does not name the call: ${error.message.slice(0, 120)}`);
  }
}

/** Runs again: either that works, or the error says that the device is lost. */
async function lookAfter(row, state, phase, life) {
  if (phase === 'closing' || state.session === undefined) return;
  const error = await outcome(row, async () => {
    await (phase === 'steady' ? life.steady(state) : life.first(state));
  });
  if (error === null) {
    row.afterwards = 'usable';
    return;
  }
  row.afterwards = error.code ?? error.name;
  // A failure that nobody was there to be told of is told to the first who comes.
  const isTold = row.code === '-' && error.code === 'ERR_TRT_CUDA_DEVICE_LOST';
  if (error.code !== 'ERR_TRT_CUDA_POISONED' && !isTold)
    row.problems.push(`afterwards: ${error.message.slice(0, 120)}`);
}

async function checkGivenBack(row) {
  const violations = gpu.violations();
  if (violations.length > 0) row.problems.push(`stand-in: ${violations.join(', ')}`);
  // Page-locked memory under ArrayBuffers goes with the arrays, in a turn of the loop after they were collected.
  for (let i = 0; i < COLLECTIONS && leftBehind().length > 0; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const left = leftBehind();
  if (left.length > 0) row.problems.push(`left behind: ${JSON.stringify(Object.fromEntries(left))}`);
}

function leftBehind() {
  const { objects, ...handles } = gpu.live();
  return Object.entries({ ...handles, ...objects }).filter(([, value]) => countOf(value) > 0);
}

function countOf(value) {
  return typeof value === 'number' ? value : (value?.allocations ?? 0);
}
