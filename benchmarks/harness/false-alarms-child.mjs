// SPDX-License-Identifier: Apache-2.0
// One measurement of a model on the CPU in a fresh process: [spin in ms in each call] [duration in ms] [layers].

import { createSession } from '../../dist/index.js';
import { runBench } from '../../dist/bench/index.js';
import { convolutionModel } from './cpu-models.mjs';

const [spinMs, durationMs, layers] = process.argv.slice(2).map(Number);
const { bytes, dims } = convolutionModel(layers);
const session = await createSession(bytes, { device: 'cpu', intraOpNumThreads: 1 });
const x = { type: 'float32', data: new Float32Array(dims.reduce((a, b) => a * b)).fill(0.5), dims };
const result = await runBench({
  name: 'convolutions',
  backend: session.backend,
  durationMs,
  warmUpMs: 300,
  async call() {
    const outputs = await session.run({ x });
    const endMs = performance.now() + spinMs;
    while (performance.now() < endMs);
    return outputs;
  },
});
await session.close();
console.log(JSON.stringify(result));
