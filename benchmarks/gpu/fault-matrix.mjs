// SPDX-License-Identifier: Apache-2.0
// Every entry point of the driver and of TensorRT that a session calls fails once, in each phase of its life. Each
// time: does the error name the call, is the session usable afterwards or does it say that the device is lost, is
// everything given back, does nothing hang?
//
//     npm run bench:gpu-faults -- [--json] [--write] [--family tensorrt-11]
//
// The list of calls is not written down: a run without faults is recorded first.

import { openStandin, planMaker } from '../harness/standin.mjs';
import { withGarbageCollector } from '../harness/children.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';

const HANG_MS = 10_000;
const COLLECTIONS = 50;
// Results of the driver: out of memory, which the device survives, and an illegal address, which it does not.
const FAILURE = 2;
const STICKY = 700;
const ABOUT = `One row for each entry point, phase and kind of failure. \`call\`: the device survives (out of memory, or false or
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
const { createSession } = await import('tensorrt-node');
const { makePlan, SCALE } = planMaker();
const plan = makePlan(options.family, SCALE);

const PHASES = {
  load: async (state) => {
    state.session = await createSession(plan, { device: 'cuda:0', contexts: 1, cudaGraph: 'auto' });
  },
  'first run': async (state) => {
    state.io = await state.session.createBinding();
    await runBoth(state);
  },
  // Three times: the second run of a shape captures the graph, the third launches it.
  steady: async (state) => {
    for (let i = 0; i < 3; i++) await runBoth(state);
  },
  closing: async (state) => {
    await state.io.close();
    await state.session.close();
  },
};

const called = await recordCalls();
const rows = [];
for (const [phase, entries] of Object.entries(called)) {
  for (const entry of entries) {
    const results = !entry.startsWith('cu') ? [1] : givesBack(entry) ? [STICKY] : [FAILURE, STICKY];
    for (const result of results) rows.push(await tryFault(phase, entry, result));
  }
  say(`${phase}: ${entries.length} entry points`);
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
  ['call', 'phase', 'kind', 'error', 'afterwards', 'problems'],
  rows.map((row) => [row.entry, row.phase, row.kind, row.code, row.afterwards, row.problems.join('; ')]),
);
publish('gpu-faults', options, { family: options.family, results: rows, verdicts }, `${ABOUT}\n\n${table}`);
process.exit(bad.length === 0 ? 0 : 1);

async function runBoth({ session, io }) {
  await io.run();
  const [name, array] = Object.entries(io.inputs)[0];
  await session.run({ [name]: { data: array.slice(), dims: io.dims.inputs[name] } });
}

/** Which entry points each phase calls when nothing fails. */
async function recordCalls() {
  const state = {};
  const found = {};
  for (const [phase, act] of Object.entries(PHASES)) {
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

function givesBack(entry) {
  return /Destroy|Free|Release/.test(entry);
}

async function tryFault(phase, entry, result) {
  const kind = entry.startsWith('cu') && result === STICKY ? 'sticky' : 'call';
  const row = { entry, phase, kind, code: '-', afterwards: '-', problems: [] };
  const state = {};
  gpu.reset();
  for (const [name, act] of Object.entries(PHASES)) {
    if (name === phase) break;
    await act(state);
  }
  gpu.reset();
  gpu.fault(entry, 1, result);
  const error = await outcome(row, () => PHASES[phase](state));
  const wasReached = (gpu.calls().entries[entry] ?? 0) > 0;
  if (!wasReached) row.problems.push('the call was not made again');
  describe(row, entry, error);
  await lookAfter(row, state, phase);
  await outcome(row, async () => {
    await state.io?.close();
    await state.session?.close();
  });
  await checkGivenBack(row);
  return row;
}

/** The error of an action; a hang is noted. */
async function outcome(row, action) {
  let timer;
  const hang = new Promise((resolve) => {
    timer = setTimeout(() => resolve(new Error('hang')), HANG_MS);
  });
  const error = await Promise.race([action().then(() => null, (reason) => reason), hang]);
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
  const isToldByTensorRt = entry.startsWith('cu') && /\bI[A-Z]\w+::|createInferRuntime/.test(`${text} ${log}`);
  if (!text.includes(entry.split('::').at(-1)) && !isToldByTensorRt) {
    row.problems.push(`the error does not name the call: ${error.message.slice(0, 120)}`);
  }
}

/** Runs again: either that works, or the error says that the device is lost. */
async function lookAfter(row, state, phase) {
  if (phase === 'closing' || state.session === undefined) return;
  const error = await outcome(row, async () => {
    state.io ??= await state.session.createBinding();
    await runBoth(state);
  });
  if (error === null) {
    row.afterwards = 'usable';
    return;
  }
  row.afterwards = error.code ?? error.name;
  if (error.code !== 'ERR_TRT_CUDA_POISONED') row.problems.push(`afterwards: ${error.message.slice(0, 120)}`);
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
