// SPDX-License-Identifier: Apache-2.0
// onnxruntime-node called directly: onnxruntime-node-child.mjs '{ model, seconds, warmUpSeconds, threads }'

import { performance } from 'node:perf_hooks';
import ort from 'onnxruntime-node';
import { percentile } from '../harness/stats.mjs';

const { model, seconds, warmUpSeconds, threads } = JSON.parse(process.argv[2]);
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
});
const feeds = Object.fromEntries(
  session.inputMetadata.map(({ name, shape }) => {
    const dims = shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : 1));
    const count = dims.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: count }, (_, index) => ((index * 37) % 101) / 50 - 1);
    return [name, new ort.Tensor('float32', data, dims)];
  }),
);

async function repeat(forSeconds, times) {
  const startMs = performance.now();
  let endMs = startMs;
  while (endMs - startMs < forSeconds * 1000) {
    const begin = endMs;
    await session.run(feeds);
    endMs = performance.now();
    times.push(endMs - begin);
  }
  return endMs - startMs;
}

await repeat(warmUpSeconds, []);
const times = [];
const measuredMs = await repeat(seconds, times);
console.log(
  JSON.stringify({
    p50Ms: percentile(times, 0.5),
    p90Ms: percentile(times, 0.9),
    p99Ms: percentile(times, 0.99),
    inferencesPerSecond: (times.length * 1000) / measuredMs,
  }),
);
