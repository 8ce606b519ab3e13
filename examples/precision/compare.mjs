// SPDX-License-Identifier: Apache-2.0
// Two networks in FP32, FP16, INT8 and mixed precision, side by side: accuracy, size, speed, which layers stayed in
// floating point and why, and the error of each layer as a picture.
//
//     node examples/precision/compare.mjs
//     node examples/precision/compare.mjs --network digits --out /tmp/precision    # one of them, files in that folder
//
// No Python and no GPU are needed. Where there is a GPU, accuracy and speed are those of TensorRT on it.

import { mkdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sessionRunner } from 'tensorrt-node';
import { runBench } from 'tensorrt-node/bench';
import { cast, quantize } from 'tensorrt-node/compress';
import { drawLayerErrors, evaluate, formatEvaluationHtml } from 'tensorrt-node/evaluate';
import { createStyle } from '../../build/javascript/cli/terminal/style.js';
import { formatTable } from '../../build/javascript/cli/terminal/table.js';
import { wrapText } from '../../build/javascript/cli/terminal/text-width.js';
import { networks } from './networks.mjs';

const MOST_LAYERS = 6;
const WIDTH = 112;
/** On a GPU engines are built for these batches; a CPU takes any. */
const SESSION = { build: { dynamicAxes: { batch: [1, 32, 64] } } };

const style = createStyle({ isTTY: process.stdout.isTTY === true, env: process.env });
const print = (text = '') => console.log(text === '' ? '' : `   ${text}`);
const title = (number, text) => console.log(`\n${style.cyan(String(number))}  ${style.bold(text)}`);
const printText = (text) => wrapText(text, WIDTH).forEach((line) => print(line));
const heading = (text) => console.log(`\n   ${style.bold(text)}`);
const printTable = (columns, rows) => formatTable(columns, rows, style.dim).forEach((line) => print(line));

// `| head` closes the pipe early, which is no failure.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const { values: options } = parseArgs({
  options: {
    network: { type: 'string', multiple: true, default: Object.keys(networks) },
    out: { type: 'string', default: join(tmpdir(), 'tensorrt-node-precision') },
    duration: { type: 'string', default: '1000' },
  },
});
await main();

async function main() {
  const unknown = options.network.find((name) => !(name in networks));
  if (unknown !== undefined) {
    console.error(`There is no network "${unknown}"; there are: ${Object.keys(networks).join(', ')}.`);
    process.exit(2);
  }
  console.log(style.bold('tensorrt-node: one network in four precisions'));
  await mkdir(options.out, { recursive: true });
  const results = [];
  for (const [index, name] of options.network.entries()) {
    title(index + 1, `${name}: ${networks[name].about}`);
    results.push(await compareNetwork(name, networks[name]));
  }
  showWhatItMeans(results.flat());
}

/** Makes the models, measures them, and shows what came out. */
async function compareNetwork(name, { model, bound, load }) {
  const { calibration, test } = await load();
  const tested = test.reduce((sum, { labels }) => sum + labels.length, 0);
  const seen = calibration.reduce((sum, feeds) => sum + Object.values(feeds)[0].dims[0], 0);
  print(`calibrated on ${seen} images in ${calibration.length} runs, tested on ${tested} others`);
  print();
  const variants = await makeVariants(name, { model, bound, calibration });
  const results = [];
  for (const variant of variants) results.push(await measure(variant, { model, test }));
  showNumbers(results);
  const [, fp16, int8, mixed] = results;
  showReasons({ fp16, int8, mixed }, bound);
  await showLayers(name, results);
  return results;
}

/** The same network four times. Each is an ordinary ONNX model that any runtime can load. */
async function makeVariants(name, { model, bound, calibration }) {
  const data = { calibration, runner: sessionRunner() };
  const made = [
    ['FP16', await cast(model, { to: 'fp16', ...data })],
    ['INT8', await quantize(model, data)],
    ['mixed', await quantize(model, { ...data, bound, rest: 'fp16' })],
  ];
  const variants = [{ precision: 'FP32', path: model }];
  for (const [precision, { model: changed, report }] of made) {
    const path = join(options.out, `${name}-${precision.toLowerCase()}.onnx`);
    await changed.save(path);
    variants.push({ precision, path, report });
  }
  return variants;
}

/** Accuracy beside the FP32 model's, error of each layer, size and speed. */
async function measure(variant, { model, test }) {
  const { precision, path } = variant;
  const evaluation = await evaluate(path, test, {
    session: SESSION,
    names: { model: precision, reference: 'FP32' },
    ...(path === model ? {} : { reference: model, profileLayers: true }),
  });
  const durationMs = Number(options.duration);
  const { latencyMs, throughput } = await runBench({
    model: path,
    sessionOptions: SESSION,
    feeds: test[0].feeds,
    warmUpMs: Math.min(200, durationMs),
    durationMs,
  });
  const { size } = await stat(path);
  return { ...variant, size, evaluation, p50: latencyMs.p50, perSecond: throughput.samplesPerSecond };
}

function showNumbers(results) {
  const [{ evaluation }] = results;
  const titles = ['', 'accuracy', 'same answer', 'output dB', 'KiB', 'INT8 layers', 'p50 ms', 'images/s'];
  printTable(
    titles.map((text, index) => ({ title: text, align: index === 0 ? 'left' : 'right' })),
    results.map(numbersOf),
  );
  print(
    style.dim(`one image is ${(100 / evaluation.samples).toFixed(2)} points; speed on ${evaluation.device}`),
  );
}

function numbersOf({ precision, evaluation, size, report, p50, perSecond }) {
  const { accuracy, top1Agreement, sqnrDb } = evaluation;
  const percent = (share) => `${(100 * share).toFixed(2)} %`;
  return [
    precision,
    percent(accuracy),
    top1Agreement === undefined ? '' : percent(top1Agreement),
    sqnrDb === undefined ? '' : sqnrDb.toFixed(1),
    (size / 1024).toFixed(1),
    report?.quantized === undefined
      ? ''
      : `${report.quantized.length} of ${report.quantized.length + report.kept.length}`,
    p50.toFixed(2),
    Math.round(perSecond).toLocaleString('en-US'),
  ];
}

/** What quantisation tried and chose, and what stayed in floating point. */
function showReasons({ fp16, int8, mixed }, { minSqnrDb }) {
  const { decisions, methods, equalization, smallLayers, kept } = int8.report;
  const trials = (list) => list.map(({ choice, sqnrDb }) => `${choice} ${sqnrDb.toFixed(1)}`).join(', ');
  const equalized = decisions.exponent === null ? 'not' : `by ${decisions.exponent}`;
  heading('Chosen, and why');
  printText(`INT8 takes the ranges of ${decisions.method}, of ${trials(methods)} dB`);
  printText(`INT8 has its channels equalised ${equalized}, of ${trials(equalization)} dB`);
  const small = decisions.smallLayers ? 'quantises small layers' : 'leaves small layers as they are';
  if (smallLayers.length > 0) printText(`INT8 ${small}, of ${trials(smallLayers)} dB`);
  showKept('FP16 keeps in FP32', fp16.report.kept);
  showKept('INT8 keeps in FP32', kept);
  showKept(`mixed keeps in FP16 besides, to reach ${minSqnrDb} dB`, mixed.report.keptForBound);
}

function showKept(text, layers) {
  print(layers.length === 0 ? `${text}: nothing` : text);
  printTable(
    [{ title: '' }, { title: '' }, { title: '' }],
    layers.map(({ node, reason }) => ['', node, reason]),
  );
}

/** The layers that INT8 changes most, and a picture of all. */
async function showLayers(name, results) {
  const changed = results.filter(({ evaluation }) => evaluation.layers !== undefined);
  const { layers } = changed.find(({ precision }) => precision === 'INT8').evaluation;
  const worst = layers.toSorted((a, b) => decibels(a) - decibels(b)).slice(0, MOST_LAYERS);
  heading('Layers with the largest error in INT8');
  printTable(
    [
      { title: '' },
      { title: '' },
      ...changed.map(({ precision }) => ({ title: `${precision} dB`, align: 'right' })),
    ],
    worst.map(({ node, op }) => [node, op, ...changed.map((result) => decibelsOf(result, node))]),
  );
  for (const { precision, evaluation } of changed) {
    const file = join(options.out, `${name}-${precision.toLowerCase()}`);
    await writeFile(`${file}.html`, formatEvaluationHtml(evaluation, `${name} in ${precision}`));
    await writeFile(`${file}.svg`, drawLayerErrors(evaluation.layers));
  }
  print(`all of them as pictures, in reports: ${join(options.out, `${name}-{fp16,int8,mixed}.html`)}`);
}

function decibels({ sqnrDb }) {
  return sqnrDb ?? Infinity;
}

function decibelsOf({ evaluation }, node) {
  const layer = evaluation.layers.find((one) => one.node === node);
  if (layer === undefined) return '-';
  return layer.sqnrDb === null ? 'equal' : layer.sqnrDb.toFixed(1);
}

function showWhatItMeans(results) {
  console.log(`\n${style.bold('What it means')}`);
  print(
    'output dB: at 30 dB the error has a thousandth of the power of the outputs, which is 3 % of their size.',
  );
  print(
    'same answer: images that FP32 puts into the same class, right or wrong. An accuracy above that of FP32 is chance.',
  );
  if (results.every(({ evaluation }) => evaluation.device === 'cpu')) {
    print(
      'The speed is that of this CPU, which converts FP16 to FP32 and unpacks INT8 around layers, often slower than FP32.',
    );
    print('It says nothing about a GPU, which has units for both. None of that is measured here.');
  }
  console.log(`\n${style.bold('Next')}`);
  print('npx tensorrt-node quantize your.onnx --calibration images.npy    the same for a model of yours');
  print(
    'npx tensorrt-node bench your.onnx --precision fp32,fp16,int8 --device cuda:0    what is faster on your GPU',
  );
  print('docs/guides/precision.md                                         which precision when');
}
