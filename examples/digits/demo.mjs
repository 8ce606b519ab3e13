// SPDX-License-Identifier: Apache-2.0
// The whole way in one file: build a TensorRT engine from an ONNX model, run the model, measure it.
//
//     npm run demo
//     node examples/digits/demo.mjs --library-path /opt/tensorrt/lib    # a TensorRT of your own
//
// Exit status: 0 if everything ran, 1 if the engine could not be built (the CPU part runs all the same).

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildEngine, createSession, TensorRTError } from 'tensorrt-node';
import { runBench } from 'tensorrt-node/bench';
import { createStyle } from '../../build/javascript/cli/terminal/style.js';
import { formatTable } from '../../build/javascript/cli/terminal/table.js';
import { wrapText } from '../../build/javascript/cli/terminal/text-width.js';
import { readNpy } from '../../build/javascript/tensor/npy.js';

const folder = dirname(fileURLToPath(import.meta.url));
const model = join(folder, 'digits.onnx');
const IMAGE = 1 * 8 * 8;
const CLASSES = 10;
const BATCHES = [1, 8, 32];

const style = createStyle({ isTTY: process.stdout.isTTY === true, env: process.env });
const print = (text = '') => console.log(text === '' ? '' : `   ${text}`);
const title = (number, text) => console.log(`\n${style.cyan(String(number))}  ${style.bold(text)}`);
const printTable = (columns, rows) => formatTable(columns, rows, style.dim).forEach((line) => print(line));

// `| head` closes the pipe early, which is no failure.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const { values: options } = parseArgs({ options: { 'library-path': { type: 'string' } } });
console.log(style.bold('tensorrt-node: handwritten digits from ONNX to numbers'));
const isBuilt = await showBuild(options['library-path']);
await showRun(isBuilt);
process.exitCode = isBuilt ? 0 : 1;

/** Builds the engine and shows what it is. Returns whether there is one. */
async function showBuild(libraryPath) {
  title(1, 'Build a TensorRT engine from examples/digits/digits.onnx');
  try {
    const engine = await buildEngine(model, { libraryPath, dynamicAxes: { batch: [1, 32, 450] } });
    describeEngine(engine);
    return true;
  } catch (error) {
    if (!(error instanceof TensorRTError)) throw error;
    print(style.red(`not built: ${firstSentence(error.message)} [${error.code}]`));
    print(`to do: ${error.hint}`);
    return false;
  }
}

function describeEngine(engine) {
  const { buildMs, parseMs, isolationStartMs } = engine.report();
  const name = { 'tensorrt-rtx': 'TensorRT-RTX' }[engine.family] ?? 'TensorRT';
  const range = (entry) => ['min', 'opt', 'max'].map((key) => `${key} ${entry[key].join('x')}`).join(', ');
  const tensors = (kind, list) =>
    list.map(({ name, type, dims }) => [kind, name, `${type} [${dims.join(', ')}]`]);
  const profiles = engine.profiles.flatMap((profile, index) =>
    Object.entries(profile).map(([input, entry]) => [`profile ${index}`, input, range(entry)]),
  );
  printTable(
    [{ title: '' }, { title: '' }, { title: '' }],
    [...tensors('input', engine.inputs), ...tensors('output', engine.outputs), ...profiles],
  );
  const steps = `child process ${ms(isolationStartMs)}, parse ${ms(parseMs)}, build ${ms(buildMs)}`;
  print(`${(engine.bytes / 1024).toFixed(1)} KiB in ${ms(isolationStartMs + parseMs + buildMs)} (${steps})`);
  print(
    style.green(`built by the real ${name} ${engine.version} builder on this CPU; running it needs a GPU`),
  );
}

/** Runs the test split and measures the latency on the device that `createSession` takes by default. */
async function showRun(isEngineBuilt) {
  const images = await readNpy(join(folder, 'test-images.npy'));
  const labels = await readNpy(join(folder, 'test-labels.npy'));
  const session = await createSession(model);
  try {
    title(2, `Run the ${labels.data.length} test images, which training never saw`);
    describeDevice(session);
    const { logits } = await session.run({ images });
    showAccuracy(classesOf(logits.data), labels.data);
    title(3, `Measure on ${session.device}`);
    await showLatency(session, images.data);
    showWhatRanWhere(session, isEngineBuilt);
  } finally {
    await session.close();
  }
}

function describeDevice({ device, backend, fallbackReason }) {
  const runtime = backend === 'onnxruntime' ? "ONNX Runtime, on the addon's own threads" : 'TensorRT';
  print(`device: ${device} (${runtime})`);
  if (fallbackReason) wrapText(`why not a GPU: ${fallbackReason}`, 96).forEach((line) => print(line));
}

/** The class with the largest logit, per image. */
function classesOf(logits) {
  return Array.from({ length: logits.length / CLASSES }, (_, image) => {
    const row = logits.subarray(image * CLASSES, (image + 1) * CLASSES);
    return row.indexOf(Math.max(...row));
  });
}

function showAccuracy(predicted, labels) {
  const confusions = new Map();
  predicted.forEach((digit, image) => {
    if (digit === labels[image]) return;
    const key = `${labels[image]} read as ${digit}`;
    confusions.set(key, (confusions.get(key) ?? 0) + 1);
  });
  const wrong = [...confusions.values()].reduce((sum, count) => sum + count, 0);
  const right = labels.length - wrong;
  const percent = ((100 * right) / labels.length).toFixed(2);
  print(style.green(`accuracy: ${percent} % (${right} of ${labels.length})`));
  const list = [...confusions].sort((a, b) => b[1] - a[1]);
  const shown = list.map(([key, count]) => (count > 1 ? `${key} (${count} times)` : key));
  print(`mistakes: ${shown.length > 0 ? shown.join(', ') : 'none'}`);
}

async function showLatency(session, pixels) {
  const rows = [];
  for (const batch of BATCHES) {
    const feeds = {
      images: { type: 'float32', dims: [batch, 1, 8, 8], data: pixels.slice(0, batch * IMAGE) },
    };
    const report = await runBench({ model, session, feeds, warmUpMs: 200, durationMs: 1000 });
    const { p50, p90, p99 } = report.latencyMs;
    const imagesPerSecond = Math.round(report.throughput.inferencesPerSecond * batch).toLocaleString('en-US');
    const delay = report.eventLoopDelayMs;
    const cells = [p50, p90, p99, delay.p50, delay.p99].map((value) => value.toFixed(3));
    rows.push([String(batch), ...cells.slice(0, 3), imagesPerSecond, ...cells.slice(3)]);
  }
  const titles = ['batch', 'p50 ms', 'p90 ms', 'p99 ms', 'images/s', 'loop delay p50 ms', 'p99 ms'];
  printTable(
    titles.map((text) => ({ title: text, align: 'right' })),
    rows,
  );
}

function showWhatRanWhere(session, isEngineBuilt) {
  console.log(`\n${style.bold('What ran where')}`);
  if (isEngineBuilt)
    print('The engine is a real TensorRT engine, built here. It was not run: engines run on GPUs alone.');
  else print('No engine was built: TensorRT is missing here.');
  if (session.device === 'cpu') {
    print('Accuracy and latency are of the same ONNX model on this CPU. A GPU would add TensorRT itself:');
    print("the engine's kernels, larger batches at once, FP16 and INT8. None of it is measured here.");
  }
  console.log(`\n${style.bold('Next')}`);
  print('npx tensorrt-node doctor                                     what this machine can do');
  print('npx tensorrt-node build your.onnx -o your.engine             an engine of your own model');
  print('npx tensorrt-node bench examples/digits/digits.onnx --device cpu');
  print('examples/digits/README.md                                    how the model was made');
}

/** Without the list of paths that follows some messages. */
function firstSentence(message) {
  return message.split('\n')[0].replace(/ Tried:$/, '');
}

function ms(value) {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}
