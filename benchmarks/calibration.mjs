// SPDX-License-Identifier: Apache-2.0
// Time and memory of INT8 calibration beside onnxruntime's static quantisation.
//
//     npm run bench:calibration -- [--rounds 3] [--json] [--write]

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runForJson } from './harness/children.mjs';
import { pythonPeer, requirePeers } from './harness/paths.mjs';
import { markdownTable, publish, readOptions, say } from './harness/report.mjs';
import { median } from './harness/stats.mjs';

const RUNS = 32;
const LAYERS = 500;
/** Batches of the long model, by side: onnxruntime's histograms keep the outputs of all of them. */
const BATCHES = { 'tensorrt-node': [100, 1000], onnxruntime: [50, 100] };
/** Outputs of one batch of the long model. */
const BATCH_MIB = (LAYERS * 32 * 64 * 4) / 2 ** 20;
/** What calibration may keep for 900 batches more: nothing but two batches and the garbage of an instant. */
const MOST_GROWTH_MIB = 32;
const METHODS = { 'tensorrt-node': ['max', 'entropy'], onnxruntime: ['MinMax', 'Entropy'] };

requirePeers();
const options = readOptions({ rounds: { type: 'string', default: '3' } });
const rounds = Number(options.rounds);
const folder = mkdtempSync(join(tmpdir(), 'trtn-calibration-'));
try {
  const { command, env } = pythonPeer();
  await runForJson(command, ['-c', setUp()], { env });
  const times = await measureTimes();
  const memory = await measureMemory();
  const verdicts = [...judgeTimes(times), judgeMemory(memory)];
  publish('calibration', options, { results: { times, memory }, verdicts }, format(times, memory));
  process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs the script that makes models and answers with JSON, as every child does. */
function setUp() {
  const script = JSON.stringify(scriptPath('calibration_model.py'));
  const args = JSON.stringify(['calibration_model.py', folder, String(LAYERS)]);
  return `import runpy, sys; sys.argv = ${args}; runpy.run_path(${script}); print("{}")`;
}

function scriptPath(name) {
  return fileURLToPath(new URL(`harness/${name}`, import.meta.url));
}

function runSide(side, model, runs, methods) {
  const args = [folder, model, String(runs), ...methods];
  if (side === 'tensorrt-node')
    return runForJson(process.execPath, [scriptPath('calibration-child.mjs'), ...args]);
  const { command, env } = pythonPeer();
  return runForJson(command, [scriptPath('calibration_child.py'), ...args], { env });
}

/** A fresh process for each side in each round, in turns. */
async function measureTimes() {
  const all = { 'tensorrt-node': [], onnxruntime: [] };
  for (let round = 0; round < rounds; round++) {
    for (const side of Object.keys(all)) {
      const result = await runSide(side, 'conv', RUNS, METHODS[side]);
      all[side].push(result);
      say(`round ${round + 1}, ${side}: ${JSON.stringify(result.seconds)}`);
    }
  }
  return Object.entries(all).map(([side, results]) => {
    const [minMax, entropy] = METHODS[side];
    return {
      side,
      minMaxSeconds: median(results.map(({ seconds }) => seconds[minMax])),
      entropySeconds: median(results.map(({ seconds }) => seconds[entropy])),
      cpuSeconds: median(results.map(({ cpuSeconds }) => cpuSeconds)),
      peakMiB: median(results.map(({ peakMiB }) => peakMiB)),
      bytes: statSync(join(folder, `conv-${side === 'onnxruntime' ? 'ort' : 'ours'}-${entropy}.onnx`)).size,
    };
  });
}

async function measureMemory() {
  const results = [];
  for (const side of Object.keys(BATCHES)) {
    for (const batches of BATCHES[side]) {
      const { peakMiB, tensors, seconds } = await runSide(side, 'chain', batches, [METHODS[side][1]]);
      say(`${side}, ${batches} batches: ${peakMiB.toFixed(0)} MiB`);
      results.push({ side, batches, peakMiB, tensors, seconds: Object.values(seconds)[0] });
    }
  }
  return results;
}

function judgeTimes([ours, theirs]) {
  const total = ({ minMaxSeconds, entropySeconds }) => minMaxSeconds + entropySeconds;
  return [
    { claim: 'time of min-max and entropy, over onnxruntime', of: total },
    { claim: 'processor time of both, over onnxruntime', of: ({ cpuSeconds }) => cpuSeconds },
  ].map(({ claim, of }) => {
    const ratio = of(ours) / of(theirs);
    return { claim, value: ratio.toFixed(2), target: '<= 1', isMet: ratio <= 1 };
  });
}

function judgeMemory(memory) {
  const [few, many] = memory.filter(({ side }) => side === 'tensorrt-node');
  const growth = many.peakMiB - few.peakMiB;
  return {
    claim: `peak memory with ${many.batches} batches, over that with ${few.batches}`,
    value: `${growth.toFixed(1)} MiB more`,
    target: `< ${MOST_GROWTH_MIB} MiB; the outputs of the batches between are ${Math.round((many.batches - few.batches) * BATCH_MIB)} MiB`,
    isMet: growth < MOST_GROWTH_MIB,
  };
}

function format(times, memory) {
  const timeRows = times.map((one) => [
    one.side,
    one.minMaxSeconds.toFixed(2),
    one.entropySeconds.toFixed(2),
    one.cpuSeconds.toFixed(2),
    one.peakMiB.toFixed(0),
    (one.bytes / 1e6).toFixed(1),
  ]);
  const memoryRows = memory.map(({ side, batches, peakMiB, seconds }) => [
    `${side}, ${batches} batches`,
    peakMiB.toFixed(0),
    seconds.toFixed(1),
  ]);
  return `Calibration and writing of the graph: a residual network of 27 convolutions, ${RUNS} batches of [8, 3, 64, 64], the same
for both sides, one thread of the runtime each. Conv, Gemm and MatMul are quantised, weights per channel. Each method
loads the model and goes through the data by itself; onnxruntime's entropy has its default of 128 bins, ours 4,096. A
fresh process for each side in each of ${rounds} rounds, in turns; figures are medians.

${markdownTable(['', 'min-max, s', 'entropy, s', 'processor time of both, s', 'peak MiB', 'MB written'], timeRows)}

Memory: a chain of ${LAYERS} products, the input of each calibrated by entropy. One batch makes ${BATCH_MIB.toFixed(1)} MiB of them.

${markdownTable(['', 'peak MiB', 's'], memoryRows)}`;
}
