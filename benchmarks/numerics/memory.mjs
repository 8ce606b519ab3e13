// SPDX-License-Identifier: Apache-2.0
// Memory of each step of compression beside that of its model, each in processes of its own: one that runs as it is, for the
// peak, and one whose garbage is collected all the time, for what the step needs.
//
//     npm run bench:compression-memory -- [--step <its name>] [--json] [--write]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runForJson } from '../harness/children.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';
import { BATCH, BATCHES, CHANNELS, WIDE, writeMemoryModel } from './memory-model.mjs';

const MOST_LAYERS = 3;
const CHILD = fileURLToPath(new URL('memory-child.mjs', import.meta.url));

/** Memory that is given back is given back to the system: else what is resident says little of what is in use. */
const ENV = { ...process.env, MALLOC_MMAP_THRESHOLD_: String(128 * 1024) };

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
  const both = await measure('model and result', path);
  const results = [];
  for (const step of STEPS.filter((name) => (options.step ?? name) === name)) {
    const one = await measure(step, path);
    const beside = (kind) => (one[kind] - both[kind]) / largestBytes;
    results.push({
      step,
      ...one,
      peakLayers: beside('peakBytes'),
      liveLayers: beside('liveBytes'),
      bufferLayers: beside('bufferBytes'),
    });
  }
  report({ largestBytes, weightBytes, both, results });
}

async function measure(step, path) {
  const run = (...flags) => runForJson(process.execPath, [...flags, CHILD, step, path], { env: ENV });
  const { peakBytes, seconds } = await run();
  const { live } = await run('--expose-gc');
  say(
    `${step}: peak ${mebibytes(peakBytes)}, live ${mebibytes(live.bytes)} MiB (${live.during}), ${seconds.toFixed(1)} s`,
  );
  return { peakBytes, liveBytes: live.bytes, bufferBytes: live.buffers, seconds };
}

function report({ largestBytes, weightBytes, both, results }) {
  const verdicts = results.map(({ step, liveLayers }) => ({
    claim: `memory of ${step}, in largest layers`,
    value: liveLayers.toFixed(2),
    target: `<= ${MOST_LAYERS}`,
    isMet: liveLayers <= MOST_LAYERS,
  }));
  const sizes = ({ peakBytes, liveBytes }) => [mebibytes(peakBytes), mebibytes(liveBytes)];
  const rows = [
    ['model and result, run once each', ...sizes(both), '', '', '', both.seconds.toFixed(1)],
    ...results.map((one) => [
      one.step,
      ...sizes(one),
      one.peakLayers.toFixed(2),
      one.liveLayers.toFixed(2),
      one.bufferLayers.toFixed(2),
      one.seconds.toFixed(1),
    ]),
  ];
  const titles = [
    'step',
    'peak, MiB',
    'live, MiB',
    'peak, in layers',
    'live, in layers',
    'of that arrays',
    'seconds',
  ];
  const body = `A convolution of ${CHANNELS} channels, 3 x 3, and products of which the largest is ${WIDE} x ${WIDE}: ${mebibytes(weightBytes)} MiB of weights, the
largest layer ${mebibytes(largestBytes)} MiB, ${BATCHES} batches of ${BATCH} images, \`nativeNumerics()\`. The first row is a process that holds the model and a
second one with weights of its own, which every step returns, and has run each over the data once. The columns in layers are
what a step takes beyond that, by the bytes of the largest layer. Peak is VmHWM of an ordinary run: memory that the process
had, garbage too. Live is what was resident just after a collection of garbage, at most, in a second run, and arrays what
array buffers alone have grown by.

${markdownTable(titles, rows)}`;
  publish('compression-memory', options, { largestBytes, weightBytes, both, results, verdicts }, body);
  process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
}

function mebibytes(bytes) {
  return (bytes / 2 ** 20).toFixed(0);
}
