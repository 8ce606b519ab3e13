// SPDX-License-Identifier: Apache-2.0
// As many inferences per second as the GPU gives: several contexts, so that the copies of one call overlap the
// arithmetic of another, and enough calls in flight that none of them waits for JavaScript.
//
//     node examples/gpu/throughput-pool.mjs [model or engine] [--device cuda:0] [--contexts 3] [--in-flight 64] [--seconds 3]

import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { createSession } from 'tensorrt-node';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: 'string', default: 'auto' },
    contexts: { type: 'string', default: '3' },
    'in-flight': { type: 'string', default: '64' },
    seconds: { type: 'string', default: '3' },
  },
});
const model = positionals[0] ?? fileURLToPath(new URL('../digits/digits.onnx', import.meta.url));

const session = await createSession(model, {
  device: values.device,
  contexts: Number(values.contexts),
});
console.log(`running on ${session.device} (${session.backend})`);
const feeds = Object.fromEntries(session.inputs.map((info) => [info.name, zeros(info)]));
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

/** A tensor of zeros; dynamic dimensions become 1. */
function zeros({ type, dims }) {
  const fixed = dims.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : 1));
  const count = fixed.reduce((a, b) => a * b, 1);
  const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array };
  const ArrayClass = arrays[type];
  if (ArrayClass === undefined) throw new Error(`This example has no array for ${type} inputs.`);
  return { type, dims: fixed, data: new ArrayClass(count) };
}
