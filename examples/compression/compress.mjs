// SPDX-License-Identifier: Apache-2.0
// One network made smaller in every way there is, side by side, and then a search for the best way: accuracy, size,
// arithmetic, time, what TensorRT makes of it, and a picture of size against accuracy.
//
//     node examples/compression/compress.mjs
//     node examples/compression/compress.mjs --network cnn --out /tmp/compression    # another one, files in that folder
//
// No Python and no GPU are needed. Accuracy and time are those of this CPU.

import { mkdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSession, nativeNumerics, sessionRunner, sessionTrainer } from 'tensorrt-node';
import {
  compress,
  drawPareto,
  loadCompact,
  measureCompression,
  measureLatency,
  saveCompact,
} from 'tensorrt-node/compress';
import { evaluate } from 'tensorrt-node/evaluate';
import { loadModel, simplifyModel } from 'tensorrt-node/onnx';
import { loadData, networkPath, networks } from './data.mjs';
import { printHeading, printSearch, printSteps, printTitle, printTransfer } from './show.mjs';
import { makeSteps, STEP_NAMES } from './steps.mjs';

/** Times of one thread can be compared, and results do not depend on the number of cores. */
const SESSION = { device: 'cpu', intraOpNumThreads: 1 };
/** At most this much of the accuracy may go in the search, 1 point. */
const MAX_DROP = 0.01;

// `| head` closes the pipe early, which is no failure.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const { values: options } = parseArgs({
  options: {
    network: { type: 'string', default: 'mlp' },
    out: { type: 'string', default: join(tmpdir(), 'tensorrt-node-compression') },
    duration: { type: 'string', default: '500' },
    epochs: { type: 'string', default: '3' },
    trials: { type: 'string', default: '16' },
    step: { type: 'string', multiple: true, default: Object.keys(STEP_NAMES) },
  },
});
await main();

async function main() {
  const { network: name, out } = options;
  requireKnown('network', [name], networks);
  requireKnown('step', options.step, STEP_NAMES);
  printHeading('tensorrt-node: one network, every way to make it smaller');
  await mkdir(out, { recursive: true });
  const source = await prepareSource(networkPath(name));
  const data = await loadData();
  const given = {
    calibration: data.calibration,
    runner: sessionRunner(SESSION),
    numerics: await nativeNumerics(),
  };

  printTitle(1, `${name}: ${networks[name]}`);
  printSteps(await measureSteps(source, { data, given }), { images: countImages(data.test) });
  if (options.step.includes('shared')) printTransfer(await packForTransfer(pathOf('shared')));

  printTitle(2, `Searched: the smallest that loses at most ${100 * MAX_DROP} point on the validation images`);
  const { model, report } = await search(source, { data, given });
  const path = pathOf('searched');
  const picture = join(out, `${name}-search.svg`);
  await model.save(path);
  await writeFile(picture, drawPareto(report.trials, report.source, report.chosen));
  printSearch(report, { found: await measure(source, path, data), picture });
}

/**
 * Batch normalisations are folded into the layers before them, as all steps and TensorRT do. ONNX Runtime leaves those behind
 * a Gemm, which would make every step look three times as fast as it is.
 */
async function prepareSource(network) {
  const model = await loadModel(network);
  simplifyModel(model);
  await model.save(pathOf('fp32'));
  return pathOf('fp32');
}

function pathOf(step) {
  return join(options.out, `${options.network}-${step.replace(':', '-')}.onnx`);
}

function requireKnown(what, names, known) {
  const unknown = names.find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  console.error(`There is no ${what} "${unknown}"; there are: ${Object.keys(known).join(', ')}.`);
  process.exit(2);
}

/** Each step by itself, on the same network. The models are ordinary ONNX files that any runtime loads. */
async function measureSteps(source, { data, given }) {
  const { training } = data;
  const trainer = sessionTrainer({ device: 'cpu', intraOpNumThreads: 2 });
  const steps = makeSteps(given, { training, trainer, epochs: Number(options.epochs) });
  const results = [];
  for (const name of options.step) {
    say(STEP_NAMES[name]);
    const { model } = await steps[name](source);
    const path = pathOf(name);
    await model.save(path);
    results.push({ name: STEP_NAMES[name], path, ...(await measure(source, path, data)) });
  }
  return results;
}

/** The report that all steps have in common: a model beside the one that it was made from. */
async function measure(source, path, { test }) {
  const [{ feeds }] = test;
  return measureCompression(source, path, {
    evaluate: (model, reference) => evaluate(model, test, { session: SESSION, reference }),
    latency: (models) =>
      measureLatency(models, {
        open: (model) => createSession(model, SESSION),
        feeds,
        seconds: Number(options.duration) / 1000,
      }),
  });
}

/** Shared values are a file as large as before; as tables and codes they are sent. */
async function packForTransfer(path) {
  const compact = `${path}.gz`;
  const model = await loadModel(path);
  const { bytes } = await saveCompact(model, compact);
  const again = await loadCompact(compact);
  const isSame = Buffer.compare(model.toBytes(), again.toBytes()) === 0;
  return { path: compact, bytes, sourceBytes: (await stat(path)).size, isSame };
}

/** What is chosen by is accuracy on images that nothing was trained, fitted or tested on. */
async function search(source, { data, given }) {
  return compress(source, {
    maxDrop: MAX_DROP,
    ...given,
    score: async (model) => (await evaluate(model, data.validation, { session: SESSION })).accuracy,
    trials: Number(options.trials),
    onProgress: say,
  });
}

/** What is worked at, where somebody looks on. */
function say(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, 100)}\r`);
}

function countImages(batches) {
  return batches.reduce((sum, { labels }) => sum + labels.length, 0);
}
