// SPDX-License-Identifier: Apache-2.0
// Peak memory of casting and quantising a model of 2.6 GB, each in a process of its own.
//
//     npm run bench:large-model -- [--layers 40] [--size 4096] [--json] [--write]

import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, statfsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';

const LIMIT_BYTES = 3e9;
const DIST =
  process.env.TENSORRT_NODE_DIST ?? fileURLToPath(new URL('../../build/javascript', import.meta.url));
const CALIBRATION_RUNS = 4;
const POLL_MS = 10;

const TASKS = {
  'cast to FP16': castToFp16,
  'INT8 weights': quantizeWeights,
  'INT8, calibrated': quantizeCalibrated,
};

if (process.send === undefined) await main();
else await runTask(process.argv[2], process.argv[3]);

async function main() {
  const options = readOptions({
    layers: { type: 'string', default: '40' },
    size: { type: 'string', default: '4096' },
    task: { type: 'string' },
  });
  const [layers, size] = [Number(options.layers), Number(options.size)];
  const folder = mkdtempSync(join(tmpdir(), 'large-model-'));
  try {
    const path = join(folder, 'model.onnx');
    await generate(path, { layers, size });
    const modelBytes = statSync(`${path}.data`).size;
    say(`${layers} products of ${size} x ${size}: ${gigabytes(modelBytes)}`);
    const results = [];
    for (const task of Object.keys(TASKS).filter((name) => (options.task ?? name) === name)) {
      results.push({ task, ...(await measure(task, path)) });
      say(JSON.stringify(results.at(-1)));
    }
    report(options, { modelBytes, layers, size, results });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(options, { modelBytes, layers, size, results }) {
  const verdicts = results.map(({ task, peakBytes }) => ({
    claim: `peak memory, ${task}`,
    value: gigabytes(peakBytes),
    target: `< ${gigabytes(LIMIT_BYTES)}`,
    isMet: peakBytes < LIMIT_BYTES,
  }));
  const rows = results.map((one) => [
    one.task,
    gigabytes(one.peakBytes),
    gigabytes(one.peakAnonymousBytes),
    gigabytes(one.peakFileBytes),
    gigabytes(one.writtenBytes),
    one.seconds.toFixed(0),
  ]);
  const table = markdownTable(
    ['task', 'peak', 'of it anonymous', 'mapped files', 'written', 'seconds'],
    rows,
  );
  const about = `A model of ${gigabytes(modelBytes)}: ${layers} products with ${size} x ${size} weights of FP32 in an external
file. Each task loads it, rewrites it and saves the result, in a fresh process. Peak is VmHWM, which counts pages of mapped
files too: these are the system's to take back. ${CALIBRATION_RUNS} runs through the CPU runtime calibrate.`;
  publish('large-model', options, { modelBytes, results, verdicts }, `${about}\n\n${table}`);
  process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;
}

function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** Runs a task in a child and looks at its memory until it ends. */
async function measure(task, path) {
  const started = Date.now();
  const child = fork(fileURLToPath(import.meta.url), [task, path], { execArgv: ['--expose-gc'] });
  const peaks = { RssAnon: 0, RssFile: 0 };
  const timer = setInterval(() => {
    const status = statusOf(child.pid);
    for (const key of Object.keys(peaks)) peaks[key] = Math.max(peaks[key], status[key] ?? 0);
  }, POLL_MS);
  const answer = new Promise((resolve) => child.once('message', resolve));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`${task}: the process ended with ${code}`);
  return {
    ...(await answer),
    peakAnonymousBytes: peaks.RssAnon,
    peakFileBytes: peaks.RssFile,
    seconds: (Date.now() - started) / 1000,
  };
}

/** Sizes of /proc/<pid>/status in bytes. */
function statusOf(pid) {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').matchAll(/^(\w+):\s+(\d+) kB$/gm);
    return Object.fromEntries([...lines].map(([, key, value]) => [key, Number(value) * 1024]));
  } catch {
    return {};
  }
}

async function runTask(task, path) {
  const model = await TASKS[task](path);
  const target = path.replace(/\.onnx$/, `-${Object.keys(TASKS).indexOf(task)}.onnx`);
  await model.save(target);
  const writtenBytes = [target, `${target}.data`].reduce((sum, file) => sum + statSync(file).size, 0);
  for (const file of [target, `${target}.data`]) rmSync(file);
  process.send({ peakBytes: statusOf('self').VmHWM, writtenBytes }, () => process.disconnect());
}

async function load(path) {
  const { loadModel } = await import(`${DIST}/onnx/graph/onnx-model.js`);
  const { simplifyModel } = await import(`${DIST}/onnx/passes/simplify-model.js`);
  const model = await loadModel(path);
  simplifyModel(model);
  return model;
}

async function castToFp16(path) {
  const { castModel } = await import(`${DIST}/onnx/passes/cast-model.js`);
  const model = await load(path);
  castModel(model, { to: 'fp16' });
  return model;
}

async function quantizeWeights(path) {
  const { quantizeModel } = await import(`${DIST}/compress/quantize/quantize-model.js`);
  const model = await load(path);
  quantizeModel(model, { type: 'int8', weightOnly: true });
  return model;
}

async function quantizeCalibrated(path) {
  const { collectRanges } = await import(`${DIST}/compress/calibrate/collect-ranges.js`);
  const { openFeeds } = await import(`${DIST}/compress/calibrate/feed-source.js`);
  const { listCalibrationTensors, quantizeModel } = await import(
    `${DIST}/compress/quantize/quantize-model.js`
  );
  const { sessionRunner } = await import(`${DIST}/session/session-runner.js`);
  const model = await load(path);
  const size = model.graph.input[0].type.tensorType.shape.dim[1].dimValue;
  const feeds = await openFeeds(
    Array.from({ length: CALIBRATION_RUNS }, (_, run) => ({
      x: { data: Float32Array.from({ length: size }, (_, i) => Math.sin(i * (run + 1))), dims: [1, size] },
    })),
  );
  const ranges = await collectRanges(model, {
    tensors: listCalibrationTensors(model, { type: 'int8' }),
    feeds,
    runner: sessionRunner({ device: 'cpu', intraOpNumThreads: 1 }),
  });
  quantizeModel(model, { type: 'int8', ranges });
  return model;
}

/** A chain of products. Weights are ones on the diagonal and some noise; what is zero takes no room on the disk. */
async function generate(path, { layers, size }) {
  const { bavail, bsize } = statfsSync(tmpdir());
  const needed = layers * size * size * 4;
  if (bavail * bsize < 1.5 * needed)
    throw new Error(`${tmpdir()} has less than ${gigabytes(1.5 * needed)} free`);
  const file = await open(`${path}.data`, 'w');
  const ones = new Uint8Array(Float32Array.of(1, 0.125, -0.25, 0.0625).buffer);
  for (let layer = 0; layer < layers; layer++) {
    for (let row = 0; row < size - 4; row++) {
      await file.write(ones, 0, ones.length, 4 * (layer * size * size + row * size + row));
    }
  }
  await file.truncate(needed);
  await file.close();
  await writeFile(path, encode({ layers, size, location: 'model.onnx.data' }));
}

/** The few fields of an ONNX model that it takes. */
function encode({ layers, size, location }) {
  const text = (writer, field, value) => writer.tag(field, WireType.LengthDelimited).string(String(value));
  const whole = (writer, field, value) => writer.tag(field, WireType.Varint).int64(value);
  const message = (writer, field, write) => {
    writer.tag(field, WireType.LengthDelimited).fork();
    write(writer);
    writer.join();
  };
  const node = (graph, op, inputs, output) =>
    message(graph, 1, (writer) => {
      for (const input of inputs) text(writer, 1, input);
      text(writer, 2, output);
      text(writer, 3, output);
      text(writer, 4, op);
    });
  const value = (graph, field, name) =>
    message(graph, field, (writer) => {
      text(writer, 1, name);
      message(writer, 2, (type) =>
        message(type, 1, (tensor) => {
          whole(tensor, 1, 1);
          message(tensor, 2, (shape) => {
            for (const dim of [1, size]) message(shape, 1, (one) => whole(one, 1, dim));
          });
        }),
      );
    });
  const weight = (graph, layer) =>
    message(graph, 5, (writer) => {
      for (const dim of [size, size]) whole(writer, 1, dim);
      whole(writer, 2, 1);
      text(writer, 8, `w${layer}`);
      const length = size * size * 4;
      for (const [key, content] of Object.entries({ location, offset: layer * length, length })) {
        message(writer, 13, (entry) => {
          text(entry, 1, key);
          text(entry, 2, content);
        });
      }
      whole(writer, 14, 1);
    });
  const writer = new BinaryWriter();
  whole(writer, 1, 8);
  message(writer, 7, (graph) => {
    for (let layer = 0; layer < layers; layer++) {
      node(graph, 'MatMul', [layer === 0 ? 'x' : `r${layer - 1}`, `w${layer}`], `m${layer}`);
      node(graph, 'Relu', [`m${layer}`], layer === layers - 1 ? 'y' : `r${layer}`);
    }
    text(graph, 2, 'large');
    for (let layer = 0; layer < layers; layer++) weight(graph, layer);
    value(graph, 11, 'x');
    value(graph, 12, 'y');
  });
  message(writer, 8, (opset) => whole(opset, 2, 17));
  return writer.finish();
}
