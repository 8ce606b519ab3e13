// SPDX-License-Identifier: Apache-2.0
// The compute time that the benchmark harness gives for a CPU session, beside what ONNX Runtime wrote about the same
// runs into its profiling file.
//
//     npm run bench:cpu-agreement -- [--json] [--write]

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOnnxRuntimeProfile, runBench } from 'tensorrt-node/bench';
import { addModel, convolutionModel } from './harness/cpu-models.mjs';
import { ROOT } from './harness/paths.mjs';
import { markdownTable, publish, readOptions, say } from './harness/report.mjs';
import { median } from './harness/stats.mjs';

const TARGET_PERCENT = 5;
// What the profile cannot tell: its clock has whole microseconds, and it writes its line about a run after the end that
// the line has, which takes as long again.
const TARGET_US = 2;
const WARM_UP_MS = 500;
const DIGITS = join(ROOT, 'examples/digits/digits.onnx');
// ONNX Runtime keeps a million events at most, several for each node: calls that are short get less time.
const MODELS = [
  { name: 'an addition of four elements', model: addModel(), dims: [4], durationMs: 1000 },
  { name: 'digits, 32 images', model: DIGITS, dims: [32, 1, 8, 8], durationMs: 3000 },
  convolutions(6),
];
const ABOUT = `One session each, one thread, one call at a time; the same calls are measured by both. Ours is \`computeMs\` of
\`runBench()\`: the host clock around OrtRun. Theirs is the duration of the event \`model_run\` in the profiling file of
the session, in whole microseconds, rounded down; the calls of the warm-up and those before it are left out.

ONNX Runtime writes its profile while it runs. What it writes about the nodes is in both measurements: a session without
profiling is faster, several times so where a run takes microseconds. What it writes about the run itself comes after
the end that it notes, so that is in ours alone: up to ${TARGET_US} µs, with the rounding.`;

const options = readOptions();
const folder = mkdtempSync(join(tmpdir(), 'cpu-agreement-'));
const rows = [];
try {
  for (const model of MODELS) rows.push(await measure(model));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const verdicts = rows.flatMap(({ name, figures }) =>
  Object.entries(figures).map(([figure, { theirsMs, oursMs, apartPercent }]) => ({
    claim: `${name}: ${figure} of the compute time, ours over theirs`,
    value: `${percent(apartPercent)}, ${us(oursMs - theirsMs)}`,
    target: `within ${TARGET_PERCENT} %, or ${TARGET_US} µs`,
    isMet: Math.abs(apartPercent) <= TARGET_PERCENT || Math.abs(oursMs - theirsMs) * 1000 <= TARGET_US,
  })),
);
const table = markdownTable(
  ['model', 'calls', 'figure', 'onnxruntime', 'tensorrt-node', 'apart'],
  rows.flatMap(({ name, calls, figures }) =>
    Object.entries(figures).map(([figure, { theirsMs, oursMs, apartPercent }]) => [
      name,
      calls,
      figure,
      us(theirsMs),
      us(oursMs),
      percent(apartPercent),
    ]),
  ),
);
publish('cpu-agreement', options, { results: rows, verdicts }, `${ABOUT}\n\n${table}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

function convolutions(layers) {
  const { bytes, dims } = convolutionModel(layers);
  return { name: `${layers} convolutions`, model: bytes, dims, durationMs: 3000 };
}

async function measure({ name, model, dims, durationMs }) {
  say(name);
  const prefix = `profile${rows.length}`;
  const sessionOptions = { device: 'cpu', intraOpNumThreads: 1, profileFilePrefix: join(folder, prefix) };
  const { computeMs, warmUp } = await runBench({
    model,
    sessionOptions,
    feeds: (session) => ({ [session.inputs[0].name]: { data: filled(dims), dims } }),
    warmUpMs: WARM_UP_MS,
    durationMs,
  });
  const theirs = profiledRuns(prefix, { measured: computeMs.count, before: warmUp.inferences });
  return {
    name,
    calls: computeMs.count,
    figures: {
      median: apart(median(theirs), computeMs.p50),
      mean: apart(theirs.reduce((sum, ms) => sum + ms, 0) / theirs.length, computeMs.mean),
    },
  };
}

/** Durations of the measured calls in the profiling file; the file has each call of the session. */
function profiledRuns(prefix, { measured, before }) {
  const file = readdirSync(folder).find((name) => name.startsWith(`${prefix}_`));
  const { runMs } = readOnnxRuntimeProfile(readFileSync(join(folder, file), 'utf8'));
  const first = runMs.length - measured;
  // The session makes up to two calls of its own before the warm-up. A profile that was full would have fewer than ours,
  // and pair our last calls with earlier ones of theirs.
  if (first < before || first > before + 2)
    throw new Error(`${file} has ${runMs.length} calls, but ${before} and then ${measured} were made`);
  return runMs.slice(first);
}

function apart(theirsMs, oursMs) {
  return { theirsMs, oursMs, apartPercent: (oursMs / theirsMs - 1) * 100 };
}

function filled(dims) {
  return new Float32Array(dims.reduce((a, b) => a * b)).fill(0.5);
}

function percent(value) {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)} %`;
}

function us(milliseconds) {
  return `${(milliseconds * 1000).toFixed(2)} µs`;
}
