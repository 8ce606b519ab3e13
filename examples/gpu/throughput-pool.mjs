// SPDX-License-Identifier: Apache-2.0
// As many inferences per second as the GPU gives: several contexts, so that the copies of one call overlap the
// arithmetic of another, and enough calls in flight that none of them waits for JavaScript.
//
//     node examples/gpu/throughput-pool.mjs [model or engine] [--device cuda:0] [--contexts 3] [--in-flight 64] [--seconds 3]
//
// An ONNX model with open dimensions needs their range on a GPU: --dynamic-axes batch=1,8,32.

import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { createSession } from 'tensorrt-node';
import { buildOptions, DIGITS_AXES } from './axes.mjs';
import { zerosFor } from './zeros.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: 'string', default: 'auto' },
    'dynamic-axes': { type: 'string', multiple: true },
    contexts: { type: 'string', default: '3' },
    'in-flight': { type: 'string', default: '64' },
    seconds: { type: 'string', default: '3' },
  },
});
const model = positionals[0] ?? fileURLToPath(new URL('../digits/digits.onnx', import.meta.url));
const axes = values['dynamic-axes'] ?? (positionals[0] ? [] : DIGITS_AXES);

const session = await createSession(model, {
  device: values.device,
  contexts: Number(values.contexts),
  build: buildOptions(axes),
});
console.log(`running on ${session.device} (${session.backend})`);
if (session.fallbackReason) console.log(`not on a GPU: ${session.fallbackReason}`);
const feeds = zerosFor(session);
await session.run(feeds);

const start = performance.now();
const end = start + Number(values.seconds) * 1000;
let calls = 0;
async function lane() {
  while (performance.now() < end) {
    await session.run(feeds);
    calls++;
  }
}
await Promise.all(Array.from({ length: Number(values['in-flight']) }, lane));
console.log(`${Math.round((calls * 1000) / (performance.now() - start))} inferences per second`);
await session.close();
