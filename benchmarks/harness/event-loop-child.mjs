// SPDX-License-Identifier: Apache-2.0
// One situation for the event-loop benchmark: event-loop-child.mjs <case> [model] [batch]; prints one line of JSON.

import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchEventLoop } from '../../build/javascript/bench/sensors/event-loop.js';
import { percentile } from './stats.mjs';

const DURATION_MS = 5000;
const [name, model, batchText] = process.argv.slice(2);
const batch = Number(batchText);

const CASES = {
  idle: async () => () => sleep(DURATION_MS),
  'build-thread': () => prepareBuild('thread'),
  'build-process': () => prepareBuild('process'),
  'inference-ours': () => prepareOurs(),
  'inference-onnxruntime-node': () => prepareOnnxRuntimeNode(),
};

const work = await CASES[name]();
// Timers of the start have gone by when the watch begins.
await sleep(200);
let figures;
const delay = await watchEventLoop(async () => {
  figures = await work();
});
console.log(JSON.stringify({ name, delay, ...figures }));
process.exit(0);

async function prepareBuild(isolation) {
  const { buildEngine } = await import('tensorrt-node');
  return async () => {
    const startMs = performance.now();
    await buildEngine(model, { runtime: 'tensorrt-rtx', isolation, allowTypeChanges: true });
    return { callMs: performance.now() - startMs, calls: 1 };
  };
}

function pixels() {
  return Float32Array.from({ length: batch * 64 }, (_, i) => (i % 17) / 16);
}

async function prepareOurs() {
  const { createSession } = await import('tensorrt-node');
  const session = await createSession(model, { device: 'cpu' });
  const feeds = { images: { type: 'float32', dims: [batch, 1, 8, 8], data: pixels() } };
  await session.run(feeds);
  return () => repeat(() => session.run(feeds));
}

async function prepareOnnxRuntimeNode() {
  const { default: ort } = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(model);
  const feeds = { images: new ort.Tensor('float32', pixels(), [batch, 1, 8, 8]) };
  await session.run(feeds);
  return () => repeat(() => session.run(feeds));
}

/** One call after the other for five seconds. */
async function repeat(call) {
  const times = [];
  const endMs = performance.now() + DURATION_MS;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await call();
    times.push(performance.now() - startMs);
  }
  return { callMs: percentile(times, 0.5), calls: times.length };
}
