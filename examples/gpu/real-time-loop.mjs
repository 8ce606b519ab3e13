// SPDX-License-Identifier: Apache-2.0
// One inference per frame, with as little between the frame and the result as possible: a binding, whose arrays lie in
// memory that the GPU reads and writes itself. `runSync()` blocks this thread for the time of the inference, which is
// what a control loop wants; in a server use `await io.run()`.
//
//     node examples/gpu/real-time-loop.mjs [model or engine] [--device cuda:0] [--frames 500] [--rate 60]
//
// An ONNX model with open dimensions needs their range on a GPU: --dynamic-axes batch=1,8,32.

import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { createSession } from 'tensorrt-node';
import { buildOptions, DIGITS_AXES } from './axes.mjs';
import { shapesOf, shapeValuesOf } from './zeros.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: 'string', default: 'auto' },
    'dynamic-axes': { type: 'string', multiple: true },
    frames: { type: 'string', default: '500' },
    rate: { type: 'string', default: '60' },
  },
});
const model = positionals[0] ?? fileURLToPath(new URL('../digits/digits.onnx', import.meta.url));
const axes = values['dynamic-axes'] ?? (positionals[0] ? [] : DIGITS_AXES);
const frames = Number(values.frames);
const periodMs = 1000 / Number(values.rate);

const session = await createSession(model, {
  device: values.device,
  spinWait: true,
  build: buildOptions(axes),
});
console.log(`running on ${session.device} (${session.backend})`);
if (session.fallbackReason) console.log(`not on a GPU: ${session.fallbackReason}`);
const shapeValues = shapeValuesOf(session);
const io = await session.createBinding(shapesOf(session), { values: shapeValues });
const frameName = session.inputs.find(({ name }) => !(name in shapeValues)).name;
const input = io.inputs[frameName];
const pixels = typeof input[0] === 'bigint' ? [0n, 1n] : [0, 1];
const times = [];
let late = 0;

let deadline = performance.now();
for (let frame = 0; frame < frames; frame++) {
  // Where the camera would write its frame: straight into the memory that the GPU reads.
  input.fill(pixels[frame % 2]);
  const start = performance.now();
  io.runSync();
  times.push(performance.now() - start);
  deadline += periodMs;
  const rest = deadline - performance.now();
  if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  else late++;
}

times.sort((a, b) => a - b);
const at = (share) => times[Math.floor((times.length - 1) * share)].toFixed(3);
console.log(`inference ms: p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)}; frames late: ${late} of ${frames}`);
await io.close();
await session.close();
