// SPDX-License-Identifier: Apache-2.0
// One model through this package and through what else can run it here, each in fresh processes and in turns, each with its
// exact settings: npm run bench:peers -- [--model m.onnx] [--rounds 5] [--seconds 2] [--threads 1] [--json] [--write]

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { convolutionModel } from './harness/cpu-models.mjs';
import { markdownTable, publish, readOptions, say } from './harness/report.mjs';
import { median } from './harness/stats.mjs';
import { onnxRuntimeNode, onnxRuntimePython } from './peers/onnxruntime.mjs';
import { oursOnCpu, oursOnGpu } from './peers/ours.mjs';
import { polygraphy, tensorRtPython, trtexec } from './peers/tensorrt.mjs';

const ABOUT = `Every line is the median over the rounds; in each round every side runs once in a fresh process, and each
round starts with another side. On a shared machine whole processes are slow now and then, so the ratio is that of the fastest
rounds. Latency is what a caller waits for one inference, one call at a time. trtexec and Polygraphy
measure by their own definitions: see the settings.`;

const number = { type: 'string' };
const options = readOptions({ model: number, rounds: number, seconds: number, threads: number });
const folder = mkdtempSync(join(tmpdir(), 'trtn-peers-'));
try {
  const task = prepareTask();
  const sides = [
    oursOnCpu('binding'),
    oursOnCpu('run'),
    onnxRuntimeNode,
    onnxRuntimePython,
    oursOnGpu,
    trtexec,
    polygraphy,
    tensorRtPython,
  ];
  const { usable, missing } = await sortSides(sides, task);
  const figures = await measureInTurns(usable, task);
  tell({ usable, missing, figures, task });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What all sides get. */
function prepareTask() {
  const rounds = positive('rounds', options.rounds ?? '5');
  const seconds = positive('seconds', options.seconds ?? '2');
  const threads = positive('threads', options.threads ?? '1');
  if (options.model !== undefined)
    return {
      model: resolve(options.model),
      title: basename(options.model),
      folder,
      rounds,
      seconds,
      threads,
    };
  const model = join(folder, 'convolutions.onnx');
  writeFileSync(model, convolutionModel(6).bytes);
  return { model, title: 'six 3x3 convolutions, 48 channels of 96x96', folder, rounds, seconds, threads };
}

function positive(name, text) {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`--${name} expects a number above 0, but got '${text}'`);
  process.exit(2);
}

async function sortSides(sides, task) {
  const usable = [];
  const missing = [];
  for (const side of sides) {
    const reason = await side.whyNot(task);
    if (reason === null) usable.push(side);
    else missing.push({ name: side.name, reason });
  }
  return { usable, missing };
}

/** Each round begins with another side: what warms up or slows down over time falls on all of them. */
async function measureInTurns(sides, task) {
  const figures = new Map(sides.map((side) => [side, []]));
  for (let round = 0; round < task.rounds; round++) {
    for (let turn = 0; turn < sides.length; turn++) {
      const side = sides[(round + turn) % sides.length];
      say(`round ${round + 1} of ${task.rounds}: ${side.name}`);
      figures.get(side).push(await side.measure(task));
    }
  }
  return figures;
}

function tell({ usable, missing, figures, task }) {
  const results = usable.map((side) => {
    const rounds = figures.get(side);
    const middle = (key) => median(rounds.map((figure) => figure[key]));
    const numbers = { p50Ms: middle('p50Ms'), p90Ms: middle('p90Ms'), p99Ms: middle('p99Ms') };
    const perSecond = middle('inferencesPerSecond');
    const fastestMs = Math.min(...rounds.map(({ p50Ms }) => p50Ms));
    return {
      side: side.name,
      ...numbers,
      fastestMs,
      inferencesPerSecond: perSecond,
      settings: side.settings(task),
      rounds,
    };
  });
  const first = results[0].fastestMs;
  const ms = (value) => value.toPrecision(3);
  const table = markdownTable(
    ['side', 'p50 ms', 'p90 ms', 'p99 ms', 'inferences/s', 'p50 of the fastest round', 'over the first side'],
    results.map(({ side, p50Ms, p90Ms, p99Ms, inferencesPerSecond, fastestMs }) => [
      side,
      ...[p50Ms, p90Ms, p99Ms].map(ms),
      inferencesPerSecond.toFixed(1),
      ms(fastestMs),
      (fastestMs / first).toFixed(2),
    ]),
  );
  const settings = results.map((result) => `- **${result.side}**: ${result.settings}`);
  const absent = missing.map(({ name, reason }) => `- **${name}**: not measured: ${reason}`);
  const body = [
    `Model: ${task.title}.`,
    ABOUT,
    table,
    '## Settings',
    [...settings, ...absent].join('\n'),
  ].join('\n\n');
  publish('peers', options, { model: task.title, results, missing }, body);
}
