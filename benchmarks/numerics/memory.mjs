// SPDX-License-Identifier: Apache-2.0
// Peak memory of each step of compression beside that of its model, each in a process of its own.
//
//     npm run bench:compression-memory -- [--step <its name>] [--json] [--write]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runForJson } from '../harness/children.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';
import { writeMemoryModel } from './memory-model.mjs';

const MOST_LAYERS = 3;
const ROUNDS = 3;
const CHILD = fileURLToPath(new URL('memory-child.mjs', import.meta.url));

const STEPS = [
  'prune, Hessian 50 %',
  'prune, 2:4',
  'cluster, 16 values',
  'cluster, 256 values',
  'factorize, half',
  'pruneChannels, 30 %',
  'quantize, INT8',
];

const options = readOptions({ step: { type: 'string' } });
const folder = mkdtempSync(join(tmpdir(), 'compression-memory-'));
try {
  await main(join(folder, 'model.onnx'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(path) {
  const { largestBytes, weightBytes } = await writeMemoryModel(path);
  const model = await measure('model', path, ROUNDS);
  const both = await measure('model and result', path, ROUNDS);
  const results = [];
  for (const step of STEPS.filter((name) => (options.step ?? name) === name)) {
    const { peakBytes, seconds } = await measure(step, path, 1);
    const beside = (base) => (peakBytes - base.peakBytes) / largestBytes;
    results.push({ step, peakBytes, seconds, layers: beside(both), layersBesideModel: beside(model) });
  }
  report({ largestBytes, weightBytes, model, both, results });
}

/** The largest of several rounds. */
async function measure(step, path, rounds) {
  let largest = { peakBytes: 0 };
  for (let round = 0; round < rounds; round++) {
    const one = await runForJson(process.execPath, [CHILD, step, path]);
    if (one.peakBytes > largest.peakBytes) largest = one;
  }
  say(`${step}: ${mebibytes(largest.peakBytes)} MiB, ${largest.seconds.toFixed(1)} s`);
  return largest;
}

function report({ largestBytes, weightBytes, model, both, results }) {
  const verdicts = results.map(({ step, layers }) => ({
    claim: `memory of ${step}, in largest layers`,
    value: layers.toFixed(2),
    target: `<= ${MOST_LAYERS}`,
    isMet: layers <= MOST_LAYERS,
  }));
  const rows = [
    ['model alone, run once', mebibytes(model.peakBytes), '', '', model.seconds.toFixed(1)],
    ['model and result, run once each', mebibytes(both.peakBytes), '', '', both.seconds.toFixed(1)],
    ...results.map(({ step, peakBytes, layers, layersBesideModel, seconds }) => [
      step,
      mebibytes(peakBytes),
      layers.toFixed(2),
      layersBesideModel.toFixed(2),
      seconds.toFixed(1),
    ]),
  ];
  const titles = ['step', 'peak, MiB', 'beyond both, in layers', 'beyond the model, in layers', 'seconds'];
  const body = `A convolution of 512 channels, 3 x 3, and products of 512 x 2048, 2048 x 2048 and 4096 x 1024: ${mebibytes(weightBytes)} MiB of
weights, the largest layer ${mebibytes(largestBytes)} MiB. Each step runs in a process of its own, on 32 batches of 16 images, with \`nativeNumerics()\`.
Peak is VmHWM: memory that the process had, freed or not. "Both" is a process that holds the model and a second one with
weights of its own, which every step returns, and has run each over the data once.

${markdownTable(titles, rows)}`;
  publish('compression-memory', options, { largestBytes, weightBytes, model, both, results, verdicts }, body);
  process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
}

function mebibytes(bytes) {
  return (bytes / 2 ** 20).toFixed(0);
}
